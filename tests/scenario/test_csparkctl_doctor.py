"""csparkctl doctor: every fault made on purpose, its verdict and remedy; and no secret in what is printed."""

import email.utils
import json
import os
import socketserver
import threading
import time
from pathlib import Path

import pytest
from configured import libconfig, tenant_of
from gateway import BUILD, Gateway, free_port
from simulator import Simulator
from test_csparkctl import Handler, Server, run

WELL, WARNINGS, FAULTS = 0, 1, 4
EMPTY = "\r\nContent-Length: 0\r\n\r\n"
SECRET = "do-not-print-this-secret"


class Report:
    """What doctor says, by check; both ways of saying it agree."""

    def __init__(self, *args, env=None, secrets=(SECRET,)):
        env = {"PATH": f"{BUILD}:{os.environ['PATH']}", **(env or {})}
        done = run("doctor", "--json", *args, env=env)
        self.text = run("doctor", *args, env=env)
        assert self.text.returncode == done.returncode, (done, self.text)
        assert done.stderr == self.text.stderr == b""
        for secret in secrets:
            assert secret.encode() not in done.stdout + self.text.stdout
        assert b"\033" not in self.text.stdout
        self.code = done.returncode
        document = json.loads(done.stdout)
        self.verdict, self.checks = document["verdict"], document["checks"]
        assert all((check["verdict"] in ("warning", "fault")) == (check["remedy"] is not None) for check in self.checks)
        assert self.verdict == {WELL: "ok", WARNINGS: "warning", FAULTS: "fault"}[self.code]

    def of(self, *verdicts):
        return {check["check"] for check in self.checks if check["verdict"] in verdicts}

    def find(self, name, verdict):
        """The detail and remedy of a check that has this verdict, and is in the text with it."""
        [check] = [one for one in self.checks if (one["check"], one["verdict"]) == (name, verdict)]
        line = f"{verdict:<8} {name:<14} "
        assert line in self.text.stdout.decode()
        if check["remedy"]:
            assert f"-> {check['remedy']}\n" in self.text.stdout.decode()
        return check["detail"], check["remedy"]


@pytest.fixture(scope="module")
def own_sim():
    with Simulator("--client-secret", SECRET) as simulator:
        simulator.client_secret = SECRET
        yield simulator


@pytest.fixture
def configured(tmp_path):
    """A configuration with the secret in a file."""

    def write(sim, secret=SECRET, top="", **settings):
        (tmp_path / "secret").write_text(secret + "\n")
        (tmp_path / "secret").chmod(0o600)
        auth = {"client_id": sim.client_id, "client_secret_file": str(tmp_path / "secret")}
        tenant = tenant_of(sim, **{"auth": auth, "connect_timeout_ms": 20000, **settings})
        path = tmp_path / "csparkd.conf"
        path.write_text(f"state_dir = {json.dumps(str(tmp_path))};\ntenants = {libconfig([tenant])};\n"
                        f"limits = {{ max_connections = 64; max_in_flight = 16; }};\n{top}")
        path.chmod(0o600)
        return str(path)

    return write


@pytest.fixture
def daemon(own_sim):
    with Gateway(env=own_sim.oauth_env(), secrets=[SECRET]) as gateway:
        yield gateway


def test_nothing_is_wrong(own_sim, configured, daemon):
    report = Report("-c", configured(own_sim), "--url", daemon.url)
    assert report.code == WELL, report.checks
    assert report.of("ok") == {"configuration", "secrets", "state_dir", "open files", "daemon", "proxy", "dns", "route",
                               "tls", "clock", "token", "health", "call"}
    assert "OAuth client credentials: a token for 7" in report.find("token", "ok")[0]
    assert b"Nothing is wrong." in report.text.stdout


def test_the_environment_will_do(own_sim, daemon):
    report = Report("--url", daemon.url, env=own_sim.oauth_env())
    assert report.of("fault", "skipped") == set()
    assert "the environment is good" in report.find("configuration", "ok")[0]
    assert report.find("call", "ok")


def test_the_daemon_tells_what_nobody_else_does(daemon):
    report = Report("--url", daemon.url)
    if "configuration" not in report.of("skipped"):  # csparkd is installed here, with a configuration
        return
    assert report.of("fault") == set()
    assert "the daemon's is valid" in report.find("token", "ok")[0]


def test_without_csparkd_the_environment_is_used(own_sim, configured, daemon):
    report = Report("--url", daemon.url, env={**own_sim.oauth_env(), "PATH": "/usr/bin:/bin"})
    assert report.of("fault") == set() and report.find("call", "ok")
    if "configuration" not in report.of("ok"):  # in some builds csparkd is beside csparkctl
        assert "neither beside csparkctl nor in PATH" in report.find("configuration", "skipped")[0]
        report = Report("-c", configured(own_sim), "--url", daemon.url, env={"PATH": "/usr/bin:/bin"})
        assert "into PATH" in report.find("configuration", "warning")[1]


def test_the_daemon_is_down(own_sim, configured):
    url = f"http://127.0.0.1:{free_port()}"
    report = Report("-c", configured(own_sim), "--url", url)
    detail, remedy = report.find("daemon", "fault")
    assert url in detail and "Connection refused" in detail and "Start csparkd" in remedy
    assert report.code == FAULTS and report.of("fault") == {"daemon"}


def test_the_daemon_is_found_by_its_configuration(own_sim, configured):
    port = free_port()
    config = configured(own_sim, top=f'listeners = ( {{ address = "127.0.0.1:{port}"; }} );')
    with Gateway(Path(config).read_text(), listen=False, port=port, secrets=[SECRET]):
        assert f"http://127.0.0.1:{port}" in Report("-c", config).find("daemon", "ok")[0]


def test_a_bad_configuration(own_sim, configured, daemon):
    report = Report("-c", configured(own_sim, timout_ms=3), "--url", daemon.url)
    detail, remedy = report.find("configuration", "fault")
    assert "timout_ms" in detail and "csparkd.conf(5)" in remedy and report.code == FAULTS


def test_one_remedy_for_several_faults_is_said_once(own_sim, configured, daemon):
    report = Report("-c", configured(own_sim, timout_ms=3, retri=4), "--url", daemon.url)
    faults = [one for one in report.checks if (one["check"], one["verdict"]) == ("configuration", "fault")]
    assert len(faults) == 2 and all("csparkd.conf(5)" in one["remedy"] for one in faults)
    assert report.text.stdout.count(b"csparkd.conf(5)") == 1


def test_a_configuration_that_is_not_there(daemon):
    report = Report("-c", "/nowhere/csparkd.conf", "--url", daemon.url)
    assert "/nowhere/csparkd.conf" in report.find("configuration", "fault")[0]


def test_a_secret_in_the_configuration_is_a_warning(own_sim, configured, daemon):
    auth = {"client_id": own_sim.client_id, "client_secret": SECRET}
    report = Report("-c", configured(own_sim, auth=auth), "--url", daemon.url)
    assert report.code == WARNINGS
    assert "a file of its own" in report.find("configuration", "warning")[0]
    assert "cannot be seen here" in report.find("token", "ok")[0]


def test_a_wrong_secret(own_sim, configured, daemon):
    report = Report("-c", configured(own_sim, secret="another-secret-text"), "--url", daemon.url,
                    secrets=("another-secret-text", SECRET))
    detail, remedy = report.find("token", "fault")
    assert "unauthorized_client" in detail and "Check client id and secret" in remedy
    assert report.of("fault") == {"token"} and report.find("call", "skipped")


def test_a_secret_that_all_can_read(own_sim, configured, daemon, tmp_path):
    config = configured(own_sim)
    (tmp_path / "secret").chmod(0o660)
    assert "can be written by others" in Report("-c", config, "--url", daemon.url).find("secrets", "warning")[0]
    (tmp_path / "secret").chmod(0o644)
    report = Report("-c", config, "--url", daemon.url)
    assert report.code == FAULTS and "can be read by others" in report.find("configuration", "fault")[0]


def test_a_token_that_is_refused(own_sim, configured, daemon):
    report = Report("-c", configured(own_sim, auth={"api_key": SECRET}), "--url", daemon.url,
                    env={"CSPARK_API_KEY": "wrong-key-of-the-environment"},
                    secrets=(SECRET, "wrong-key-of-the-environment"))
    assert "API key" in report.find("token", "ok")[0]
    detail, remedy = report.find("call", "fault")
    assert "credentials_refused" in detail and "Check client id and secret" in remedy


def test_a_name_that_does_not_exist(own_sim, configured, daemon):
    report = Report("-c", configured(own_sim, base_url="https://excel.spark.invalid/my-tenant"), "--url", daemon.url)
    details = [check["detail"] for check in report.checks if (check["check"], check["verdict"]) == ("dns", "fault")]
    assert any("excel.spark.invalid, the host of base_url" in detail for detail in details)
    assert report.code == FAULTS and report.find("call", "skipped")


def test_a_port_that_nobody_listens_on(own_sim, configured, daemon):
    base_url = f"http://127.0.0.1:{free_port()}/my-tenant"
    report = Report("-c", configured(own_sim, base_url=base_url), "--url", daemon.url)
    detail, remedy = report.find("route", "fault")
    assert "Connection refused" in detail and "firewalls" in remedy and report.of("fault") == {"route"}


def test_a_token_endpoint_elsewhere_that_is_dead(own_sim, configured, daemon):
    token_url = f"http://127.0.0.1:{free_port()}/token"
    report = Report("-c", configured(own_sim, token_url=token_url), "--url", daemon.url)
    assert "the host of token_url: Connection refused" in report.find("route", "fault")[0]
    assert report.find("route", "ok") and report.find("token", "skipped")


def test_a_dead_proxy(own_sim, configured, daemon):
    proxy = f"http://user:{SECRET}@127.0.0.1:{free_port()}"
    report = Report("-c", configured(own_sim), "--url", daemon.url, env={"http_proxy": proxy})
    detail, remedy = report.find("proxy", "fault")
    assert "named by http_proxy: Connection refused" in detail and "NO_PROXY" in remedy
    assert report.of("fault") == {"proxy"} and report.find("dns", "skipped") and report.find("route", "skipped")
    report = Report("-c", configured(own_sim), "--url", daemon.url, env={"http_proxy": proxy, "NO_PROXY": "127.0.0.1"})
    assert report.code == WELL


def test_a_tenant_that_does_not_exist(own_sim, configured, daemon):
    base_url = own_sim.base_url.replace("my-tenant", "another-tenant")
    report = Report("-c", configured(own_sim, base_url=base_url), "--url", daemon.url)
    assert "answered with status 404" in report.find("token", "fault")[0]
    detail, remedy = report.find("daemon", "warning")
    assert "another-tenant" in detail and "my-tenant" in detail and remedy.startswith("Reload csparkd")


# ---- calls


@pytest.fixture
def moody(own_sim):
    """The simulator in a mood, for one kind of call."""
    yield lambda operation, mood: own_sim.mood("*", mood, operation=operation, times=9)
    own_sim.reset()


def test_a_client_that_may_not_list(own_sim, configured, daemon, moody):
    moody("services.search", "status-403")
    report = Report("-c", configured(own_sim), "--url", daemon.url)
    detail, remedy = report.find("call", "warning")
    assert "may not list services (HTTP 403)" in detail and "permission" in remedy and report.code == WARNINGS


@pytest.mark.parametrize("operation, check", [("services.search", "call"), ("health.check", "health")])
@pytest.mark.parametrize("mood, code, helps", [("status-500", "spark_error", "status page"),
                                               ("html", "upstream_garbled", "base_url")])
def test_calls_that_fail(own_sim, configured, daemon, moody, operation, check, mood, code, helps):
    moody(operation, mood)
    report = Report("-c", configured(own_sim), "--url", daemon.url)
    detail, remedy = report.find(check, "fault")
    assert code in detail and helps in remedy and report.of("fault") == {check}


def test_a_token_endpoint_that_answers_nonsense(own_sim, configured, daemon):
    own_sim.token(fault="malformed-json", times=9)
    try:
        report = Report("-c", configured(own_sim), "--url", daemon.url)
    finally:
        own_sim.reset()
    assert "token_url" in report.find("token", "fault")[1] and report.find("call", "skipped")


# ---- what the daemon sees


def test_a_caller_token(own_sim, configured, tmp_path):
    badge = tmp_path / "badge"
    badge.write_text("the-token-of-the-listener")
    badge.chmod(0o600)
    port = free_port()
    config = configured(own_sim, top="listeners = " + libconfig(
        [{"address": f"127.0.0.1:{port}", "caller_token_file": str(badge)}]) + ";\n")
    url = f"http://127.0.0.1:{port}"
    with Gateway(Path(config).read_text(), listen=False, port=port, secrets=[SECRET]) as gateway:
        gateway.badge = {"X-Cspark-Token": badge.read_text()}
        assert url in Report("-c", config).find("daemon", "ok")[0]
        for args, env in (["--url", url], {}), ([], {"CSPARK_CALLER_TOKEN": "a-wrong-token"}):
            report = Report("-c", config, *args, env=env, secrets=[SECRET, "a-wrong-token", badge.read_text()])
            detail, remedy = report.find("daemon", "warning")
            assert "caller_unknown" in detail and "CSPARK_CALLER_TOKEN_FILE" in remedy
        assert Report("--url", url, env={"CSPARK_CALLER_TOKEN": badge.read_text()}).find("daemon", "ok")


def test_a_listener_that_does_not_tell(own_sim, configured):
    port = free_port()
    config = configured(own_sim, top="listeners = " + libconfig(
        [{"address": f"127.0.0.1:{free_port()}", "allow": ["execute"]}, {"address": f"127.0.0.1:{port}"}]) + ";\n")
    with Gateway(Path(config).read_text(), listen=False, port=port, secrets=[SECRET]):
        report = Report("-c", config)
    assert "operation_disabled" in report.find("daemon", "skipped")[0] and report.code == WELL


def test_something_else_at_the_address(own_sim, configured):
    url = own_sim.base_url.rsplit("/", 1)[0]
    detail, remedy = Report("-c", configured(own_sim), "--url", url).find("daemon", "fault")
    assert "this is not csparkd" in detail and "--url" in remedy


@pytest.fixture
def scripted(own_sim, daemon):
    """A daemon that says what it is told to: {path: (status, text)}."""

    class Scripted(Handler):
        def do_GET(self):
            status, text = self.server.pages.get(self.path, (404, ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    server = Server(socketserver.ThreadingTCPServer, ("127.0.0.1", 0))
    server.server.RequestHandlerClass = Scripted
    server.url = f"http://127.0.0.1:{server.server.server_address[1]}"
    server.status = json.loads(daemon.get("/status").body)
    server.status["tenants"][0]["base_url"] = own_sim.base_url
    yield server
    server.close()


def change(status, path, value):
    for name in path[:-1]:
        status = status[name]
    status[path[-1]] = value


@pytest.mark.parametrize("path, value, verdict, says, helps", [
    (["draining"], True, "warning", "told to stop; its state is ready", "Start it anew"),
    (["version"], "0.0.1", "warning", "version 0.0.1", "Restart csparkd"),
    (["reloads", "last_failed"], True, "warning", "its last reload failed", "--check"),
    (["tenants", 0, "token", "state"], "refused", "fault", "its credentials are refused", "Correct the credentials"),
    (["tenants", 0, "token", "state"], "none", "warning", "it has no token", "log"),
    (["tenants", 0, "base_url"], "https://old.example/t", "warning", "its base_url is https://old.example/t", "Reload"),
])
def test_what_the_daemon_says_of_itself(own_sim, configured, scripted, path, value, verdict, says, helps):
    change(scripted.status, path, value)
    scripted.server.pages = {"/status": (200, json.dumps(scripted.status))}
    detail, remedy = Report("-c", configured(own_sim), "--url", scripted.url).find("daemon", verdict)
    assert says in detail and helps in remedy


@pytest.mark.parametrize("metric, verdict, says", [
    ("cspark_breaker_open", "warning", "it asks Spark nothing"),
    ("cspark_token_latched", "fault", "its credentials are refused"),
])
def test_what_the_daemons_metrics_say(own_sim, configured, scripted, metric, verdict, says):
    scripted.server.pages = {"/status": (200, json.dumps(scripted.status)),
                             "/metrics": (200, f'{metric}{{tenant="default"}} 1\n{metric}{{tenant="other"}} 0\n')}
    assert says in Report("-c", configured(own_sim), "--url", scripted.url).find("daemon", verdict)[0]


def test_a_daemon_that_is_stopping_does_not_say_more(own_sim, configured, scripted):
    scripted.server.pages = {"/status": (503, json.dumps({"code": "draining", "detail": "this gateway is stopping"}))}
    detail, remedy = Report("-c", configured(own_sim), "--url", scripted.url).find("daemon", "warning")
    assert "(draining)" in detail and "ask again" in remedy


def test_nonsense_instead_of_a_status(own_sim, configured, scripted):
    for text in "", "[]", "{", '"text"', '{"tenants":3}':
        scripted.server.pages = {"/status": (200, text)}
        Report("-c", configured(own_sim), "--url", scripted.url).of("fault")


# ---- credentials of systemd's unit


def test_the_files_of_the_unit(own_sim, configured, daemon, tmp_path):
    auth = {"client_id": own_sim.client_id, "client_secret_file": "credential:secret_spark"}
    config = configured(own_sim, auth=auth)
    (tmp_path / "csparkd.secrets").mkdir(mode=0o700)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "secret").rename(tmp_path / "csparkd.secrets" / "spark")
    report = Report("-c", config, "--url", daemon.url, env={"TMPDIR": str(tmp_path / "tmp")})
    assert report.code == WELL, report.checks
    assert f"{tmp_path}/csparkd.secrets/spark has mode 0600" in report.find("secrets", "ok")[0]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_credentials_that_nobody_has(own_sim, configured, daemon):
    auth = {"client_id": own_sim.client_id, "client_secret_file": "credential:secret_spark"}
    report = Report("-c", configured(own_sim, auth=auth), "--url", daemon.url)
    assert report.code == FAULTS
    assert "CREDENTIALS_DIRECTORY" in json.dumps([one for one in report.checks if one["check"] == "configuration"])


# ---- certificates


@pytest.fixture(scope="module")
def secure(certificates):
    """Simulators with certificates, by name."""
    running = {}
    for name in ("good", "expired", "other_host", "unknown"):
        running[name] = Simulator("--client-secret", SECRET, *map(str, getattr(certificates, name).options))
        running[name].__enter__()
    yield running
    for simulator in running.values():
        simulator.__exit__(None)


def test_a_good_certificate(secure, configured, daemon, certificates):
    report = Report("-c", configured(secure["good"], name="good", ca_file=str(certificates.ca)), "--url", daemon.url)
    assert report.code == WELL, report.checks
    detail, _ = report.find("tls", "ok")
    assert "issued by \"" in detail and "trustme" in detail and "valid until 20" in detail


@pytest.mark.parametrize("name, says, helps", [
    ("expired", "it has expired", "renew the certificate"),
    ("other_host", "it is for another host", "Use the name"),
    ("unknown", "who signed it is unknown", "ca_file"),
])
def test_a_certificate_that_is_no_good(secure, configured, daemon, certificates, name, says, helps):
    report = Report("-c", configured(secure[name], ca_file=str(certificates.ca)), "--url", daemon.url)
    detail, remedy = report.find("tls", "fault")
    assert says in detail and "trustme" in detail and helps in remedy
    assert report.of("fault") == {"tls"} and report.find("token", "skipped") and report.find("route", "ok")
    assert ("to 2020-01-01" in detail) == (name == "expired")


def test_the_wrong_authority(secure, configured, daemon):
    report = Report("-c", configured(secure["good"]), "--url", daemon.url)
    assert "who signed it is unknown" in report.find("tls", "fault")[0]


@pytest.fixture
def stubborn():
    """Answers the same to whatever comes: its port, by what it says."""

    class Stubborn(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(self.server.words)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stubborn) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()

        def says(words):
            server.words = words
            return server.server_address[1]

        yield says
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status, says, helps", [
    ("407 Proxy Authentication Required", "wants a password", "user and password"),
    ("403 Forbidden", "refuses excel.spark.invalid with HTTP 403", "NO_PROXY"),
])
def test_a_proxy_that_says_no(own_sim, configured, daemon, stubborn, status, says, helps):
    proxy = f"http://127.0.0.1:{stubborn(f'HTTP/1.1 {status}{EMPTY}'.encode())}"
    report = Report("-c", configured(own_sim, base_url="https://excel.spark.invalid/my-tenant", proxy=proxy), "--url",
                    daemon.url)
    proxies = [one for one in report.checks if (one["check"], one["verdict"]) == ("proxy", "fault")]
    assert proxies and all(says in one["detail"] and helps in one["remedy"] for one in proxies)
    assert report.of("fault") == {"proxy"}


def test_a_server_that_speaks_no_http(own_sim, configured, daemon, stubborn):
    base_url = f"http://127.0.0.1:{stubborn(b'220 mail.example ESMTP')}/my-tenant"
    report = Report("-c", configured(own_sim, base_url=base_url), "--url", daemon.url)
    detail, remedy = report.find("answer", "fault")
    assert "does not speak HTTP" in detail and "port" in remedy and report.of("fault") == {"answer"}


def test_no_tls_where_it_is_expected(own_sim, configured, daemon, stubborn):
    base_url = f"https://127.0.0.1:{stubborn(f'HTTP/1.1 400 Bad Request{EMPTY}'.encode())}/my-tenant"
    report = Report("-c", configured(own_sim, base_url=base_url), "--url", daemon.url)
    assert "speaks TLS" in report.find("tls", "fault")[1]
    assert report.find("route", "ok") and report.of("fault") == {"tls"}


# ---- clocks


class Clock(Handler):
    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + self.server.ahead_s, usegmt=True)


@pytest.fixture
def clock():
    server = Server(socketserver.ThreadingTCPServer, ("127.0.0.1", 0))
    server.server.RequestHandlerClass = Clock
    server.answer(200, "{}")
    yield server
    server.close()


@pytest.mark.parametrize("ahead_s, verdict, says", [
    (0, "ok", "agrees with"), (-100, "warning", "ahead of 127"), (600, "fault", "behind 127"),
    (-7200, "fault", "ahead of 127")])
def test_clocks(clock, configured, own_sim, daemon, ahead_s, verdict, says):
    clock.server.ahead_s = ahead_s
    base_url = f"http://127.0.0.1:{clock.server.server_address[1]}/my-tenant"
    config = configured(own_sim, name="clock", base_url=base_url, auth={"open": True})
    report = Report("-c", config, "--url", daemon.url)
    detail, remedy = report.find("clock", verdict)
    assert says in detail
    assert remedy is None if verdict == "ok" else "NTP" in remedy
    assert report.code == {"ok": WELL, "warning": WARNINGS, "fault": FAULTS}[verdict], report.checks


# ---- the rest


def test_several_tenants_are_told_apart(own_sim, configured, daemon, tmp_path):
    config = configured(own_sim)
    bad = tenant_of(own_sim, name="broken", base_url=f"http://127.0.0.1:{free_port()}/t", auth={"open": True})
    good = tenant_of(own_sim, name="sound", auth={"client_id": own_sim.client_id,
                                                  "client_secret_file": str(tmp_path / "secret")})
    Path(config).write_text(f"tenants = {libconfig([good, bad])};\n")
    report = Report("-c", config, "--url", daemon.url)
    assert [check["tenant"] for check in report.checks if check["check"] == "route"] == ["sound", "broken"]
    assert report.of("fault") == {"route"}
    assert b"fault    route          broken: no connection" in report.text.stdout


def test_a_state_folder_that_cannot_be_written(own_sim, configured, daemon):
    config = configured(own_sim)
    Path(config).write_text(Path(config).read_text().replace(f'"{Path(config).parent}"', '"/nowhere"'))
    report = Report("-c", config, "--url", daemon.url)
    assert "/nowhere" in json.dumps([check for check in report.checks if check["verdict"] == "fault"])


def test_usage():
    done = run("doctor", "--help")
    assert done.returncode == 0 and b"usage: csparkctl doctor" in done.stdout
    assert run("doctor", "please").returncode == 2
    assert run("help", "doctor").stdout == done.stdout
