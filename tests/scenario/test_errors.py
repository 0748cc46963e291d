"""The contract's error table: each code once, with everything a caller can read off the answer."""

import json
import re
import subprocess
from dataclasses import dataclass, field

import pytest
from gateway import Gateway, free_port
from needs import TOP
from simulator import Simulator
from wire import Closed, Wire

MEMBERS = ["type", "title", "status", "code", "detail", "request_id", "attempts", "outcome", "retryable"]
ECHO = "/execute/f/echo"

# What no test from outside can bring about; each with where it is tested, or why it cannot be yet.
UNREACHABLE = {
    "cancelled": "nobody is left to read it; its access line is in test_callers.py",
    "internal": "would be a fault of the gateway; tests/flow/test_call.c plays one",
    "request_timeout": "a slow body gets it, see test_callers.py",
}

CONFIG = """
workers = 1;
drain_ms = 20000;
tenants = (
  { name = "default"; base_url = "%(sim)s/my-tenant"; retry = { max = 0; };
    auth = { client_id = "demo"; client_secret = "demo-secret"; }; },
  { name = "stranger"; base_url = "%(sim)s/my-tenant"; auth = { client_id = "demo"; client_secret = "not-the-secret"; }; },
  { name = "wrongkey"; base_url = "%(sim)s/my-tenant"; auth = { api_key = "not-the-api-key"; }; },
  { name = "nameless"; base_url = "%(sim)s/my-tenant"; auth = { open = true; }; },
  { name = "tokenless"; base_url = "%(sim)s/my-tenant"; token_url = "http://127.0.0.1:%(nobody)d/token";
    timeout_ms = 300; auth = { client_id = "demo"; client_secret = "demo-secret"; }; },
  { name = "nobody"; base_url = "http://127.0.0.1:%(nobody)d/my-tenant"; retry = { max = 0; }; auth = { open = true; }; },
  { name = "nowhere"; base_url = "https://no-such-host.invalid/my-tenant"; retry = { max = 0; }; auth = { open = true; }; },
  { name = "untrusted"; base_url = "%(untrusted)s/my-tenant"; retry = { max = 0; }; auth = { open = true; }; }
);
limits = { max_body = "4096"; max_head = "4096"; max_target = "1024"; max_in_flight = 1; max_queue = 0; };
bulk = { max_body = "4096"; };
"""


@dataclass
class Case:
    code: str
    status: int
    path: str = ECHO
    body: object = b'{"v":1}'
    headers: dict = field(default_factory=dict)
    method: str = "POST"
    outcome: str = "not_sent"
    retryable: bool = False
    attempts: int = 0
    spark: object = None                       # (status, a part of the body)
    answer: dict = field(default_factory=dict)  # headers it must have
    detail: str = ""                           # a part of it


def spark(code, status, mood, spark_status, outcome="not_sent", retryable=False, part="", **more):
    return Case(code, status, path=f"/execute/f/mood-{mood}", attempts=1, outcome=outcome, retryable=retryable,
                spark=(spark_status, part), **more)


CASES = [
    Case("bad_request", 400, headers={"Content-Type ": "x"}, detail="not a token"),
    Case("bad_json", 400, body=b'{\n  "v": 1,\n}', detail="line 3, column 1"),
    Case("bad_csv", 400, body=b'a,b\n1,2\n3\n', headers={"Content-Type": "text/csv"}, detail="line 3"),
    Case("bad_locator", 400, path="/execute/f/a%2Fb", detail="slash"),
    Case("bad_parameter", 400, path=ECHO + "?_timeout=soon", detail="_timeout"),
    Case("host_refused", 403, headers={"Host": "rebound.example"}),
    Case("origin_refused", 403, headers={"Origin": "https://page.example"}),
    Case("no_such_route", 404, path="/executes/f/echo", detail="/execute/{folder}/{service}"),
    Case("method_not_allowed", 405, method="DELETE", answer={"allow": "GET, POST"}),
    Case("method_not_allowed", 405, path="/healthz", answer={"allow": "GET, HEAD"}),
    Case("method_not_allowed", 405, method="OPTIONS", body=None, answer={"allow": "GET, POST"}),
    Case("method_not_allowed", 405, method="TRACE", body=None, answer={"allow": "GET, POST"}),
    Case("method_not_allowed", 405, method="BREW", body=None, answer={"allow": "GET, POST"}),
    Case("not_acceptable", 406, path=ECHO + "?_format=text", body=b'{"a":1,"b":2}', detail="_outputs",
         outcome="executed", attempts=1, spark=(200, "null")),
    Case("body_too_large", 413, body=b"[" + b" " * 4096 + b"]"),
    Case("uri_too_long", 414, path=ECHO + "?v=" + "a" * 1024),
    Case("unsupported_media_type", 415, headers={"Content-Type": "text/plain"}, detail="text/plain"),
    Case("unsupported_media_type", 415, headers={"Content-Encoding": "br"}, detail="br"),
    Case("headers_too_large", 431, headers={"X-Long": "a" * 4096}),
    Case("headers_too_large", 431, headers={f"X-{n}": "a" for n in range(101)}, detail="100"),
    *[spark("spark_rejected", status, f"status-{status}", status) for status in (400, 403, 404, 409, 415, 422)],
    Case("spark_rejected", 404, path="/execute/f/nothing", attempts=1, spark=(404, "SERVICE_NOT_FOUND")),
    spark("spark_rate_limited", 429, "retry-seconds", 429, retryable=True, answer={"retry-after": "2"}),
    spark("spark_error", 502, "status-500", 500, "maybe_executed"),
    spark("spark_error", 502, "status-599", 599, "maybe_executed"),
    spark("spark_error", 502, "redirect-302", 302),
    spark("spark_unavailable", 503, "status-503", 503, "maybe_executed", True, answer={"retry-after": "1"}),
    spark("upstream_garbled", 502, "truncated-json", 200, "executed", True, part='"outp'),
    spark("upstream_timeout", 504, "status-504", 504, "maybe_executed", True),
    Case("upstream_timeout", 504, path="/execute/f/mood-hang?_timeout=150", attempts=1, outcome="maybe_executed", retryable=True),
    Case("upstream_unreachable", 502, path=ECHO + "?_tenant=nobody", attempts=1, retryable=True),
    Case("upstream_dns", 502, path=ECHO + "?_tenant=nowhere", attempts=1, retryable=True),
    Case("upstream_tls", 502, path=ECHO + "?_tenant=untrusted", attempts=1),
    Case("credentials_refused", 502, path=ECHO + "?_tenant=stranger"),
    Case("credentials_refused", 502, path=ECHO + "?_tenant=wrongkey", attempts=1, spark=(401, ""), outcome="not_sent"),
    Case("credentials_refused", 502, path=ECHO + "?_tenant=nameless", attempts=1, spark=(401, ""), outcome="not_sent"),
    Case("token_unavailable", 503, path=ECHO + "?_tenant=tokenless", retryable=True),
]


@pytest.fixture(scope="module")
def sim():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def untrusted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    with Simulator("--tls-cert", cert, "--tls-key", key) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def config(sim, untrusted):
    return CONFIG % {"sim": sim.url, "untrusted": untrusted.url, "nobody": free_port()}


@pytest.fixture(scope="module")
def gateway(config):
    with Gateway(config) as daemon:
        yield daemon


def titles():
    text = (TOP / "lib/error.def").read_text()
    return {name: title for name, title in re.findall(r'^X\(\w+, "(\w+)", .*, "(.*)"\)$', text, re.M)}


def check(answer, case):
    """Everything that the contract says about an error document, and what this case adds."""
    problem = answer.json()
    assert answer.status == case.status, problem
    assert answer.header("content-type") == "application/problem+json"
    assert list(problem) == MEMBERS + (["spark"] if case.spark else []), problem
    assert problem["code"] == case.code
    assert problem["type"] == "urn:csparkd:error:" + case.code
    assert problem["title"] == titles()[case.code]
    assert problem["status"] == case.status
    assert problem["request_id"] == answer.header("x-request-id")
    assert (problem["attempts"], problem["outcome"], problem["retryable"]) == (case.attempts, case.outcome, case.retryable)
    assert answer.header("x-cspark-attempts") == str(case.attempts)
    assert isinstance(problem["detail"], str) and case.detail in problem["detail"]
    if case.spark:
        assert list(problem["spark"]) == ["status", "body"]
        assert problem["spark"]["status"] == case.spark[0]
        assert case.spark[1] in json.dumps(problem["spark"]["body"]).replace("\\", "")
    for name, value in case.answer.items():
        assert answer.header(name) == value, name
    if case.status == 503:
        assert int(answer.header("retry-after")) >= 1
    assert answer.header("allow") is None or case.status == 405


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.method}{case.path}"[:60])
def test_a_code(gateway, case):
    answer = gateway.request(case.method, case.path, case.body, {"X-Request-Id": "error-table", **case.headers})
    check(answer, case)
    assert answer.json()["request_id"] == "error-table"


def test_the_same_document_for_a_caller_who_wants_csv(gateway):
    case = Case("bad_json", 400, detail="line 1, column 1")
    check(gateway.post(ECHO, "nothing", {"Accept": "text/csv"}), case)


def test_overloaded(sim, gateway):
    gateway.get(ECHO)
    with gateway.connect() as first:
        first.send(b"GET /execute/f/mood-hold HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sim.wait_inflight(1)
        check(gateway.post(ECHO, b"{}"), Case("overloaded", 503, retryable=True, detail="max_in_flight"))
        assert gateway.get("/healthz").status == 200
        sim.release()
        assert first.answer().status == 200


def test_circuit_open(config):
    """After five connections in a row that cannot be had: a gateway of its own, for it remembers."""
    with Gateway(config) as gateway:
        for _ in range(5):
            assert gateway.post(ECHO + "?_tenant=nobody", b"{}").code == "upstream_unreachable"
        check(gateway.post(ECHO + "?_tenant=nobody", b"{}"), Case("circuit_open", 503, retryable=True, detail="failed"))


def test_draining(config):
    with Gateway(config, exit_code=75) as gateway, gateway.connect() as wire:
        wire.send(b"POST /execute/f/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
        gateway.get("/status")  # the head above was read before this was answered
        gateway.process.terminate()
        gateway.wait_log("drain_begin")
        gateway.process.terminate()  # the second signal: no more patience
        gateway.wait_log("drain_forced")
        try:
            answer = wire.send(b"}").answer()
        except Closed:
            pytest.fail("a request that was whole before the end got no answer")
        check(answer, Case("draining", 503, retryable=True))
        assert answer.header("connection") == "close"
        assert wire.is_closed()


def test_operation_disabled(config):
    port = free_port()
    listeners = f'listeners = ( {{ address = "127.0.0.1:{port}"; allow = ["ops"]; }} );'
    with Gateway(config + listeners, port=port, listen=False) as gateway:
        check(gateway.post(ECHO, b'{"v":1}'), Case("operation_disabled", 403, detail='add "execute" to allow'))
        assert gateway.get("/status").status == 200


def test_caller_unknown(config, tmp_path):
    port, file = free_port(), tmp_path / "token"
    file.touch(0o600)
    file.write_text("the-token")
    listeners = f'listeners = ( {{ address = "127.0.0.1:{port}"; caller_token_file = "{file}"; }} );'
    with Gateway(config + listeners, port=port, listen=False, secrets=["the-token"]) as gateway:
        gateway.badge = {"X-Cspark-Token": "the-token"}
        check(gateway.post(ECHO, b'{"v":1}'), Case("caller_unknown", 401, detail="caller token", answer={"www-authenticate": "Bearer"}))


def test_caller_refused(config, tmp_path):
    port, path = free_port(), f"{tmp_path}/socket"
    listeners = f'listeners = ( {{ address = "127.0.0.1:{port}"; }}, {{ address = "unix:{path}"; allow_uids = ["4000000"]; }} );'
    with Gateway(config + listeners, port=port, listen=False) as gateway, Wire(path) as wire:
        answer = wire.send(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n").answer()
        check(answer, Case("caller_refused", 403, detail="allow_uids"))


def test_every_code_has_its_case():
    shown = {case.code for case in CASES} | {"overloaded", "circuit_open", "draining", "operation_disabled", "caller_unknown",
                                            "caller_refused"}
    assert shown.isdisjoint(UNREACHABLE)
    assert shown | set(UNREACHABLE) == set(titles())


def test_every_listener_has_its_own_hosts(config):
    inner, outer = free_port(), free_port()
    listeners = f'''listeners = (
        {{ address = "127.0.0.1:{inner}"; }},
        {{ address = "127.0.0.1:{outer}"; allowed_hosts = ["gateway.internal"]; }}
    );'''
    with Gateway(config + listeners, port=inner, listen=False) as gateway:
        refused = gateway.get("/healthz", headers={"Host": "gateway.internal"})
        assert json.loads(refused.body)["code"] == "host_refused"
        gateway.port = outer
        assert gateway.get("/healthz", headers={"Host": "gateway.internal"}).status == 200
