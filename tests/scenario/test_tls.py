"""TLS on listeners: certificates and those of callers, what is no TLS, handshakes that never end, certificates that change."""

import os
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from configured import CYLINDER, ECHO, config_of, csparkd, tenant_of, together, wait_for
from gateway import BUILD, free_port
from keys import DAY, Authority, Keys, private
from test_operations import EVERYTHING
from wire import Closed, Wire

INPUTS = b'{"radius":3,"height":4}'
HOST = b"Host: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
HOLD = b"GET /execute/any/echo~hold?n=%d HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST %s HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
MB = 1 << 20
HANDSHAKE_FAILURES = "cspark_tls_handshake_failures_total"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    keys = Keys(tmp_path_factory.mktemp("tls"))
    keys.install("server")
    return keys


@pytest.fixture
def keys(tmp_path):
    """For tests that change them."""
    keys = Keys(tmp_path)
    keys.install("first")
    return keys


# -- callers ---------------------------------------------------------------------------------------


class SecureWire(Wire):
    """One connection by TLS. An end without the end of TLS is an error, as it should be for every caller."""

    def __init__(self, port, context, timeout=30.0, on_answer=None):
        super().__init__(("127.0.0.1", port), timeout, on_answer)
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname="localhost", suppress_ragged_eofs=False)
        except BaseException:
            self.sock.close()
            raise

    @property
    def name(self):
        """The common name that the daemon showed."""
        return dict(part[0] for part in self.sock.getpeercert()["subject"])["commonName"]


class Port:
    """A listener with TLS, beside the one in clear that the helpers use."""

    def __init__(self, gateway, port, keys):
        self.gateway, self.port, self.keys = gateway, port, keys

    def context(self, cert=None, version=None):
        context = ssl.create_default_context(cafile=self.keys.ca)
        if version:
            context.minimum_version = context.maximum_version = version
        if cert:
            context.load_cert_chain(cert, cert.with_suffix(".key"))
        return context

    def connect(self, cert=None, version=None, timeout=30):
        return SecureWire(self.port, self.context(cert, version), timeout, self.gateway._note)

    def ask(self, data=GET, **options):
        with self.connect(**options) as wire:
            return wire.send(data).answer()

    def refuses(self, data=GET, **options):
        """No answer comes; gives what the handshake says. By TLS 1.3 the caller learns it when it reads."""
        with pytest.raises((ssl.SSLError, ConnectionError, Closed)) as caught:
            self.ask(data, **options)
        return str(caught.value)

    def shows(self, name):
        """Waits until new callers see the certificate of that name."""
        def seen():
            with self.connect() as wire:
                return wire.name == name

        return wait_for(seen, f"the certificate of {name}", 20)

    def count(self, event):
        return sum(line["event"] == event for line in self.gateway.log())

    def log(self, **fields):
        return self.gateway.wait_log(listener=f"127.0.0.1:{self.port}", **fields)


class Listening:
    """A gateway with a listener in clear and one with TLS."""

    def __init__(self, sim, keys, tls=None, listener=None, **settings):
        self.sim = sim
        self.clear, self.port = free_port(), free_port()
        self.keys = keys
        self.gateway = csparkd(sim, listen=False, port=self.clear, listeners=self.listeners(tls, **(listener or {})),
                               **settings)

    def listeners(self, tls=None, **more):
        return [{"address": f"127.0.0.1:{self.clear}"},
                {"address": f"127.0.0.1:{self.port}", "tls": tls or self.keys.tls(), **more}]

    def reload(self, tls=None, event="reload", **more):
        return self.gateway.reload(config_of([tenant_of(self.sim)], listeners=self.listeners(tls, **more)), event)

    def __enter__(self):
        self.gateway.__enter__()
        return Port(self.gateway, self.port, self.keys)

    def __exit__(self, *failure):
        return self.gateway.__exit__(*failure)


@pytest.fixture(scope="module")
def port(running, made):
    with Listening(running, made) as port:
        yield port


# -- what is as in clear ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_call(port, version):
    answer = port.ask(POST % (CYLINDER.encode(), len(INPUTS), INPUTS), version=version)
    assert answer.status == 200 and answer.json()["outputs"], answer
    line = port.log(event="access", request_id=answer.header("x-request-id"))
    assert line["tls"] == {"TLSv1_2": "TLS1.2", "TLSv1_3": "TLS1.3"}[version.name]
    assert line["subject"] is None


def test_in_clear_nothing_is_said_of_tls(port):
    answer = port.gateway.get("/healthz")
    assert "tls" not in port.gateway.wait_log("access", request_id=answer.header("x-request-id"))


def test_one_connection_serves_many(port):
    with port.connect() as wire:
        for number in range(20):
            answer = wire.send(b"GET /execute/any/echo?n=%d HTTP/1.1\r\n" % number + HOST + b"\r\n").answer()
            assert answer.json()["outputs"]["n"] == number


def test_requests_may_be_sent_ahead(port):
    """All in one record, and in one for each byte."""
    requests = b"".join(b"GET /execute/any/echo?n=%d HTTP/1.1\r\n" % number + HOST + b"\r\n" for number in range(40))
    with port.connect() as wire:
        wire.send(requests)
        assert [wire.answer().json()["outputs"]["n"] for _ in range(40)] == list(range(40))
    with port.connect() as wire:
        for byte in GET:
            wire.send(bytes([byte]))
        assert wire.answer().status == 200


def test_large_bodies_in_both_directions(sim, made):
    data = b'{"text":"%s"}' % (b"x" * (2 * MB))
    with Listening(sim, made) as port, port.connect(timeout=120) as wire:
        for _ in range(2):
            answer = wire.send(POST % (ECHO.encode(), len(data), data)).answer()
            assert answer.status == 200 and len(answer.json()["outputs"]["text"]) == 2 * MB


def test_files(sim, made, tmp_path):
    file = os.urandom(16) * (3 * MB // 16)
    with Listening(sim, made, listener={"allow": EVERYTHING}, top={"state_dir": str(tmp_path)}) as port, \
            port.connect(timeout=120) as wire:
        head = b"PUT /services/my-folder/over-tls HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(file)
        assert wire.send(head + file).answer().status in (200, 201)
        got = wire.send(b"GET /services/my-folder/over-tls/file HTTP/1.1\r\n" + HOST + b"\r\n").answer()
        assert got.status == 200 and got.body


@pytest.mark.parametrize("head,code", [
    (b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n", "host_refused"),
    (b"GET /status HTTP/1.1\r\n" + HOST + b"Origin: https://page.example\r\n\r\n", "origin_refused"),
    (b"POST /execute/f/s HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n1", "bad_request"),
    (b"DELETE /services/f/s HTTP/1.1\r\n" + HOST + b"\r\n", "operation_disabled")])
def test_the_same_is_refused(port, head, code):
    assert port.ask(head).code == code


def test_a_caller_token_is_asked_for(sim, made, tmp_path):
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("a-caller-token")
    with Listening(sim, made, listener={"caller_token_file": str(token)}, secrets=["a-caller-token"]) as port:
        assert port.ask(b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n").code == "caller_unknown"
        asked = b"GET /status HTTP/1.1\r\n" + HOST + b"X-Cspark-Token: a-caller-token\r\n\r\n"
        assert port.ask(asked).status == 200


def test_addresses_of_files_lead_here_by_tls(sim, made):
    with Listening(sim, made, rewrite_urls=True) as port:
        path = b"/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/"
        call = port.ask(POST % (path + b"execute", 2, b"{}")).json()["response_meta"]["call_id"]
        answer = port.ask(POST % (path + b"download/xml/" + call.encode(), 2, b"{}")).json()
        assert answer["response_data"]["download_url"].startswith("https://localhost/files?url=")


# -- the end of a connection -----------------------------------------------------------------------


@pytest.mark.parametrize("head", [b"GET /healthz HTTP/1.0\r\n\r\n",
                                  b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"])
def test_the_end_is_told(port, head):
    with port.connect() as wire:
        assert wire.send(head).answer().status == 200
        assert wire.is_closed()


def test_a_body_that_is_refused_under_way(sim, made):
    """The answer comes while the caller still sends, past libmicrohttpd."""
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    head = b"POST /execute/f/echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with Listening(sim, made, limits={"max_body": 65536, "max_upload": 65536, "body_ms": 600},
                   bulk={"max_body": 65536}) as port:
        with port.connect() as wire:
            answer = wire.send(head + 3 * chunk).answer()
            assert (answer.status, answer.code) == (413, "body_too_large")
            assert answer.header("connection") == "close" and wire.is_closed()
        with port.connect() as wire:
            answer = wire.send(head + chunk).answer()
            assert (answer.status, answer.code) == (408, "request_timeout")
            assert wire.is_closed()


def test_callers_that_leave(sim, made):
    with Listening(sim, made) as port:
        for how in ("close", "reset"):
            sim.reset()
            wire = port.connect()
            wire.send(HOLD % 1)
            sim.wait_inflight(1)
            if how == "close":
                wire.close()
            else:
                raw = socket.socket(fileno=wire.sock.detach())
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                raw.close()
            wait_for(lambda: sim.stats()["in_flight"] == 0, "the end of the call")
            left = ["close", "reset"].index(how) + 1
            wait_for(lambda: len([line for line in port.gateway.access_log() if line["end"] == "caller_left"]) == left)


def test_a_drain_finishes_what_is_under_way(sim, made):
    with Listening(sim, made) as port:
        busy, idle = port.connect(), port.connect()
        assert idle.send(GET).answer().status == 200
        half = socket.create_connection(("127.0.0.1", port.port))
        half.sendall(b"\x16")
        busy.send(HOLD % 1)
        sim.wait_inflight(1)
        port.gateway.process.terminate()
        port.gateway.wait_log("drain_begin")
        assert idle.is_closed()
        half.settimeout(20)
        assert half.recv(1) == b""
        sim.release()
        answer = busy.answer()
        assert answer.status == 200 and answer.header("connection").lower() == "close"
        assert busy.is_closed()
        assert port.gateway.wait_exit() == 0
        for wire in (busy, idle, half):
            wire.close()


# -- certificates of callers -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(running, made):
    with Listening(running, made, made.tls(client_ca=str(made.ca))) as port:
        yield port


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_caller_with_a_certificate(strict, version):
    with strict.connect(strict.keys.caller("alice"), version) as wire:
        for _ in range(2):
            answer = wire.send(b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n").answer()
            assert answer.status == 200
            line = strict.log(event="access", request_id=answer.header("x-request-id"))
            assert line["subject"] == "alice"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_callers_without(strict, version):
    before = strict.gateway.metric(HANDSHAKE_FAILURES)
    alert = strict.refuses(version=version)
    assert "CERTIFICATE_REQUIRED" in alert or "1116" in alert, alert
    strict.log(event="tls_failed", message="the caller has shown no certificate")
    assert strict.gateway.metric(HANDSHAKE_FAILURES) == before + 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("why", ["NOT trusted", "expired", "purpose"])
def test_callers_with_another(strict, version, why):
    options = {"NOT trusted": {"authority": Authority()}, "expired": {"lasts": -DAY}, "purpose": {}}[why]
    name = f"mallory-{why[:3]}-{version.name}"
    before = strict.count("tls_failed")
    assert "BAD_CERTIFICATE" in strict.refuses(cert=strict.keys.issue(name, for_callers=why != "purpose", **options), version=version)
    wait_for(lambda: strict.count("tls_failed") > before, "the line")
    line = [line for line in strict.gateway.log() if line["event"] == "tls_failed"][-1]
    assert "the caller's certificate was refused" in line["message"] and why in line["message"]
    assert not [line for line in strict.gateway.access_log() if line.get("subject") == name]


# -- what is no TLS, or too old --------------------------------------------------------------------


def test_http_in_clear_is_closed_and_counted(port):
    before = port.gateway.metric(HANDSHAKE_FAILURES)
    with Wire(("127.0.0.1", port.port)) as wire:
        assert b"HTTP" not in wire.send(GET).read_to_end()
    port.log(event="tls_failed", message="the caller does not speak TLS")
    assert port.gateway.metric(HANDSHAKE_FAILURES) == before + 1


def hello_of(port):
    """The first bytes of a caller."""
    receive, send = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = port.context().wrap_bio(receive, send, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        caller.do_handshake()
    return send.read()


def test_tls_at_a_listener_in_clear_is_refused(port):
    """libmicrohttpd says so, or closes without a word, as the random bytes in it have it."""
    for _ in range(20):
        with port.gateway.connect() as wire:
            said = wire.send(hello_of(port)).read_to_end()
            assert not said or said.startswith(b"HTTP/1.1 400 ")
    assert port.gateway.get("/healthz").status == 200


def test_a_look_whether_the_port_is_open_is_no_failure(port):
    before = port.gateway.metric(HANDSHAKE_FAILURES)
    socket.create_connection(("127.0.0.1", port.port)).close()
    assert port.ask().status == 200
    assert port.gateway.metric(HANDSHAKE_FAILURES) == before


def test_the_oldest_version_is_configured(sim, made):
    with Listening(sim, made, made.tls(min_version="1.3")) as port:
        assert port.ask(version=ssl.TLSVersion.TLSv1_3).status == 200
        port.refuses(version=ssl.TLSVersion.TLSv1_2)


def test_versions_before_1_2_are_never_spoken(port):
    for version in ("-tls1", "-tls1_1"):
        said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port.port}", version,
                               "-cipher", "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert said.returncode != 0 and b"Cipher is (NONE)" in said.stdout


# -- handshakes that never end ---------------------------------------------------------------------


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("part", ["nothing", "a byte", "half", "all"])
def test_a_handshake_has_the_time_of_a_head(sim, made, part):
    with Listening(sim, made, limits={"head_ms": 1500}) as port:
        hello = hello_of(port)
        length = {"nothing": 0, "a byte": 1, "half": len(hello) // 2, "all": len(hello)}[part]
        callers = [socket.create_connection(("127.0.0.1", port.port)) for _ in range(100)]
        for caller in callers:
            caller.sendall(hello[:length])
        assert port.ask().status == 200  # others do not wait for them
        for caller in callers:
            caller.settimeout(30)
            with caller:
                while caller.recv(65536):
                    pass
        wait_for(lambda: port.gateway.metric(HANDSHAKE_FAILURES) == 100, "the last of them")
        port.log(event="tls_failed", message="the handshake was not done in time")


def test_waiting_for_a_handshake_costs_nothing(sim, made):
    """libmicrohttpd alone would look at them a hundred times a second."""
    with Listening(sim, made, limits={"head_ms": 60000}) as port:
        callers = [socket.create_connection(("127.0.0.1", port.port)) for _ in range(200)]
        for caller in callers:
            caller.sendall(b"\x16\x03\x01")
        assert port.ask().status == 200
        before = processor_s(port.gateway.pid)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            callers[0].settimeout(1)
            callers[0].recv(1)
        assert processor_s(port.gateway.pid) - before < (time.monotonic() - began) / 4
        for caller in callers:
            caller.close()


def test_noise_at_every_point_of_a_handshake(port):
    hello = hello_of(port)
    for length in (0, 1, 5, 40, len(hello) - 1, len(hello)):
        with Wire(("127.0.0.1", port.port)) as wire:
            wire.send(hello[:length] + os.urandom(64))
            wire.half_close().read_to_end()
    assert port.ask().status == 200


# -- certificates that change ----------------------------------------------------------------------


def test_new_callers_see_the_new_certificate(sim, keys):
    with Listening(sim, keys) as port, port.connect() as old:
        assert old.name == "first"
        for name in ("second", "third"):
            keys.install(name)
            port.shows(name)
            assert old.send(GET).answer().status == 200, "who is in stays in"
        port.gateway.wait_log("certificate_read")
        assert port.gateway.metric("cspark_tls_renewals_total", result="good") == 2
        left_s = port.gateway.metric("cspark_tls_expiry_timestamp_seconds") - time.time()
        assert left_s > 0


def test_a_swapped_link_is_noticed(sim, keys):
    """As Kubernetes mounts secrets: the files are links through one that is replaced."""
    def project(name, folder):
        (keys.folder / folder).mkdir()
        for file, data in zip(("tls.crt", "tls.key"), keys.authority.issue(name)):
            private(keys.folder / folder / file, data)
        (keys.folder / "fresh").symlink_to(folder)
        (keys.folder / "fresh").rename(keys.folder / "..data")

    project("first-pod", "..one")
    for path in (keys.cert, keys.key):
        path.unlink()
        path.symlink_to(f"..data/{path.name}")
    with Listening(sim, keys) as port:
        port.shows("first-pod")
        project("second-pod", "..two")
        port.shows("second-pod")


@pytest.mark.parametrize("what", ["no certificate", "another's key", "a file of others"])
def test_a_bad_certificate_changes_nothing(sim, keys, what):
    with Listening(sim, keys) as port:
        if what == "no certificate":
            keys.cert.write_text("nothing\n")
        elif what == "another's key":
            keys.key.write_bytes(keys.issue("other").with_suffix(".key").read_bytes())
        else:
            keys.cert.unlink()
            keys.cert.mkdir()
        line = port.gateway.wait_log("certificate_rejected", deadline=20)
        assert line["level"] == "warn" and "the old certificate stays in use" in line["message"]
        with port.connect() as wire:
            assert wire.name == "first" and wire.send(GET).answer().status == 200
        assert port.gateway.metric("cspark_tls_renewals_total", result="failed") == 1
        if what == "a file of others":
            keys.cert.rmdir()
        keys.install("healed")
        port.shows("healed")


def test_whom_it_trusts_changes_too(sim, keys):
    other = Authority()
    bob = keys.caller("bob", authority=other)
    trusted = keys.folder / "trusted.crt"
    trusted.write_bytes(keys.authority.pem)
    with Listening(sim, keys, keys.tls(client_ca=str(trusted))) as port:
        port.refuses(cert=bob)
        trusted.write_bytes(other.pem)
        port.gateway.wait_log("certificate_read", deadline=20)

        def is_in():
            try:
                return port.ask(cert=bob).status == 200
            except (ssl.SSLError, ConnectionError, Closed):
                return False

        wait_for(is_in, "bob", 20)
        port.refuses(cert=keys.caller("alice"))


@pytest.mark.concurrency
def test_no_caller_notices_a_renewal(sim, keys):
    with Listening(sim, keys) as port:
        context, good = port.context(), []

        def call(_):
            while len(names) < 3:
                with SecureWire(port.port, context, 60, port.gateway._note) as wire:
                    for _ in range(3):
                        assert wire.send(GET).answer().status == 200
                        good.append(wire.name)

        def renew():
            for turn in range(2):
                keys.install(f"turn-{turn}")
                port.shows(f"turn-{turn}")
                names.append(turn)
            names.append("end")

        names = []
        together(5, lambda number: renew() if number == 0 else call(number))
        assert {"first", "turn-0"} <= set(good)


# -- reload ----------------------------------------------------------------------------------------


def test_a_reload_turns_it_on_and_off(sim, keys):
    listening = Listening(sim, keys)
    with listening as port, port.connect() as old:
        listening.gateway.reload(config_of([tenant_of(sim)], listeners=[
            {"address": f"127.0.0.1:{listening.clear}"}, {"address": f"127.0.0.1:{listening.port}"}]))
        with Wire(("127.0.0.1", port.port), 30, port.gateway._note) as wire:
            assert wire.send(GET).answer().status == 200
        assert old.send(GET).answer().status == 200, "who is in stays in"
        assert "restart_needed" not in listening.reload()
        assert port.ask().status == 200


def test_a_reload_asks_for_certificates(sim, keys):
    listening = Listening(sim, keys)
    with listening as port:
        assert port.ask().status == 200
        listening.reload(keys.tls(client_ca=str(keys.ca)))
        port.refuses()
        assert port.ask(cert=keys.caller("alice")).status == 200


def test_a_reload_with_a_bad_certificate_is_none(sim, keys):
    listening = Listening(sim, keys)
    with listening as port:
        line = listening.reload({"cert": str(keys.key), "key": str(keys.key)}, "reload_failed")
        assert "holds no certificate in PEM" in line["reasons"]
        assert port.ask().status == 200


def test_a_listener_that_speaks_tls_may_come_later(sim, keys):
    listening = Listening(sim, keys)
    port = Port(listening.gateway, listening.port, keys)
    clear = listening.listeners()[:1]
    top = {"workers": 2, "state_dir": str(keys.folder)}  # the sandbox lets it read there
    with csparkd(sim, listen=False, port=listening.clear, listeners=clear, top=top) as gateway:
        port.gateway = gateway
        gateway.reload(config_of([tenant_of(sim)], listeners=listening.listeners(), top=top))
        for _ in range(8):
            assert port.ask().status == 200
        gateway.baseline = gateway.descriptors()  # there is more now


# -- configuration ---------------------------------------------------------------------------------


def checked(tmp_path, listener):
    file = tmp_path / "csparkd.conf"
    file.touch(0o600)
    file.write_text(config_of([{"base_url": "https://spark.example/t", "auth": {"open": True}}], listeners=[listener]))
    done = subprocess.run([BUILD / "csparkd", "-c", file, "--check"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("changes,words", [
    ({"key": None}, "tls needs both cert and key; key is missing"),
    ({"cert": None}, "tls needs both cert and key; cert is missing"),
    ({"cert": None, "key": None, "client_ca": "ca.crt"}, "both are missing"),
    ({"cert": "nowhere"}, "No such file"),
    ({"cert": "tls.key"}, "holds no certificate in PEM"),
    ({"key": "tls.crt"}, "holds no private key in PEM"),
    ({"key": "other.key"}, "the key is not that of the certificate"),
    ({"key": "locked.key"}, "has a passphrase"),
    ({"client_ca": "tls.key"}, "holds no certificate in PEM"),
    ({"min_version": "1.1"}, "1.2"),
    ({"cipher": "x"}, "cipher")])
def test_mistakes_are_told(keys, tmp_path, changes, words):
    keys.issue("other")
    subprocess.run(["openssl", "pkey", "-in", keys.key, "-aes256", "-passout", "pass:x", "-out", tmp_path / "locked.key"],
                   check=True, capture_output=True)
    tls = {**keys.tls(), **{name: str(tmp_path / value) if "." in str(value) and name != "min_version" else value
                            for name, value in changes.items()}}
    status, said = checked(tmp_path, {"address": "127.0.0.1:8443", "tls": {k: v for k, v in tls.items() if v is not None}})
    assert status == 78 and words in said, said


def test_a_unix_socket_has_no_tls(keys, tmp_path):
    status, said = checked(tmp_path, {"address": f"unix:{tmp_path}/s", "tls": keys.tls()})
    assert status == 78 and "tls has no place on a unix socket" in said


def test_what_is_odd_is_told(keys, tmp_path):
    status, said = checked(tmp_path, {"address": "127.0.0.1:8443", "tls": keys.tls()})
    assert status == 0 and "warning" not in said
    keys.install("late", lasts=-DAY)
    keys.key.chmod(0o644)
    status, said = checked(tmp_path, {"address": "0.0.0.0:8443", "unsafe_listen": True, "tls": keys.tls()})
    assert status == 0
    for words in ("expired at 20", "can be read by others; chmod", "can be reached by other hosts, and callers are not auth"):
        assert words in said, said
    said = checked(tmp_path, {"address": "0.0.0.0:8443", "unsafe_listen": True, "tls": keys.tls(client_ca=str(keys.ca))})[1]
    assert "can be reached by other hosts, who need a certificate" in said


def test_the_printed_configuration_can_be_used(keys, tmp_path):
    file = tmp_path / "csparkd.conf"
    file.touch(0o600)
    listeners = [{"address": "127.0.0.1:8443", "tls": keys.tls(min_version="1.3")}, {"address": "127.0.0.1:8080"}]
    file.write_text(config_of([{"base_url": "https://spark.example/t", "auth": {"open": True}}], listeners=listeners))
    texts = []
    for _ in range(2):
        texts.append(subprocess.run([BUILD / "csparkd", "-c", file, "--print-config"], capture_output=True, text=True,
                                    check=True, timeout=60).stdout)
        file.write_text(texts[-1])
    assert texts[0] == texts[1] and texts[0].count("tls = {") == 1
