"""The simulator by itself: what it answers, how it refuses, and every way it can fail."""

import gzip
import json
import re
import socket
import ssl
import subprocess
import threading
import zlib

import pytest

from needs import shared
from simulator import BUILD, Simulator
from wire import Closed, Wire


@pytest.fixture(scope="module")
def running():
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(running):
    running.reset()
    return running


class Caller:
    """One connection with good credentials."""

    def __init__(self, sim, token=None):
        self.sim = sim
        self.token = token or sim.fetch_token()
        self.wire = Wire(sim.address, timeout=20)

    def head(self, path, length, headers=()):
        credential = f"Authorization: Bearer {self.token}"
        if self.token == self.sim.api_key:
            credential = f"x-synthetic-key: {self.token}\r\nx-tenant-name: my-tenant"
        lines = [f"POST {path} HTTP/1.1", "Host: sim", credential,
                 "Content-Type: application/json", f"Content-Length: {length}", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def post(self, path, body, headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.wire.send(self.head(path, len(body), headers) + body)
        return self

    def v3(self, service="my-folder/volume-cylinder", inputs=None, headers=(), public="", **meta):
        folder, name = service.split("/")
        body = {"request_data": {"inputs": inputs or {"radius": 3, "height": 4}}, "request_meta": meta}
        return self.post(f"/my-tenant/api/v3{public}/folders/{folder}/services/{name}/execute", body, headers)

    def v4(self, inputs, service="my-folder/volume-cylinder", **members):
        return self.post("/my-tenant/api/v4/execute", {"inputs": inputs, "service": service, **members})

    def answer(self):
        return self.wire.answer()


@pytest.fixture
def caller(sim):
    caller = Caller(sim)
    yield caller
    caller.wire.close()


def raw(sim, data):
    """Everything that comes back for these bytes."""
    with Wire(sim.address, timeout=20) as wire:
        return wire.send(data).read_to_end()


# -- executing ----------------------------------------------------------------


def golden():
    for line in shared("golden", "volume-cylinder.ndjson").read_bytes().splitlines():
        inputs = re.match(rb'\{"inputs":(.*),"response":', line)[1]
        outputs = re.search(rb'"outputs":(\{[^{}]*\})', line)[1]
        warnings = re.search(rb'"warnings":(\[.*\])\},"response_meta"', line)
        yield inputs, outputs, warnings[1] if warnings else b"null"


def test_v3_agrees_with_every_golden_line(caller):
    for inputs, outputs, warnings in golden():
        body = b'{"request_data":{"inputs":' + inputs + b"}}"
        caller.post("/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute", body)
        answer = caller.answer()
        assert answer.status == 200
        assert b'"outputs":' + outputs + b',"warnings":' + warnings + b',"errors":null' in answer.body, inputs


def test_v4_agrees_with_every_golden_line_at_once(caller):
    lines = list(golden())
    body = b'{"service":"my-folder/volume-cylinder[0.1.0]","inputs":[' + b",".join(i for i, _, _ in lines) + b"]}"
    answer = caller.post("/my-tenant/api/v4/execute", body).answer()
    assert b'"outputs":[' + b",".join(o for _, o, _ in lines) + b"]" in answer.body
    assert b'"warnings":[' + b",".join(w for _, _, w in lines) + b"]" in answer.body
    assert answer.json()["errors"] == [None] * len(lines)


def test_v3_answers_with_the_whole_envelope(caller):
    answer = caller.v3(correlation_id="c-1").answer().json()
    assert list(answer) == ["status", "error", "response_data", "response_meta"]
    assert list(answer["response_data"]) == ["outputs", "warnings", "errors", "service_chain"]
    assert list(answer["response_meta"]) == [
        "service_id", "version_id", "version", "process_time", "call_id", "compiler_type", "compiler_version",
        "source_hash", "engine_id", "correlation_id", "parameterset_version_id", "system", "request_timestamp"]
    assert answer["response_meta"]["correlation_id"] == "c-1"
    assert answer["response_meta"]["version_id"] == "91299a5d-9328-4435-911b-4e5f7783f5d4"


def test_v4_reads_columns(caller):
    answer = caller.v4([["radius", "height"], [3, 4], ["x", 1]], correlation_id="c").answer().json()
    assert answer["outputs"] == [{"volume": 113.097}, {"volume": "#VALUE!"}]
    assert answer["correlation_id"] == "c"
    assert len(answer["process_time"]) == len(answer["warnings"]) == len(answer["errors"]) == 2
    assert caller.v4([]).answer().json()["outputs"] == []


def test_v4_fails_single_records(caller):
    answer = caller.v4([{"a": 1}, {"fail": True}], service="any/picky").answer().json()
    assert answer["outputs"] == [{"a": 1}, None]
    assert answer["errors"][0] is None and answer["errors"][1][0]["message"] == "#DIV/0!"


SERVICE, VERSION = "b3cfea0c-aca4-471a-8500-26b887d14d69", "91299a5d-9328-4435-911b-4e5f7783f5d4"


@pytest.mark.parametrize("path, meta", [
    ("folders/my-folder/services/volume-cylinder/execute", {}),
    ("folders/my%2Dfolder/services/volume%2Dcylinder/execute", {"version": "0.1.0"}),
    (f"service/{SERVICE}", {"service_id": SERVICE}),
    (f"version/{VERSION}", {}),
    ("proxy/volume-cylinder", {}),
    ("execute", {"service_uri": "folders/my-folder/services/volume-cylinder"}),
    ("execute", {"version_id": VERSION}),
    ("", {"service_id": SERVICE}),
    ("public/folders/my-folder/services/public-cylinder/execute", {}),
])
def test_v3_finds_a_service_by(caller, path, meta):
    body = {"request_data": {"inputs": {"radius": 3, "height": 4}}, "request_meta": meta}
    answer = caller.post(f"/my-tenant/api/v3/{path}".rstrip("/"), body).answer()
    assert answer.json()["response_data"]["outputs"] == {"volume": 113.097}


@pytest.mark.parametrize("locator", [
    {"service": "my-folder/volume-cylinder"}, {"service": "my-folder/volume-cylinder[0]"}, {"service": SERVICE},
    {"service": "folders/my-folder/services/volume-cylinder[0.1]"}, {"version_id": VERSION}])
def test_v4_finds_a_service_by(caller, locator):
    answer = caller.post("/my-tenant/api/v4/execute", {"inputs": [{"radius": 3}], **locator}).answer()
    assert answer.json()["outputs"] == [{"volume": 113.097}]


def test_echo_gives_back_the_very_bytes(caller):
    inputs = '{ "big":123456789012345678901234567890,"f":1.0, "e":1e400,"d":1,"d":2,"s":"\\u0000\\/\u00e9" }'.encode()
    caller.post("/my-tenant/api/v3/folders/x%20y/services/echo/execute",
                b'{"request_data":{"inputs":' + inputs + b'},"request_meta":{"response_data_inputs":true}}')
    body = caller.answer().body
    assert body.count(inputs) == 2


def test_outputs_are_selected(caller):
    inputs = {"a": 1, "b": 2, "ab": 3}
    outputs = lambda: caller.answer().json()["response_data"]["outputs"]
    caller.v3("x/echo", inputs, requested_output="a,ab")
    assert outputs() == {"a": 1, "ab": 3}
    caller.v3("x/echo", inputs, requested_output_regex="^b")
    assert outputs() == {"b": 2}
    caller.v4([inputs], "x/echo", output="b")
    assert caller.answer().json()["outputs"] == [{"b": 2}]


# -- refusing -----------------------------------------------------------------


def test_v3_refuses_with_the_bodies_of_v3(caller):
    def refused(status, message):
        answer = caller.answer()
        assert (answer.status, answer.json()["error"]["message"]) == (status, message)
        assert answer.json()["status"] == "Error" and answer.json()["response_data"] is None

    caller.v3("my-folder/nothing")
    refused(404, "SERVICE_NOT_FOUND")
    caller.v3(version="9.9.9")
    refused(400, "VERSION_NOT_FOUND")
    caller.v3(compiler_type="Cobol")
    refused(400, "INVALID_COMPILER_TYPE")
    caller.v3(public="/public")
    refused(403, "UNAUTHORIZED")
    caller.v3(headers=["x-tenant-name: other"])
    refused(400, "TENANT_MISMATCH")
    caller.post("/other/api/v3/folders/my-folder/services/volume-cylinder/execute", {})
    refused(400, "TENANT_MISMATCH")
    path = "/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute"
    caller.post(path, {"request_data": [1]})
    refused(400, "INVALID_REQUEST_DATA")
    caller.post(path, b'{"request_data":{}} x')
    refused(400, "INVALID_JSON")
    caller.wire.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n\r\n".encode())
    refused(405, "METHOD_NOT_ALLOWED")
    caller.token = "nonsense"
    caller.v3()
    refused(401, "INVALID_TOKEN")


def test_v4_refuses_with_the_bodies_of_v4(caller):
    def refused(status, code):
        answer = caller.answer()
        assert (answer.status, answer.json()["code"]) == (status, code)

    caller.v4([{}], "my-folder/nothing")
    refused(404, "SERVICE_NOT_FOUND")
    caller.v4([{}], "my-folder/volume-cylinder[7]")
    refused(404, "VERSION_NOT_FOUND")
    caller.post("/my-tenant/api/v4/execute", {"inputs": [{}]})
    refused(400, "INVALID_REQUEST")
    caller.v4({})
    refused(400, "INVALID_REQUEST")
    caller.v4([["a"], [1, 2]])
    refused(400, "INVALID_REQUEST")
    caller.token = "nonsense"
    assert caller.v4([{}]).answer().json() == {"status": "Error", "errorCode": "INVALID_TOKEN"}


def test_an_api_key_needs_the_tenant(sim):
    def status(*headers, path="api/v3/folders/x/services/echo/execute"):
        lines = [f"POST /my-tenant/{path} HTTP/1.1", "Host: x", "Connection: close", "Content-Length: 0", *headers]
        return int(raw(sim, ("\r\n".join(lines) + "\r\n\r\n").encode()).split()[1])

    assert status("x-synthetic-key: demo-key", "x-tenant-name: my-tenant") == 200
    assert status("x-synthetic-key: demo-key") == 401
    assert status("x-synthetic-key: wrong", "x-tenant-name: my-tenant") == 401
    assert status() == 401
    assert status("x-synthetic-key: demo-key", "x-tenant-name: my-tenant", path="api/v3") == 401
    assert status(path="api/v3/public/folders/my-folder/services/public-cylinder/execute") == 200


@pytest.mark.parametrize("head, status", [
    ("GET / HTTP/1.1\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 400),
    ("GET / HTTP/2.0\r\nHost: a\r\n", 505),
    ("GET /\x01 HTTP/1.1\r\nHost: a\r\n", 400),
    ("GET / HTTP/1.1\r\nHost : a\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n", 400),
    ("GET / HTTP/1.1\nHost: a\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2abc\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999\r\n", 413),
    ("GET /health HTTP/1.1\r\nHost: a\r\nX: " + "x" * 70000 + "\r\n", 431),
])
def test_bad_framing_is_refused_and_ends_the_connection(sim, head, status):
    answer = raw(sim, head.encode("latin-1") + b"\r\n")
    assert int(answer.split()[1]) == status
    assert b"Connection: close" in answer


def test_bodies_arrive_chunked_compressed_and_announced(caller):
    path = "/my-tenant/api/v3/folders/x/services/echo/execute"
    body = json.dumps({"request_data": {"inputs": {"a": "x" * 3000}}}).encode()
    for coding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        caller.post(path, packed, [f"Content-Encoding: {coding}", "Expect: 100-continue"])
        assert caller.wire.answer(interim=True).status == 100
        assert caller.answer().json()["response_data"]["outputs"] == {"a": "x" * 3000}
    head = caller.head(path, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    caller.wire.send(head + b"5;x=y\r\n" + body[:5] + b"\r\n%x\r\n" % len(body[5:]) + body[5:] + b"\r\n0\r\nA: b\r\n\r\n")
    assert caller.answer().json()["response_data"]["outputs"] == {"a": "x" * 3000}
    caller.post(path, body, ["Accept-Encoding: gzip;q=1.0, br"])
    answer = caller.answer()
    assert answer.header("content-encoding") == "gzip"
    assert json.loads(gzip.decompress(answer.body))["response_data"]["outputs"] == {"a": "x" * 3000}
    assert caller.post(path, b"rubbish", ["Content-Encoding: gzip"]).answer().status == 400


def test_pipelined_requests_are_answered_in_order(caller):
    for n in range(5):
        caller.v3("x/echo", {"n": n})
    assert [caller.answer().json()["response_data"]["outputs"]["n"] for _ in range(5)] == list(range(5))


# -- tokens -------------------------------------------------------------------


def ask_token(sim, form="grant_type=client_credentials&client_id=demo&client_secret=demo-secret",
              kind="application/x-www-form-urlencoded", realm="my-tenant"):
    with Wire(sim.address, timeout=20) as wire:
        wire.send((f"POST /auth/realms/{realm}/protocol/openid-connect/token HTTP/1.1\r\nHost: x\r\n"
                   f"Content-Type: {kind}\r\nContent-Length: {len(form)}\r\n\r\n{form}").encode())
        return wire.answer()


def test_a_token_has_keycloaks_members(sim):
    token = ask_token(sim).json()
    assert list(token) == ["access_token", "expires_in", "refresh_expires_in", "token_type",
                           "not-before-policy", "scope"]
    assert token["expires_in"] == 7200 and token["access_token"].count(".") == 2
    assert ask_token(sim).json()["access_token"] != token["access_token"]


@pytest.mark.parametrize("form, status, error", [
    ("client_id=demo", 400, "invalid_request"),
    ("grant_type=password", 400, "unsupported_grant_type"),
    ("grant_type=client_credentials&client_id=demo&client_secret=bad", 401, "unauthorized_client"),
    ("grant_type=client_credentials&client_id=who&client_secret=demo-secret", 401, "invalid_client"),
])
def test_bad_token_requests_are_refused(sim, form, status, error):
    answer = ask_token(sim, form)
    assert (answer.status, answer.json()["error"]) == (status, error)
    assert ask_token(sim, realm="other").status == 404
    assert ask_token(sim, kind="application/json").status == 415


def test_tokens_expire_and_are_revoked(sim, caller):
    assert caller.v3().answer().status == 200
    sim.revoke()
    assert caller.v3().answer().status == 401
    sim.token(lifetime=0)
    caller.token = sim.fetch_token()
    assert caller.v3().answer().status == 401
    sim.token(lifetime=60)
    caller.token = sim.fetch_token()
    assert caller.v3().answer().status == 200
    sim.token("revoke-after-issue", times=1)
    caller.token = sim.fetch_token()
    assert caller.v3().answer().status == 401


@pytest.mark.parametrize("fault, status, text", [
    ("status-503", 503, b""), ("invalid-client", 401, b'"invalid_client"'),
    ("invalid_scope", 400, b'"invalid_scope"'),
    ("unknown-error", 400, b"moon"), ("html", 200, b"<html"), ("empty-body", 200, b""),
    ("expires-in-1e400", 200, b'"expires_in":1e400'), ("expires-in-text", 200, b'"expires_in":"7200"'),
    ("access-token-crlf", 200, b'\\r\\n'), ("no-access-token", 200, b'{"expires_in"'),
    ("token-type-mac", 200, b'"mac"'),
    ("access-token-huge", 200, b"a" * 70000), ("redirect-302", 302, b""), ("retry-seconds", 429, b""),
])
def test_the_token_endpoint_fails_on_demand(sim, fault, status, text):
    sim.token(fault, times=1)
    answer = ask_token(sim)
    assert answer.status == status and text in answer.body
    assert ask_token(sim).status == 200
    played = "status" if "status" in fault else fault.replace("_", "-")
    assert [e["mood"] for e in sim.token_requests()] == [played, None]


# -- moods --------------------------------------------------------------------


def test_moods_are_used_up_and_cleared(sim, caller):
    sim.mood("my-folder/volume-cylinder", "status-500", times=2)
    statuses = [caller.v3().answer().status for _ in range(3)]
    assert statuses == [500, 500, 200]
    sim.mood("echo", "status-504")
    assert caller.v3().answer().status == 200
    assert caller.v3("any/echo").answer().status == 504
    sim.clear("echo")
    assert caller.v3("any/echo").answer().status == 200


@pytest.mark.parametrize("status", [401, 408, 413, 422, 429, 500, 502, 503, 504])
def test_any_status_by_name_and_by_route(sim, caller, status):
    assert caller.v3(f"x/mood-status-{status}").answer().status == status
    assert caller.v3(f"x/echo~status-{status}").answer().status == status
    sim.mood("*", f"status-{status}", times=1, headers={"Retry-After": "7"})
    answer = caller.v4([{}]).answer()
    assert (answer.status, answer.header("retry-after")) == (status, "7")
    assert "response_data" not in answer.json()


@pytest.mark.parametrize("mood, header, value", [
    ("retry-seconds", "retry-after", "2"), ("retry-seconds=9", "retry-after", "9"),
    ("retry-junk", "retry-after", "soon"),
    ("retry-negative", "retry-after", "-5"), ("retry-huge", "retry-after", "1" + "0" * 20),
    ("retry-days", "retry-after", "259200"), ("x-retry-after", "x-retry-after", "1.5")])
def test_429_says_when_to_come_back(caller, mood, header, value):
    answer = caller.v3(f"x/echo~{mood}").answer()
    assert (answer.status, answer.header(header)) == (429, value)


def test_429_with_dates(caller):
    for mood in ("retry-date", "retry-past"):
        value = caller.v3(f"x/echo~{mood}").answer().header("retry-after")
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", value)


@pytest.mark.parametrize("mood", ["close", "reset", "close-before-body", "reset-before-body", "torn", "reset-body",
                                  "torn-chunked", "bad-chunk", "idle-close"])
def test_no_whole_answer(caller, mood):
    if mood.startswith("idle"):
        assert caller.v3(f"x/echo~{mood}").answer().status == 200
    with pytest.raises((Closed, ValueError)):
        caller.v3(f"x/echo~{mood}").answer()


def test_torn_answers_show_the_asked_number_of_bytes(sim, caller):
    sim.mood("*", "reset-body", times=1, bytes=5)
    caller.v3()
    assert caller.wire.read_to_end().split(b"\r\n\r\n")[1] == b'{"sta'


def test_a_cut_answer_looks_complete(caller):
    answer = caller.v3("x/echo~cut").answer()
    assert answer.status == 200 and answer.header("content-length") is None
    with pytest.raises(ValueError):
        answer.json()


@pytest.mark.parametrize("mood", ["bad-json", "truncated-json", "html", "nan", "empty-body", "bad-utf8"])
def test_bodies_that_are_no_json(caller, mood):
    answer = caller.v3(f"x/echo~{mood}").answer()
    assert answer.status == 200
    with pytest.raises(ValueError):
        json.loads(answer.body.decode(), parse_constant=int)


def test_odd_but_sound_answers(caller):
    plain = caller.v3("x/echo").answer().json()["response_data"]
    for mood in ("normal", "chunked", "chunked=1000000", "slow=1", "odd-headers", "wrong-type", "no-type",
                 "drip-body=0"):
        assert caller.v3(f"x/echo~{mood}").answer().json()["response_data"] == plain, mood
    packed = caller.v3("x/echo~gzip").answer()
    assert json.loads(gzip.decompress(packed.body))["response_data"] == plain
    torn = caller.v3("x/echo~torn-gzip").answer()
    with pytest.raises(EOFError):
        gzip.decompress(torn.body)
    many = caller.v3("x/echo~many-headers=50").answer()
    assert sum(name.startswith("x-many-") for name, _ in many.headers) == 50
    assert caller.v3("x/echo~continue-flood=30").answer().status == 200
    assert caller.v3("x/echo~until-close").answer().json()["response_data"] == plain


def test_big_answers(sim, caller):
    assert b"18446744073709551616" in caller.v3("x/mood-numbers").answer().body
    assert caller.v3("x/mood-deep=1000").answer().body.count(b"[") == 1000
    assert len(caller.v3("x/mood-many-keys=1000").answer().json()["response_data"]["outputs"]) == 1000
    assert len(caller.v3("x/mood-huge=1000000").answer().body) == 1000000
    bomb = caller.v3("x/mood-gzip-bomb=20000000").answer().body
    assert len(bomb) < 40000 and len(gzip.decompress(bomb)) > 20000000
    caller.v3("x/mood-endless")
    caller.wire._exactly(5000000)
    caller.wire.close()
    sim.wait(connections_open_below=2)


@pytest.mark.parametrize("mood, sign", [
    ("two-lengths", b"Content-Length: 2\r\nContent-Length: 40\r\n"),
    ("bad-length", b"Content-Length: 2abc\r\n"), ("negative-length", b"Content-Length: -1\r\n"),
    ("length-and-chunked", b"Transfer-Encoding: chunked\r\n"),
    ("nul-header", b"X-Odd: a\0b\r\n"), ("cr-header", b"X-Odd: a\rb\r\n")])
def test_bad_heads(caller, mood, sign):
    assert sign in caller.v3(f"x/echo~{mood}").wire.read_to_end().split(b"\r\n\r\n")[0] + b"\r\n"


def test_an_early_413_does_not_wait_for_the_body(caller):
    path = "/my-tenant/api/v3/folders/x/services/mood-early-413/execute"
    caller.wire.send(caller.head(path, 8000000))
    assert caller.answer().status == 413
    caller.wire.send(b"x" * 8000000)
    assert caller.wire.is_closed()


def test_fail_n_counts_by_request_id(sim, caller):
    sim.mood("*", "fail-n", n=2)
    statuses = [caller.v3(headers=["x-request-id: a"]).answer().status for _ in range(3)]
    statuses += [caller.v3(headers=["x-request-id: b"]).answer().status]
    assert statuses == [503, 503, 200, 503]
    assert [e["status"] for e in sim.ledger(request_id="a")] == [503, 503, 200]


def test_held_calls_wait_for_their_release(sim, caller):
    sim.mood("*", "hold")
    others = [Caller(sim, caller.token) for _ in range(3)]
    for other in others:
        other.v3()
    assert sim.wait_inflight(3)["in_flight_max"] == 3
    sim.release()
    assert [other.answer().status for other in others] == [200] * 3
    sim.wait(in_flight_below=1)


def test_a_caller_that_leaves_is_noticed(sim, caller):
    for mood in ("hang", "hold", "slow=60000", "stall", "drip-head=60000"):
        other = Caller(sim, caller.token)
        other.v3(f"x/echo~{mood}", headers=[f"x-request-id: leave-{mood}"])
        sim.wait_inflight(1)
        other.wire.close()
        sim.wait(in_flight_below=1, timeout=20)
        (entry,) = sim.ledger(request_id=f"leave-{mood}")
        assert entry["over"]
        if mood != "stall":
            assert entry["client_left"] and entry["status"] == 0, mood
    assert sim.stats()["cancelled"] == 4


# -- ledger, capacity, life ----------------------------------------------------


def test_the_ledger_tells_what_came_but_no_secret(sim, caller):
    caller.v3(headers=["x-request-id: r/1", "User-Agent: me"]).answer()
    ask_token(sim)
    (entry,) = sim.ledger(request_id="r/1")
    assert entry["method"] == "POST" and entry["path"].endswith("/volume-cylinder/execute")
    assert entry["service"] == "my-folder/volume-cylinder" and entry["records"] == 1 and entry["status"] == 200
    assert entry["credential"] == "bearer" and entry["headers"]["user-agent"] == "me"
    assert json.loads(entry["body"])["request_data"]["inputs"] == {"radius": 3, "height": 4}
    assert entry["body_bytes"] == len(entry["body"])
    everything = json.dumps(sim.ledger())
    assert sim.client_secret not in everything and caller.token not in everything


def test_latency_and_capacity():
    with Simulator("--latency-ms", 20, "--parallel", 1) as sim:
        callers = [Caller(sim) for _ in range(4)]
        entries = []
        for caller in callers:
            caller.v3()
        for caller in callers:
            assert caller.answer().json()["response_meta"]["process_time"] == 20
        entries = sorted(e["ended_ms"] for e in sim.executes())
        assert entries[-1] - sim.executes()[0]["time_ms"] >= 80
        for caller in callers:
            caller.wire.close()


def test_any_service_behaves_like_echo_if_asked():
    with Simulator("--any-service", "--tenant", "T", "--bearer", "fixed", "--no-ledger") as sim:
        caller = Caller(sim, "fixed")
        caller.post("/T/api/v3/folders/%F0%9F%98%80/services/%00%22%2F..%2F/execute",
                    {"request_data": {"inputs": {"a": 1}}})
        assert caller.answer().json()["response_data"]["outputs"] == {"a": 1}
        assert sim.ledger() == []
        caller.wire.close()


def test_many_callers_at_once(sim):
    token = sim.fetch_token()
    failures = []

    def work(number):
        caller = Caller(sim, token)
        for n in range(50):
            answer = caller.v3("x/echo", {"n": n, "who": number}).answer().json()
            if answer["response_data"]["outputs"] != {"n": n, "who": number}:
                failures.append((number, n))
        caller.wire.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sim.stats()["executes"] == 800


def test_all_moods_at_once_under_load(sim):
    """What every thread does at the same time must not disturb the others, nor the simulator."""
    moods = ["torn", "reset", "close", "fail-n", "gzip", "chunked", "status-503", "cut", "bad-chunk", "retry-date"]
    for mood in moods:
        sim.mood("*", mood, percent=5)
    sim.token("status-503", percent=20)
    token = sim.api_key

    def work(number):
        for n in range(40):
            caller = Caller(sim, token)
            try:
                caller.v3("x/echo", {"n": n}, headers=[f"x-request-id: {number}-{n}"]).answer()
            except (Closed, ValueError, OSError):
                pass
            caller.wire.close()
            if n % 10 == 0:
                ask_token(sim)
                sim.revoke()
                sim.ledger(request_id=f"{number}-{n}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sim.reset()
    assert Caller(sim).v3("x/echo").answer().status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "key", "-out", folder / "cert", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    return folder


def test_https(certificate):
    with Simulator("--tls-cert", certificate / "cert", "--tls-key", certificate / "key") as sim:
        assert sim.url.startswith("https://")
        token = sim.fetch_token()
        context = ssl.create_default_context(cafile=certificate / "cert")
        context.set_alpn_protocols(["h2", "http/1.1"])
        with Wire(sim.address, timeout=20) as wire:
            wire.sock = context.wrap_socket(wire.sock, server_hostname="localhost")
            assert wire.sock.selected_alpn_protocol() == "http/1.1"
            for mood in ("normal", "chunked", "slow=1", "reset-body"):
                wire.send((f"POST /my-tenant/api/v3/folders/x/services/echo~{mood}/execute HTTP/1.1\r\nHost: x\r\n"
                           f"Authorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n").encode())
                if mood != "reset-body":
                    assert wire.answer().json()["status"] == "Success"
            with pytest.raises((Closed, OSError)):
                wire.answer()
        with Wire(sim.address, timeout=20) as wire:
            assert wire.send(b"GET / HTTP/1.1\r\n\r\n").read_to_end()[:4] != b"HTTP"


def run(*args):
    return subprocess.run([str(BUILD / "cspark-sim"), *args], capture_output=True, text=True, timeout=20)


def test_the_command_line():
    assert "--token-lifetime" in run("--help").stdout
    assert run("--version").stdout.startswith("cspark-sim ")
    for wrong in (["--nonsense"], ["stray"], ["--listen", "nowhere"], ["--latency-ms", "x"], ["--tls-cert", "x"]):
        assert run(*wrong).returncode == 2, wrong
    assert run("--tls-cert", "/nowhere", "--tls-key", "/nowhere").returncode == 1
    with Simulator() as sim:
        assert run("--listen", f"127.0.0.1:{sim.port}").returncode == 1


def test_it_ends_at_once_whatever_hangs():
    with Simulator() as sim:
        caller = Caller(sim)
        caller.v3("x/mood-hang")
        sim.wait_inflight(1)
    with pytest.raises(OSError):
        socket.create_connection(sim.address, timeout=5)
    caller.wire.close()
