"""Large bodies: no memory, no file left behind, a right word when there is no room, an end when somebody leaves."""

import hashlib
import os
import re
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from configured import csparkd, tenant_of, together, wait_for
from gateway import BUILD, free_port
from simulator import Simulator
from test_operations import EVERYTHING
from wire import Closed, Wire

MB = 1 << 20
FILE = "/services/my-folder/big"
UPLOAD = FILE + "/upload"
DROP_IN = "/my-tenant/api/v3/folders/my-folder/services/big/upload"
FORM = (b'--b\r\nContent-Disposition: form-data; name="engineUploadRequestEntity"\r\n\r\n{"request_data":{}}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="serviceFile"; filename="m.xlsx"\r\n\r\n', b"\r\n--b--\r\n")
PIECE = bytes(range(256)) * (MB // 256)
SANITIZED = any(mark in (BUILD / "csparkd").read_bytes() for mark in (b"__asan_init", b"__tsan_init"))


def can_mount():
    """Whether this process may mount (CAP_SYS_ADMIN)."""
    return bool(int(re.search(r"CapEff:\s*(\w+)", Path("/proc/self/status").read_text())[1], 16) >> 21 & 1)


class Daemon:
    """A csparkd whose large bodies are in a folder of their own."""

    def __init__(self, sim, folder, limits=None, retry=None, **settings):
        self.folder = folder
        port = free_port()
        top = {"state_dir": str(folder), "workers": 1, **settings.pop("top", {})}
        tenants = [tenant_of(sim, timeout_ms=60000, retry=retry or {"max": 2, "interval_ms": 1}, breaker=False)]
        self.gateway = csparkd(sim, tenants=tenants, listeners=[{"address": f"127.0.0.1:{port}", "allow": EVERYTHING}], top=top,
                               limits=limits, listen=False, port=port, **settings)

    def __enter__(self):
        self.gateway.__enter__()
        return self

    def __exit__(self, *failure):
        if failure[0] is None:
            self.gateway.wait_until("/healthz")
            wait_for(lambda: not self.files(), "the end of all files")
        return self.gateway.__exit__(*failure)

    def files(self):
        """Open files in the folder. None ever has a name."""
        assert os.listdir(self.folder) == []
        found = []
        for fd in Path(f"/proc/{self.gateway.pid}/fd").iterdir():
            try:
                found += [os.readlink(fd)] if os.readlink(fd).startswith(str(self.folder)) else []
            except FileNotFoundError:
                pass
        assert all(name.endswith("(deleted)") for name in found)
        return found

    def memory_kb(self, name):
        return int(re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{self.gateway.pid}/status").read_text(), re.M)[1])

    def start_measuring(self):
        """From here on the peak is that of what follows."""
        Path(f"/proc/{self.gateway.pid}/clear_refs").write_text("5")
        self.idle_kb = self.memory_kb("VmRSS")

    def grown_kb(self):
        return self.memory_kb("VmHWM") - self.idle_kb

    def send(self, method, path, length, pieces, type="application/octet-stream"):
        """The answer to a body that comes in pieces; its length is told beforehand unless it is None."""
        wire = self.gateway.connect(120)
        framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        wire.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\n{framing}\r\n\r\n".encode())
        with wire:
            for piece in pieces:
                wire.send(piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
            if length is None:
                wire.send(b"0\r\n\r\n")
            return wire.answer()

    def digest(self, path):
        """Of the answer to a GET, and its length; nothing of it is kept."""
        with self.gateway.connect(120) as wire:
            wire.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = wire._until(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            digest, done = hashlib.sha256(wire.buffer), len(wire.buffer)
            place = memoryview(bytearray(MB))
            while done < length and (got := wire.sock.recv_into(place)):
                digest.update(place[:got])
                done += got
            assert done == length
        return digest.hexdigest(), length


def digest_of(pieces):
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def make_file(sim, daemon, size):
    """Publishes a workbook of so many bytes; gives it."""
    sim.job("compile", polls=0)
    content = (PIECE * (size // MB + 1))[:size]
    assert daemon.gateway.request("PUT", FILE, content).status == 200
    return content


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("way", ["local", "drop-in"])
def test_199_megabytes_cost_no_memory(sim, tmp_path, way):
    pieces = [PIECE] * 199
    sim.job("compile", polls=0)
    with Daemon(sim, tmp_path) as daemon:
        daemon.gateway.get("/services")
        daemon.start_measuring()
        if way == "local":
            answer = daemon.send("PUT", FILE, 199 * MB, pieces)
        else:
            length = 199 * MB + sum(map(len, FORM))
            answer = daemon.send("POST", DROP_IN, length, [FORM[0], *pieces, FORM[1]], "multipart/form-data; boundary=b")
            upload = answer.json()["response_data"]
            daemon.gateway.get(f"{FILE}/compilations/{upload['nodegen_compilation_jobid']}")
            answer = daemon.gateway.post(f"{FILE}/publish?file_id={upload['original_file_documentid']}"
                                         f"&engine_id={upload['engine_file_documentid']}")
        assert answer.status == 200, answer
        up_kb = daemon.grown_kb()
        wait_for(lambda: not daemon.files(), "the end of the file")
        path = FILE + "/file" if way == "local" else "/api/v1/product/my-folder/engines/big/download/"
        assert daemon.digest(path) == (digest_of(pieces), 199 * MB)
        assert SANITIZED or (up_kb <= 8192 and daemon.grown_kb() <= 8192), (up_kb, daemon.grown_kb())


@pytest.mark.concurrency
def test_five_at_once_cost_no_memory(sim, tmp_path):
    """12 MB each, up and then down."""
    sim.job("compile", polls=0)
    with Daemon(sim, tmp_path, top={"workers": 2}) as daemon:
        make_file(sim, daemon, 3 * MB)  # what the first transfer of a thread costs stays
        daemon.start_measuring()
        answers = together(5, lambda n: daemon.send("PUT", f"/services/my-folder/big{n}", 12 * MB, [PIECE] * 12))
        assert {answer.status for answer in answers} == {200}, answers
        digests = together(5, lambda n: daemon.digest(f"/services/my-folder/big{n}/file"))
        assert set(digests) == {(digest_of([PIECE] * 12), 12 * MB)}
        assert SANITIZED or daemon.grown_kb() <= 8192, daemon.grown_kb()


def test_small_files_need_no_disk(sim, tmp_path):
    with Daemon(sim, tmp_path / "missing") as daemon:
        daemon.folder = tmp_path
        assert daemon.gateway.get("/services/my-folder/volume-cylinder/file").status == 200
        assert daemon.gateway.post(DROP_IN, b"".join(FORM), {"Content-Type": "multipart/form-data; boundary=b"}).status == 400


# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [UPLOAD, DROP_IN, "/my-tenant/api/v9/any"])
@pytest.mark.parametrize("told", [True, False])
def test_an_upload_that_is_too_large(sim, tmp_path, path, told):
    with Daemon(sim, tmp_path, limits={"max_upload": "1M"}) as daemon:
        assert daemon.send("POST", path, MB if told else None, [PIECE]).code != "body_too_large"
        sim.reset()
        try:
            answer = daemon.send("POST", path, MB + 1 if told else None, [PIECE, b"!"])
        except (Closed, ConnectionError):
            assert not told, "it is refused before it is read"
        else:
            assert (answer.status, answer.code) == (413, "body_too_large"), answer
            assert "limits.max_upload" in answer.json()["detail"], answer
        assert sim.executes() == []


def test_a_download_that_is_too_large(sim, tmp_path):
    with Daemon(sim, tmp_path, limits={"max_download": "1M"}) as daemon:
        make_file(sim, daemon, MB)
        assert daemon.digest(FILE + "/file")[1] == MB
        make_file(sim, daemon, 2 * MB)
        for path in (FILE + "/file", "/api/v1/product/my-folder/engines/big/download/"):
            answer = daemon.gateway.get(path)
            assert (answer.status, answer.code) == (502, "upstream_garbled") and "limits.max_download" in answer.text
            assert answer.header("x-cspark-attempts") == "1"


def test_the_room_for_all_is_limited(sim, tmp_path):
    """One half of an upload takes the room of the other; when it has gone, there is room again."""
    with Daemon(sim, tmp_path, limits={"max_spool": "2M"}) as daemon:
        with daemon.gateway.connect() as wire:
            wire.send(b"PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (FILE.encode(), 9 * MB) + PIECE + PIECE[:MB // 2])
            wait_for(daemon.files, "the file of the first")
            wait_for(lambda: sum(os.stat(f"/proc/{daemon.gateway.pid}/fd/{fd}").st_size for fd in
                                 os.listdir(f"/proc/{daemon.gateway.pid}/fd") if str(tmp_path) in
                                 os.readlink(f"/proc/{daemon.gateway.pid}/fd/{fd}")) >= MB * 3 // 2, "its bytes")
            answer = daemon.gateway.request("PUT", FILE, PIECE)
            assert (answer.status, answer.code) == (503, "overloaded") and "limits.max_spool" in answer.text, answer
            assert int(answer.header("retry-after")) >= 1 and answer.json()["retryable"] is True
        wait_for(lambda: not daemon.files(), "the end of the first")
        make_file(sim, daemon, MB)
        make_file(sim, daemon, 2 * MB - 1)
        assert daemon.digest(FILE + "/file")[1] == 2 * MB - 1


def limit_files():
    """No file beyond a megabyte; and that is told, not killed for."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, MB))


def test_a_file_may_not_grow_further(sim, tmp_path, tmp_path_factory):
    with Daemon(sim, tmp_path, preexec_fn=limit_files) as daemon:
        make_file(sim, daemon, MB // 2)
        for method, path in (("PUT", FILE), ("POST", DROP_IN)):
            answer = daemon.gateway.request(method, path, PIECE * 3)
            assert (answer.status, answer.code) == (503, "overloaded") and "state_dir" in answer.text, answer
        make_file(sim, daemon, MB // 2)
        with Daemon(sim, tmp_path_factory.mktemp("other")) as other:
            make_file(sim, other, 3 * MB)
        answer = daemon.gateway.get(FILE + "/file")
        assert (answer.status, answer.code) == (503, "overloaded") and "state_dir" in answer.text, answer
        assert answer.json()["outcome"] == "executed"
        make_file(sim, daemon, MB // 2)
        assert daemon.digest(FILE + "/file")[1] == MB // 2


@pytest.mark.skipif("not can_mount() and 'CI' not in os.environ", reason="may not mount")
def test_the_disk_is_full(sim, tmp_path):
    if not can_mount():
        return  # the limit above is the same to the daemon
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=True)
    try:
        with Daemon(sim, tmp_path) as daemon:
            make_file(sim, daemon, MB // 2)
            answer = daemon.gateway.request("PUT", FILE, PIECE * 3)
            assert (answer.status, answer.code) == (503, "overloaded") and "No space left" in answer.text
            make_file(sim, daemon, MB // 2)
            wait_for(lambda: os.statvfs(tmp_path).f_bfree == os.statvfs(tmp_path).f_blocks, "all of the disk")
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_folder_that_is_not_there(sim, tmp_path):
    with Daemon(sim, tmp_path / "missing") as daemon:
        daemon.folder = tmp_path
        answer = daemon.gateway.request("PUT", FILE, b"PK")
        assert (answer.status, answer.code) == (500, "internal") and "state_dir" in answer.text
        assert sim.executes() == []


# -- leaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("path", [UPLOAD, DROP_IN])
def test_who_leaves_while_sending(sim, tmp_path, path, leave):
    with Daemon(sim, tmp_path) as daemon:
        wire = daemon.gateway.connect()
        wire.send(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (path.encode(), 9 * MB) + PIECE)
        wait_for(daemon.files, "the file")
        getattr(wire, leave)()
        wait_for(lambda: not daemon.files(), "the end of the file")
        assert sim.executes() == []


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("path", [UPLOAD, DROP_IN])
def test_who_leaves_while_spark_has_the_upload(sim, tmp_path, path, leave):
    sim.mood("*", "hold", operation="services.upload")
    body = PIECE * 2 if path == UPLOAD else FORM[0] + PIECE * 2 + FORM[1]
    with Daemon(sim, tmp_path) as daemon:
        wire = daemon.gateway.connect()
        wire.send(b"POST %s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: leaves\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                  b"Content-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body)
        sim.wait(moods_played=1)
        assert daemon.files()
        getattr(wire, leave)()
        wait_for(lambda: not daemon.files(), "the end of the file")
        assert daemon.gateway.wait_log("access", request_id="leaves")["end"] == "caller_left"
        wait_for(lambda: sim.ledger(request_id="leaves")[0].get("client_left"), "the end of Spark's connection")
        sim.release()


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_who_leaves_while_spark_sends(sim, tmp_path, leave):
    with Daemon(sim, tmp_path) as daemon:
        make_file(sim, daemon, 3 * MB)
        sim.mood("*", "stall", operation="services.download")
        wire = daemon.gateway.connect()
        wire.send(f"GET {FILE}/file HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: leaves\r\n\r\n".encode())
        wait_for(daemon.files, "the file")
        connections = sim.stats()["connections_open"]
        getattr(wire, leave)()
        wait_for(lambda: not daemon.files(), "the end of the file")
        sim.wait(connections_open_below=connections)
        assert daemon.gateway.wait_log("access", request_id="leaves")["end"] == "caller_left"


def narrow(gateway):
    """A connection that takes little at a time."""
    wire = Wire.__new__(Wire)
    wire.sock, wire.buffer, wire.on_answer = socket.socket(), b"", gateway._note
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    wire.sock.settimeout(30)
    wire.sock.connect(("127.0.0.1", gateway.port))
    return wire


def test_who_takes_its_time_holds_spark_up_no_longer(sim, tmp_path):
    """The whole file is here before the caller has taken the first byte; then it comes whole, or ends with the caller."""
    with Daemon(sim, tmp_path) as daemon:
        content = make_file(sim, daemon, 9 * MB)
        for name in ("patient", "leaves"):
            wire = narrow(daemon.gateway)
            wire.send(f"GET {FILE}/file HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {name}\r\n\r\n".encode())
            wait_for(lambda: [entry for entry in sim.ledger(request_id=name) if entry["over"]], "the end of Spark's answer")
            wait_for(daemon.files, "the file")
            if name == "patient":
                assert wire.answer().body == content
            else:
                wire._until(b"\r\n\r\n")
                wire.reset()
            wait_for(lambda: not daemon.files(), "the end of the file")
        line = daemon.gateway.wait_log("access", request_id="leaves")
        assert line["end"] == "caller_left" and line["bytes_out"] < 9 * MB
        assert daemon.gateway.wait_log("access", request_id="patient")["bytes_out"] == 9 * MB


# -- what takes long --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("end", ["whole", "torn"])
def test_an_answer_that_takes_long_leaves_early(tmp_path, end):
    """A byte each 100 ms: after five seconds the caller has the head, and what there is."""
    with Simulator(exit_code=None) as spark, Daemon(spark, tmp_path) as daemon:
        daemon.gateway.sim = None  # its ledger may end with it
        content = make_file(spark, daemon, 70)
        spark.mood("*", "drip-body", ms=100, times=1, operation="services.download")
        with daemon.gateway.connect(60) as wire:
            wire.send(f"GET {FILE}/file HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: long\r\n\r\n".encode())
            head = wire._until(b"\r\n\r\n").lower()
            assert b"200 ok" in head and len(wire.buffer) < 70
            assert b"x-cspark-attempts" not in head, "that is not known before the end"
            if end == "whole":
                assert wire._exactly(70) == content
            else:
                spark.process.kill()
                with pytest.raises(Closed):
                    wire._exactly(70)
        line = daemon.gateway.wait_log("access", request_id="long")
        assert (line["end"] == "ok", line["attempts"] >= 1) == (end == "whole", True), line


def test_no_time_is_left(sim, tmp_path):
    with Daemon(sim, tmp_path) as daemon:
        make_file(sim, daemon, 3 * MB)
        sim.mood("*", "stall", operation="services.download")
        answer = daemon.gateway.get(FILE + "/file?_timeout=300")
        assert (answer.status, answer.code) == (504, "upstream_timeout")
