"""csparkctl against a server that says what the test wants: what it sends, prints, and exits with."""

import json
import os
import socket
import socketserver
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CSPARKCTL = Path(os.environ.get("CSPARK_BUILD", TOP / "build")) / "csparkctl"

OK, ANSWERED, USAGE, UNREACHABLE, UNHEALTHY = range(5)
PASSED_ON = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH")


def run(*args, env=None, stdin=b""):
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return subprocess.run([CSPARKCTL, *args], env={**variables, **(env or {})}, input=stdin,
                          capture_output=True, timeout=60)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        status, content_type, text = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *args):
        pass

    def address_string(self):
        return "a caller"


class Server:
    """Gives every request the same answer and remembers the requests."""

    def __init__(self, base, address):
        self.server = base(address, Handler)
        self.server.requests = []
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def answer(self, status, text, content_type="application/json"):
        self.server.answer = (status, content_type, text.encode() if isinstance(text, str) else text)

    @property
    def requests(self):
        return self.server.requests

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def daemon():
    server = Server(socketserver.ThreadingTCPServer, ("127.0.0.1", 0))
    server.url = f"http://127.0.0.1:{server.server.server_address[1]}"
    server.answer(200, '{"outputs":{"volume":113.097}}')
    yield server
    server.close()


class Raw:
    """Accepts one connection, reads a head, sends <pieces> as they are, and closes if told so."""

    def __init__(self, pieces, close=True):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.pieces, self.close = pieces, close
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            for piece in self.pieces:
                connection.sendall(piece)
            if not self.close:
                self.over.wait(30)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.listener.close()


# ---- execute: what is sent


def test_pairs_become_one_record(daemon):
    done = run("execute", "f/s", "radius=3", "name=ann", "ok=true", 'text="3"', "none=null", "e=", "j={}", "eq=a=b",
               "--url", daemon.url)
    assert (done.returncode, done.stdout, done.stderr) == (OK, b'{"outputs":{"volume":113.097}}\n', b"")
    [(method, path, headers, body)] = daemon.requests
    assert (method, path, headers["Content-Type"]) == ("POST", "/execute/f/s", "application/json")
    assert body == b'{"radius":3,"name":"ann","ok":true,"text":"3","none":null,"e":"","j":"{}","eq":"a=b"}'


def test_numbers_are_not_printed_again(daemon):
    assert run("--url", daemon.url, "execute", "f/s", "a=1.50", "b=123456789012345678901234567890").returncode == OK
    assert daemon.requests[0][3] == b'{"a":1.50,"b":123456789012345678901234567890}'


@pytest.mark.parametrize("locator, path", [
    ("f/s", "/execute/f/s"),
    ("my f/s[1.2.3]", "/execute/my%20f/s%5B1.2.3%5D"),
    ("folders/f/services/s", "/execute/f/s"),
    ("service/0a-b", "/execute/service/0a-b"),
    ("version/0a-b", "/execute/version/0a-b"),
    ("proxy/a/b c", "/execute/proxy/a/b%20c"),
    ("f/a?b#c", "/execute/f/a%3Fb%23c"),
])
def test_locators_become_paths(daemon, locator, path):
    assert run("--url", daemon.url, "execute", locator).returncode == OK
    assert daemon.requests[0][1] == path
    assert daemon.requests[0][3] == b""


def test_options_become_parameters(daemon):
    done = run("execute", "f/s", "--purpose", "a&b=c", "--outputs=x,y", "--echo", "--debug=false", "--version", "1.2",
               "--compiler", "type3", "--meta", '{"a":1}', "--shape", "alike", "--format", "csv", "--separator", ";",
               "--decimal", ",", "--tenant", "t", "--public", "--strict", "--timeout", "500", env={"CSPARKD_URL": daemon.url})
    assert done.returncode == OK, done.stderr
    _, path, headers, _ = daemon.requests[0]
    assert path == ("/execute/f/s?_version=1.2&_purpose=a%26b%3Dc&_outputs=x%2Cy&_compiler=Type3&_echo=true&_debug=false"
                    "&_meta=%7B%22a%22%3A1%7D&_shape=alike&_format=csv&_separator=%3B&_decimal=%2C&_tenant=t"
                    "&_public=true&_strict=true&_timeout=500")
    assert headers["Accept"] == "text/csv"


def test_bodies_come_from_texts_files_and_stdin(daemon, tmp_path):
    table = tmp_path / "in.csv"
    table.write_bytes(b"a,b\n1,2\n")
    lines = tmp_path / "in.jsonl"
    lines.write_bytes(b'{"a":1}\n{"a":2}\n')
    url = ("--url", daemon.url)
    assert run("execute", "f/s", "--json", '[{"a": 1}]', *url).returncode == OK
    assert run("execute", "f/s", "--file", table, *url).returncode == OK
    assert run("execute", "f/s", "--file", lines, *url).returncode == OK
    assert run("execute", "f/s", "--file", "-", *url, stdin=b'{"a":9}').returncode == OK
    assert run("execute", "f/s", "--file=-", "--type", "text/csv", *url, stdin=b"a\n1\n").returncode == OK
    assert [(headers["Content-Type"], body) for _, _, headers, body in daemon.requests] == [
        ("application/json", b'[{"a": 1}]'), ("text/csv", b"a,b\n1,2\n"),
        ("application/x-ndjson", b'{"a":1}\n{"a":2}\n'), ("application/json", b'{"a":9}'), ("text/csv", b"a\n1\n")]


def test_a_large_body_arrives_whole(daemon):
    body = json.dumps([{"x": "y" * 100}] * 50000).encode()
    assert run("execute", "f/s", "--file", "-", "--url", daemon.url, stdin=body).returncode == OK
    assert daemon.requests[0][3] == body


def test_a_unix_socket_will_do(tmp_path):
    path = str(tmp_path / "s")
    server = Server(socketserver.ThreadingUnixStreamServer, path)
    server.answer(200, "1\n", "text/plain")
    try:
        done = run("--url", "unix:" + path, "execute", "f/s", "--format", "text")
        assert (done.returncode, done.stdout) == (OK, b"1\n")
        assert server.requests[0][2]["Host"] == "localhost"
    finally:
        server.close()


# ---- execute: what is printed


PROBLEM = {
    "type": "urn:csparkd:error:upstream_timeout", "title": "Spark did not answer in time", "status": 504,
    "code": "upstream_timeout", "detail": "nothing within 58 s\x1b[31m", "request_id": "r-1", "attempts": 3,
    "outcome": "maybe_executed", "retryable": True,
    "spark": {"status": 504, "body": {"error": {"message": "TOO_SLOW"}}},
}


def test_a_problem_is_shown_to_people(daemon):
    daemon.answer(504, json.dumps(PROBLEM), "application/problem+json")
    done = run("--url", daemon.url, "execute", "f/s")
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert done.stderr.decode() == (
        "csparkctl: Spark did not answer in time (upstream_timeout, HTTP 504)\n"
        "  nothing within 58 s [31m\n"
        "  Spark says: TOO_SLOW\n"
        "  Spark may have run the request. Attempts: 3. Asking again can help.\n"
        "  Ask again with a longer --timeout, or fewer records.\n"
        "  Request id: r-1\n")


@pytest.mark.parametrize("body", [b"<html><b>Bad Gateway</b></html>", b"", b"{", b"[]", b"\xff\x00", b'{"title":1}'])
def test_another_server_is_no_surprise(daemon, body):
    daemon.answer(502, body, "text/html")
    done = run("--url", daemon.url, "execute", "f/s")
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert b"csparkctl: the answer is HTTP 502" in done.stderr


@pytest.mark.parametrize("args, word", [
    (("execute",), b"locator"),
    (("execute", "just-one"), b"folder/service"),
    (("execute", "f/s", "x"), b"name=value"),
    (("execute", "f/s", "=1"), b"name=value"),
    (("execute", "f/s", "x=1", "x=2"), b"twice"),
    (("execute", "f/s", "x=1", "--json", "{}"), b"not from two"),
    (("execute", "f/s", "--json", "{}", "--file", "-"), b"not from two"),
    (("execute", "f/s", "--file", "/nonexistent"), b"No such file"),
    (("execute", "f/s", "--echo=maybe"), b"true or false"),
    (("execute", "f/s", "--compiler", "gcc"), b"neuron"),
    (("execute", "f/s", "--shape", "round"), b"simple"),
    (("execute", "f/s", "--format", "xml"), b"ndjson"),
    (("execute", "f/s", "--timeout", "soon"), b"milliseconds"),
    (("execute", "f/s", "--timeout", "0"), b"milliseconds"),
    (("execute", "f/s", "--nonsense"), b"nonsense"),
    (("status", "x"), b"status"),
    (("health", "x"), b"health"),
    (("dance",), b"dance"),
    ((), b"usage"),
])
def test_wrong_usage_is_explained(args, word):
    done = run(*args)
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert word in done.stderr


@pytest.mark.parametrize("args", [("--help",), ("execute", "--help"), ("status", "--help"), ("health", "--help")])
def test_help_is_no_error(args):
    done = run(*args)
    assert (done.returncode, done.stderr) == (OK, b"")
    assert b"usage: csparkctl" in done.stdout


def test_an_output_that_cannot_be_written_is_an_error(daemon):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CSPARKCTL, "--url", daemon.url, "execute", "f/s"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == ANSWERED
    assert b"cannot write" in done.stderr


# ---- the HTTP client


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("pieces", [
    [HEAD + b"Content-Length: 3\r\n\r\nabc"],
    [bytes([byte]) for byte in HEAD + b"content-length:3 \r\n\r\nabc"],
    [HEAD + b"\r\nabc"],
    [b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 3\r\n\r\nabc"],
    [HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n"],
    [HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n"],
    [HEAD + b"Content-Length: 3\r\n\r\nabcdef"],
])
def test_answers_in_every_framing_are_read(pieces):
    with Raw(pieces) as server:
        done = run("--url", server.url, "execute", "f/s")
    assert (done.returncode, done.stdout) == (OK, b"abc\n"), done.stderr


def test_the_end_of_the_body_is_enough():
    for framing in (b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"):
        with Raw([HEAD + framing], close=False) as server:
            assert run("--url", server.url, "execute", "f/s").stdout == b"abc\n"


def test_the_end_of_a_chunk_is_not_taken_for_the_last():
    with Raw([HEAD + b"Transfer-Encoding: chunked\r\n\r\n7\r\n\r\n0\r\n\r\n", b"\r\n1\r\nx\r\n0\r\n\r\n"]) as server:
        assert run("--url", server.url, "execute", "f/s").stdout == b"\r\n0\r\n\r\nx\n"


@pytest.mark.parametrize("text", [
    b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200", HEAD, HEAD + b"Content-Length: 5\r\n\r\nabc", HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: x\r\n\r\n", HEAD + b"Transfer-Encoding: gzip\r\n\r\n", HEAD + b"broken\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 099 X\r\n\r\n",
])
def test_a_broken_answer_is_no_answer(text):
    with Raw([text]) as server:
        done = run("--url", server.url, "execute", "f/s")
    assert (done.returncode, done.stdout) == (UNREACHABLE, b"")
    assert b"cannot reach csparkd" in done.stderr


def test_a_silent_daemon_is_not_waited_for():
    with Raw([], close=False) as server:
        done = run("--url", server.url, "execute", "f/s", "--timeout", "1")
    assert done.returncode == UNREACHABLE
    assert b"no answer in time" in done.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "unix:/nonexistent/socket", "unix:relative", "https://x",
                                 "http://", "http://[::1", "http://127.0.0.1:", "nonsense"])
def test_a_daemon_that_is_not_there(url):
    for command in (("execute", "f/s"), ("status",), ("health",)):
        done = run("--url", url, *command)
        assert (done.returncode, done.stdout) == (UNREACHABLE, b"")
        assert b"csparkctl: cannot reach csparkd at " in done.stderr


# ---- status and health


def test_status_is_indented_for_people(daemon):
    daemon.answer(200, '{"version":"0.1.0","tenants":[{"name":"a\\nb","token":{"age_s":3,"error":null}}],"list":[1,2]}')
    done = run("--url", daemon.url, "status")
    assert done.returncode == OK
    assert done.stdout.decode() == ("version: 0.1.0\ntenants:\n  -\n    name: a b\n    token:\n      age_s: 3\n"
                                    "      error: -\nlist:\n  - 1\n  - 2\n")
    assert daemon.requests[0][:2] == ("GET", "/status")


def test_status_as_json_is_as_received(daemon):
    daemon.answer(200, '{"a": 1.0}')
    assert run("--url", daemon.url, "status", "--json").stdout == b'{"a": 1.0}\n'
    daemon.answer(403, '{"title":"no","code":"operation_disabled"}')
    assert run("--url", daemon.url, "status", "--json").returncode == ANSWERED


def test_health_is_an_exit_code(daemon):
    daemon.answer(200, "ok\n", "text/plain")
    done = run("--url", daemon.url, "health")
    assert (done.returncode, done.stdout) == (OK, b"ok\n")
    done = run("--url", daemon.url, "health", "--ready", "--quiet")
    assert (done.returncode, done.stdout) == (OK, b"")
    assert [path for _, path, _, _ in daemon.requests] == ["/healthz", "/readyz"]
    daemon.answer(503, '{"title":"The gateway is shutting down","code":"draining"}')
    done = run("--url", daemon.url, "health", "--ready")
    assert (done.returncode, done.stdout) == (UNHEALTHY, b"")
    assert b"shutting down" in done.stderr
    done = run("--url", daemon.url, "health", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (UNHEALTHY, b"", b"")


# ---- without the daemon


V3 = '{"status":"Success","response_data":{"outputs":{"volume":113.097}},"response_meta":{"call_id":"c"}}'


@pytest.fixture
def spark(daemon):
    daemon.answer(200, V3)
    daemon.env = {"CSPARK_BASE_URL": daemon.url + "/my-tenant", "CSPARK_API_KEY": "key-1"}
    return daemon


def test_direct_speaks_to_spark(spark):
    done = run("execute", "f/s[1.2]", "radius=3", "--direct", env=spark.env)
    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout)["outputs"] == {"volume": 113.097}
    [(_, path, headers, body)] = spark.requests
    assert path == "/my-tenant/api/v3/folders/f/services/s/execute"
    assert headers["x-synthetic-key"] == "key-1"
    assert json.loads(body)["request_data"] == {"inputs": {"radius": 3}}
    assert json.loads(body)["request_meta"]["version"] == "1.2"


def test_direct_knows_shapes_and_lists(spark):
    assert run("execute", "f/s", "--direct", "--shape=original", env=spark.env).stdout == V3.encode() + b"\n"
    assert json.loads(run("execute", "f/s", "--direct", "--shape=alike", env=spark.env).stdout)["outputs"] == [{"volume": 113.097}]
    spark.answer(200, '{"outputs":[{"volume":1}]}')
    done = run("execute", "f/s", "--direct", "--json", '[{"radius":1}]', env=spark.env)
    assert (done.returncode, done.stdout) == (OK, b'{"outputs":[{"volume":1}]}\n')
    assert spark.requests[-1][1] == "/my-tenant/api/v4/execute"


def test_direct_shows_what_spark_says(spark):
    spark.answer(400, '{"status":"Error","error":{"message":"TENANT_MISMATCH"}}')
    done = run("execute", "f/s", "--direct", env=spark.env)
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert b"spark_rejected, Spark answered HTTP 400" in done.stderr
    assert b"Spark says: TENANT_MISMATCH" in done.stderr
    spark.answer(200, '{"status":"Error","error":{"message":"NO_GOOD"},"response_data":null}')
    done = run("execute", "f/s", "--direct", env=spark.env)
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert b"NO_GOOD" in done.stderr


def test_direct_takes_secrets_from_files(spark, tmp_path):
    key = tmp_path / "key"
    key.write_text("key-2\n")
    key.chmod(0o600)
    env = {"CSPARK_BASE_URL": spark.env["CSPARK_BASE_URL"], "CSPARK_API_KEY_FILE": str(key)}
    assert run("execute", "f/s", "--direct", env=env).returncode == OK
    assert spark.requests[0][2]["x-synthetic-key"] == "key-2"
    key.chmod(0o644)
    done = run("execute", "f/s", "--direct", env=env)
    assert done.returncode == USAGE
    assert b"others can read" in done.stderr


@pytest.mark.parametrize("names", [("client_id", "client_secret"), ("clientId", "clientSecret")])
def test_direct_takes_oauth_from_a_file(spark, tmp_path, names):
    path = tmp_path / "oauth.json"
    path.write_text(json.dumps(dict(zip(names, ("id-1", "secret-1")))))
    path.chmod(0o600)
    spark.answer(200, '{"access_token":"t-1","expires_in":300,"outputs":[{}]}')
    done = run("execute", "f/s", "--json", "[{}]", "--direct", env={**spark.env, "CSPARK_OAUTH_PATH": str(path)})
    assert done.returncode == OK, done.stderr
    assert spark.requests[0][1] == "/auth/realms/my-tenant/protocol/openid-connect/token"
    assert b"client_id=id-1" in spark.requests[0][3] and b"client_secret=secret-1" in spark.requests[0][3]
    assert spark.requests[1][2]["Authorization"] == "Bearer t-1"


@pytest.mark.parametrize("args, env, word", [
    ((), {}, b"CSPARK_BASE_URL"),
    ((), {"CSPARK_BASE_URL": "http://127.0.0.1:1/t"}, b"no credentials"),
    ((), {"CSPARK_BASE_URL": "http://example.com/t", "CSPARK_API_KEY": "k"}, b"https"),
    ((), {"CSPARK_BASE_URL": "http://127.0.0.1:1/t", "CSPARK_API_KEY_FILE": "/nonexistent"}, b"No such file"),
    ((), {"CSPARK_BASE_URL": "http://127.0.0.1:1/t", "CSPARK_OAUTH_PATH": "/nonexistent"}, b"No such file"),
    (("--format", "csv"), {}, b"needs the daemon"),
    (("--separator", ";"), {}, b"needs the daemon"),
    (("--tenant", "x"), {}, b"daemon"),
    (("--strict",), {}, b"daemon"),
    (("--json", "[1"), {"CSPARK_BASE_URL": "http://127.0.0.1:1/t", "CSPARK_API_KEY": "k"}, b"line 1"),
    (("--json", "[]", "--echo"), {"CSPARK_BASE_URL": "http://127.0.0.1:1/t", "CSPARK_API_KEY": "k"}, b"_echo"),
])
def test_direct_explains_what_is_missing(args, env, word):
    done = run("execute", "f/s", "--direct", *args, env=env)
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert word in done.stderr
