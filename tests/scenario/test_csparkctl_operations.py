"""The commands of csparkctl that are operations, against a server that says what the test wants: what they send, where
answers go, what people see on a terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_csparkctl import ANSWERED, CSPARKCTL, OK, PASSED_ON, UNREACHABLE, USAGE, run

ZIP = b"PK\x03\x04" + bytes(range(256)) * 64


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self):
        body = self.read_body()
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        status, headers, text = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in self.server.pieces or [text]:
            self.wfile.write(piece)
            self.wfile.flush()
        self.server.begun.set()
        self.server.go.wait(30)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *args):
        pass


@pytest.fixture
def daemon():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.pieces = [], None
    server.begun, server.go = threading.Event(), threading.Event()
    server.go.set()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"

    def say(text=b"{}", status=200, **headers):
        text = text if isinstance(text, bytes) else json.dumps(text).encode()
        return status, {name.replace("_", "-"): value for name, value in headers.items()}, text

    server.say = lambda *args, **named: setattr(server, "answers", [say(*args, **named)])
    server.then = lambda *args, **named: server.answers.append(say(*args, **named))
    server.say()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.go.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ctl(daemon):
    return lambda *args, **options: run("--url", daemon.url, *args, **options)


def on_terminal(*args, cwd=None, columns=100, stdin=subprocess.DEVNULL):
    """Runs csparkctl on a terminal: its exit code, and what was to be seen."""
    master, slave = pty.openpty()
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    process = subprocess.Popen([CSPARKCTL, *args], stdin=stdin, stdout=slave, stderr=slave, cwd=cwd,
                               env={**env, "COLUMNS": str(columns), "LC_ALL": "C.UTF-8"})
    os.close(slave)
    seen = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    os.close(master)
    return process.wait(60), seen.decode().replace("\r\n", "\n")


# ---- what is sent


@pytest.mark.parametrize("args, method, path", [
    ("services list", "GET", "/services"),
    ("services list foldername=pricing limit=5", "GET", "/services?foldername=pricing&_limit=5"),
    ("services versions my-folder/my-service", "GET", "/services/my-folder/my-service/versions"),
    ("services schema-of f/s 0a-b", "GET", "/services/f/s/schema/0a-b"),
    ("services metadata version/0a-b --public", "GET", "/version/0a-b/metadata?_public=true"),
    ("services delete f/s --tenant t --timeout 7", "DELETE", "/services/f/s?_tenant=t&_timeout=7"),
    ("folders update id-1 name=x --shape original", "PATCH", "/folders/id-1?name=x&_shape=original"),
    ("folders create name=x", "POST", "/folders?name=x"),
    ("export folders=a,b", "POST", "/exports?folders=a%2Cb"),
    ("wasm service/0a-b", "GET", "/service/0a-b/wasm"),
    ("platform", "GET", "/platform"),
    ("platform health", "GET", "/platform/health"),
    ("logs workbook call-1 service=f/s", "GET", "/logs/call-1/workbook?service=f%2Fs"),
    ("batches close id-1", "POST", "/batches/id-1/close"),
    ("files get url=https://x/y?z=1", "GET", "/files?url=https%3A%2F%2Fx%2Fy%3Fz%3D1"),
    ("raw GET /t/api/v4/batch/status", "GET", "/t/api/v4/batch/status"),
    ("raw DELETE /api/v1/x?y=1", "DELETE", "/api/v1/x?y=1"),
])
def test_commands_become_requests(daemon, ctl, args, method, path):
    done = ctl(*args.split())
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"{}\n", b"")
    [(sent_method, sent_path, headers, body)] = daemon.requests
    assert (sent_method, sent_path, body) == (method, path, b"")
    assert "Prefer" not in headers


def test_every_operation_with_a_route_is_a_command(daemon, ctl):
    rows = json.loads(run("operations", "--json").stdout)
    assert len({row["name"] for row in rows}) == len(rows) > 80
    values = {"locator": "version/v-1"}
    for row in rows:
        if not row["command"]:
            assert not row["local_path"]
            continue
        parts = re.findall(r"\{(\w+)\}", row["local_path"])
        words = [values.get(part, part + "-1") for part in parts]
        words += [p["name"].lstrip("_") + "=x/y" for p in row["parameters"] if p["required"]]
        daemon.requests.clear()
        done = ctl(*row["command"].split(), *words, "-o", "-", stdin=b"{}")
        assert done.returncode == OK, (row["name"], done.stderr)
        [(method, path, _, _)] = daemon.requests
        pattern = re.sub(r"\\\{locator\\\}", "version/v-1", re.escape(row["local_path"]))
        assert method == row["local_method"]
        assert re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"\1-1", pattern), path.split("?")[0]), (row["name"], path)
    assert run("operations").stdout.count(b"\n") == len(rows)


def test_files_are_sent_as_they_are(daemon, ctl, tmp_path):
    book = tmp_path / "motor.xlsx"
    book.write_bytes(ZIP * 500)
    assert ctl("services", "create", "pricing/motor", book, "versioning=major").returncode == OK
    with open(book, "rb") as file:
        done = subprocess.run([CSPARKCTL, "--url", daemon.url, "imports", "create"], stdin=file, capture_output=True, timeout=60)
    assert done.returncode == OK, done.stderr
    assert ctl("import", stdin=ZIP * 300).returncode == OK
    cover = tmp_path / "cover.png"
    cover.write_bytes(b"png")
    assert ctl("folders", "cover", "id-1", cover).returncode == OK
    first, second, third, fourth = daemon.requests
    assert first[:2] == ("PUT", "/services/pricing/motor?_versioning=major")
    assert first[2]["Content-Length"] == str(len(ZIP) * 500) and first[3] == ZIP * 500
    assert second[2]["Content-Length"] == str(len(ZIP) * 500) and second[3] == ZIP * 500
    assert third[2]["Transfer-Encoding"] == "chunked" and third[3] == ZIP * 300
    assert fourth[1] == "/folders/id-1/cover?_filename=cover.png" and fourth[2]["Content-Type"] == "image/png"


def test_json_bodies_come_from_a_file_or_stdin(daemon, ctl, tmp_path):
    chunks = tmp_path / "chunks.json"
    chunks.write_bytes(b'{"chunks":[]}')
    assert ctl("batches", "push", "ID", "-i", chunks).returncode == OK
    assert ctl("batches", "push", "ID", stdin=b'{"chunks":[1]}').returncode == OK
    assert ctl("transforms", "save", "f/doc", "-i", "-", stdin=b'{"a":1}').returncode == OK
    assert ctl("services", "versions", "f/s", "-i", "-", stdin=b"{}").returncode == USAGE
    assert [(path, headers["Content-Type"], body) for _, path, headers, body in daemon.requests] == [
        ("/batches/ID/chunks", "application/json", b'{"chunks":[]}'),
        ("/batches/ID/chunks", "application/json", b'{"chunks":[1]}'),
        ("/transforms/f/doc", "application/json", b'{"a":1}')]


def test_a_large_file_takes_no_memory(daemon, tmp_path):
    package = tmp_path / "package.zip"
    with open(package, "wb") as file:
        file.truncate(64 << 20)
    daemon.say(bytes(64 << 20), Content_Type="application/zip")
    lines = subprocess.run(
        ["/usr/bin/python3", "-c", "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
         "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", CSPARKCTL, "--url", daemon.url, "exports", "files",
         "id-1", "-o", tmp_path / "out.zip"], capture_output=True, text=True, timeout=60, check=True).stdout.split()
    assert (tmp_path / "out.zip").stat().st_size == 64 << 20
    assert int(lines[-1]) < 48 * 1024 or "asan" in str(CSPARKCTL)
    daemon.say()
    assert run("--url", daemon.url, "import", package).returncode == OK
    assert len(daemon.requests[-1][3]) == 64 << 20


def test_a_job_that_need_not_be_over(daemon, ctl):
    daemon.say({"id": "id-1"}, 202, Location="/exports/id-1")
    done = ctl("export", "folders=a", "--async")
    assert (done.returncode, done.stdout, done.stderr) == (OK, b'{"id": "id-1"}\n', b"")
    assert daemon.requests[0][2]["Prefer"] == "respond-async"
    code, seen = on_terminal("--url", daemon.url, "export", "folders=a", "--async")
    assert code == OK and "csparkctl exports get id-1\n" in seen
    daemon.say({}, 202, Location="/services/my%20f/s/compilations/j-1")
    code, seen = on_terminal("--url", daemon.url, "services", "recompile", "my f/s", "--async")
    assert "csparkctl services compilation my f/s j-1\n" in seen


@pytest.mark.parametrize("args, word", [
    ("services", b"services versions"),
    ("services versoins f/s", b'"services versions" meant'),
    ("servces list", b'"services" meant'),
    ("helth", b'"health" meant'),
    ("platform helth", b'"platform health" meant'),
    ("services versions", b"FOLDER/SERVICE"),
    ("services versions f", b"FOLDER/SERVICE"),
    ("services versions f/s x", b"name=value"),
    ("services versions service/0a", b"folder/service"),
    ("services create f/s x.xlsx versionning=major", b'"versioning" meant'),
    ("services create f/s x.xlsx versioning=huge", b"major minor patch"),
    ("services create f/s /nonexistent.xlsx", b"No such file"),
    ("services create f/s /tmp", b"directory"),
    ("folders create", b"name=... is missing"),
    ("folders list limit=many", b"whole number"),
    ("folders list favorite=yes", b"true or false"),
    ("folders list --public", b"public"),
    ("folders list --shape round", b"simple or original"),
    ("folders list --timeout soon", b"milliseconds"),
    ("folders list --nonsense", b"nonsense"),
    ("export folders=a --direct", b"daemon"),
    ("raw FETCH /x", b"method"),
    ("raw GET x", b"slash"),
    ("raw GET", b"path"),
    ("raw GET /x --tenant t", b"--tenant"),
    ("migrate a", b"two tenants"),
    ("migrate a b", b"folders="),
    ("migrate a b foldrs=x", b'"folders" meant'),
    ("migrate a b folders=x file=1", b"file"),
    ("help nothing", b"nothing"),
    ("operations x", b"operations"),
    ("execute f/s --validation static", b"validate"),
    ("validate f/s --validation both", b"static or dynamic"),
])
def test_wrong_usage_is_explained(ctl, daemon, args, word):
    done = ctl(*args.split())
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert word in done.stderr
    assert daemon.requests == []


@pytest.mark.parametrize("args", ["help", "help services", "help services create", "help execute", "help wasm", "services create -h", "services --help",
                                  "migrate --help", "raw --help", "operations --help", "completion --help", "validate --help"])
def test_help_is_no_error(args):
    done = run(*args.split())
    assert (done.returncode, done.stderr) == (OK, b"")
    assert b"usage: csparkctl" in done.stdout


def test_validate_is_like_execute(daemon, ctl):
    assert ctl("validate", "f/s", "age=40", "--validation", "dynamic", "--version", "1.2").returncode == OK
    assert daemon.requests[0][:2] == ("POST", "/validate/f/s?_version=1.2&_type=dynamic")
    assert daemon.requests[0][3] == b'{"age":40}'


# ---- where answers go


def test_a_file_goes_where_it_should(daemon, ctl, tmp_path):
    daemon.say(ZIP, Content_Type="application/zip", Content_Disposition='attachment; filename="../package.zip"')
    target = tmp_path / "out.zip"
    assert ctl("wasm", "f/s").stdout == ZIP, "not to a terminal"
    assert ctl("wasm", "f/s", "-o", "-").stdout == ZIP
    done = ctl("wasm", "f/s", "-o", target)
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
    assert target.read_bytes() == ZIP
    assert ctl("wasm", "f/s", "-o", tmp_path).returncode == OK
    assert (tmp_path / "package.zip").read_bytes() == ZIP
    assert sorted(os.listdir(tmp_path)) == ["out.zip", "package.zip"]
    mask = os.umask(0)
    os.umask(mask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_file_that_exists_stays(daemon, ctl, tmp_path):
    daemon.say(ZIP, Content_Type="application/zip", Content_Disposition="attachment; filename=package.zip")
    target = tmp_path / "package.zip"
    target.write_bytes(b"mine")
    done = ctl("wasm", "f/s", "-o", target)
    assert done.returncode == USAGE and b"--force" in done.stderr and daemon.requests == []
    done = ctl("wasm", "f/s", "-o", tmp_path)
    assert done.returncode == ANSWERED and b"--force" in done.stderr
    assert target.read_bytes() == b"mine" and os.listdir(tmp_path) == ["package.zip"]
    assert ctl("wasm", "f/s", "-o", target, "--force").returncode == OK
    assert target.read_bytes() == ZIP and os.listdir(tmp_path) == ["package.zip"]


def test_a_file_that_is_not_whole_is_none(daemon, ctl, tmp_path):
    daemon.say(ZIP, Content_Type="application/zip", Content_Length=str(len(ZIP) + 1), Connection="close")
    done = ctl("wasm", "f/s", "-o", tmp_path / "out.zip", "--timeout", "100")
    assert done.returncode == UNREACHABLE and os.listdir(tmp_path) == []
    daemon.say({"title": "No", "code": "spark_rejected"}, 404)
    done = ctl("wasm", "f/s", "-o", tmp_path / "out.zip")
    assert (done.returncode, done.stdout) == (ANSWERED, b"") and os.listdir(tmp_path) == []
    daemon.say(ZIP, Content_Type="application/zip")
    done = ctl("wasm", "f/s", "-o", "/nonexistent/out.zip")
    assert done.returncode == ANSWERED and b"No such file" in done.stderr
    done = ctl("wasm", "f/s", "-o", "/dev/full")
    assert done.returncode == ANSWERED and b"No space" in done.stderr


def test_a_signal_leaves_nothing_behind(daemon, tmp_path):
    daemon.say(b"", Content_Type="application/zip", Content_Length="1000000")
    daemon.pieces = [ZIP]
    daemon.go.clear()
    process = subprocess.Popen([CSPARKCTL, "--url", daemon.url, "wasm", "f/s", "-o", tmp_path / "out.zip"])
    deadline = time.monotonic() + 20
    while not os.listdir(tmp_path) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert os.listdir(tmp_path)[0].startswith("out.zip.")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM
    assert os.listdir(tmp_path) == []


def test_json_can_go_into_a_file(daemon, ctl, tmp_path):
    daemon.say([{"id": 1}])
    assert ctl("folders", "list", "-o", tmp_path / "list.json").stdout == b""
    assert json.loads((tmp_path / "list.json").read_text()) == [{"id": 1}]


# ---- what people see


def test_people_get_tables(daemon):
    daemon.say([{"id": "1", "name": "pricing", "status": "Design", "category": None, "createdBy": "ann@example.com"},
                {"id": "2", "name": "claims\x1b[31m", "status": "Live", "description": "x" * 200}], X_Total_Count="7")
    code, seen = on_terminal("--url", daemon.url, "folders", "list")
    assert code == OK
    assert seen == ("name         status  id  createdBy        description\n"
                    "pricing      Design  1   ann@example.com  -\n"
                    "claims [31m  Live    2   -                " + "x" * 37 + "...\n"
                    "2 of 7\n")
    code, seen = on_terminal("--url", daemon.url, "folders", "list", columns=30)
    assert seen.startswith("name         status  id\n")
    code, seen = on_terminal("--url", daemon.url, "folders", "list", "--json")
    assert json.loads(seen)[0]["name"] == "pricing"


def test_people_get_lines_for_an_object(daemon):
    daemon.say({"id": "1", "none": None, "list": [{"a": 1}, {"a": 2}], "inner": {"deep": True}, "empty": []})
    code, seen = on_terminal("--url", daemon.url, "folders", "get", "x")
    assert code == OK
    assert seen == "id: 1\nnone: -\nlist:\n  a\n  1\n  2\ninner:\n  deep: true\nempty: -\n"
    daemon.say([])
    assert on_terminal("--url", daemon.url, "folders", "list") == (OK, "nothing\n")
    daemon.say(True)
    assert on_terminal("--url", daemon.url, "folders", "exists", "x") == (OK, "true\n")


def test_people_get_a_file_and_no_noise(daemon, tmp_path):
    daemon.say(ZIP, Content_Type="application/zip", Content_Disposition="attachment; filename=package.zip")
    code, seen = on_terminal("--url", daemon.url, "wasm", "f/s", cwd=tmp_path)
    assert (code, seen) == (OK, f"package.zip: {len(ZIP)} bytes\n")
    assert (tmp_path / "package.zip").read_bytes() == ZIP
    daemon.say(ZIP, Content_Type="application/zip")
    assert on_terminal("--url", daemon.url, "wasm", "f/motor", cwd=tmp_path)[1].startswith("motor.zip: ")
    daemon.say({"swagger": "2.0"})
    assert on_terminal("--url", daemon.url, "services", "swagger", "f/s", cwd=tmp_path) == (OK, "swagger: 2.0\n")


def test_people_see_how_far_it_is(daemon, tmp_path):
    daemon.say(b"", Content_Type="application/zip", Content_Length=str(2 * len(ZIP)))
    daemon.pieces = [ZIP]
    daemon.go.clear()
    master, slave = pty.openpty()
    process = subprocess.Popen([CSPARKCTL, "--url", daemon.url, "wasm", "f/s", "-o", tmp_path / "x"], stderr=slave)
    os.close(slave)
    seen = b""
    while b"received 16.4 kB of 32.8 kB (50 %)" not in seen:
        seen += os.read(master, 4096)
    process.kill()
    process.wait()
    os.close(master)
    assert b"services wasm: " in seen


# ---- migrate


def test_migrate_is_an_export_and_an_import(daemon, ctl):
    daemon.say({"id": "e-1"}, 202, Location="/exports/e-1")
    daemon.then({"status": "in_progress"})
    daemon.then({"status": "closed", "errors": None, "outputs": {"files": [{}, {}]}})
    for part in (b"1", b"2"):
        daemon.then(ZIP + part, Content_Type="application/zip")
        daemon.then({"status": "closed", "part": part.decode()})
    done = ctl("migrate", "a", "b", "services=p/m:q/m,p/n", "existing=replace", "correlation=c")
    assert (done.returncode, done.stderr) == (OK, b"")
    assert [json.loads(line)["part"] for line in done.stdout.splitlines()] == ["1", "2"]
    assert [request[:2] for request in daemon.requests] == [
        ("POST", "/exports?services=p%2Fm%2Cp%2Fn&_correlation=c&_tenant=a"),
        ("GET", "/exports/e-1?_tenant=a"), ("GET", "/exports/e-1?_tenant=a"),
        ("GET", "/exports/e-1/files?file=0&_tenant=a"),
        ("POST", "/imports?services=p%2Fm%3Aq%2Fm%2Cp%2Fn&existing=replace&_correlation=c&_tenant=b"),
        ("GET", "/exports/e-1/files?file=1&_tenant=a"),
        ("POST", "/imports?services=p%2Fm%3Aq%2Fm%2Cp%2Fn&existing=replace&_correlation=c&_tenant=b")]
    assert [request[3] for request in daemon.requests if request[1].startswith("/imports")] == [ZIP + b"1", ZIP + b"2"]


@pytest.mark.parametrize("answer, word", [
    ({"status": "failed"}, b"failed"),
    ({"status": "closed", "errors": [{"message": "X"}]}, b"X"),
    ({"status": "closed", "outputs": {"files": []}}, b"no files"),
])
def test_migrate_stops_when_the_export_fails(daemon, ctl, answer, word):
    daemon.say({"id": "e-1"}, 202)
    daemon.then(answer)
    done = ctl("migrate", "a", "b", "folders=x")
    assert done.returncode == ANSWERED and word in done.stderr
    assert not any(path.startswith("/imports") for _, path, _, _ in daemon.requests)
