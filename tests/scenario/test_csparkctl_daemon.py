"""csparkctl with the real daemon in front of the simulator; and the same calls without the daemon."""

import json

import pytest
from configured import csparkd
from gateway import Gateway, free_port
from keys import Keys
from simulator import Simulator
from test_csparkctl import ANSWERED, OK, UNREACHABLE, run

SERVICE = "my-folder/volume-cylinder"
VARYING = ("call_id", "request_timestamp", "process_time")


@pytest.fixture(scope="module")
def sim():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def environment(sim):
    return {"CSPARK_BASE_URL": f"{sim.url}/{sim.tenant}", "CSPARK_CLIENT_ID": sim.client_id,
            "CSPARK_CLIENT_SECRET": sim.client_secret}


@pytest.fixture(scope="module")
def gateway(environment):
    with Gateway(env=environment) as daemon:
        yield daemon


@pytest.fixture
def ctl(gateway):
    return lambda *args, **options: run("--url", gateway.url, *args, **options)


def test_one_record_is_executed(ctl):
    done = ctl("execute", SERVICE, "radius=3", "height=4")
    assert (done.returncode, done.stderr) == (OK, b"")
    assert b'{"outputs":{"volume":113.097},' in done.stdout


def test_formats_come_as_they_are(ctl):
    assert ctl("execute", SERVICE, "radius=3", "height=4", "--format", "text", "--outputs", "volume").stdout == b"113.097\n"
    table = ctl("execute", SERVICE, "--file", "-", "--type", "text/csv", "--format", "csv", stdin=b"radius,height\n3,4\n1,1\n")
    assert table.stdout.split() == [b"volume", b"113.097", b"3.142"]
    lines = ctl("execute", SERVICE, "--json", '[{"radius":3,"height":4}]', "--format", "ndjson").stdout
    assert [json.loads(line)["outputs"] for line in lines.splitlines()] == [{"volume": 113.097}]


@pytest.mark.parametrize("shape", ["simple", "alike", "original"])
@pytest.mark.parametrize("inputs", ['{"radius":3,"height":4}', '[{"radius":3,"height":4},{"radius":1}]'])
def test_the_daemon_and_the_library_agree(ctl, environment, shape, inputs):
    def comparable(done):
        assert done.returncode == OK, done.stderr
        return drop(json.loads(done.stdout))

    def drop(value):
        if isinstance(value, dict):
            return {name: drop(member) for name, member in value.items() if name not in VARYING}
        return value

    args = ("execute", SERVICE, "--json", inputs, "--shape", shape, "--correlation", "abc")
    assert comparable(ctl(*args)) == comparable(run(*args, "--direct", env=environment))


def test_every_locator_names_the_same_service(ctl, environment):
    ids = json.loads(ctl("execute", SERVICE, "radius=3").stdout)
    locators = [SERVICE, f"{SERVICE}[{ids['version']}]", "folders/my-folder/services/volume-cylinder",
                "service/" + ids["service_id"], "version/" + ids["version_id"]]
    for locator in locators:
        for done in (ctl("execute", locator, "radius=3"), run("execute", locator, "radius=3", "--direct", env=environment)):
            assert done.returncode == OK, done.stderr
            assert json.loads(done.stdout)["version_id"] == ids["version_id"]


def test_problems_say_the_way_out(ctl):
    done = ctl("execute", "my-folder/nothing", "radius=3")
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert b"(spark_rejected, HTTP 404)" in done.stderr
    assert b"Spark says: SERVICE_NOT_FOUND" in done.stderr
    done = ctl("execute", SERVICE, "--json", "{\n!")
    assert done.returncode == ANSWERED
    assert b"line 2, column 1" in done.stderr


def test_status_and_health(ctl):
    assert json.loads(ctl("status", "--json").stdout)["version"]
    assert ctl("status").stdout.startswith(b"version: ")
    assert ctl("health").returncode == OK
    assert ctl("health", "--ready", "--quiet").returncode == OK


def test_a_unix_listener_and_a_daemon_that_left(environment, tmp_path):
    path, port = f"unix:{tmp_path}/s", free_port()
    config = f'listeners = ( {{ address = "127.0.0.1:{port}"; }}, {{ address = "{path}"; }} );'
    with Gateway(config, env=environment, listen=False, port=port):
        assert run("--url", path, "execute", SERVICE, "radius=3").returncode == OK
        assert run("--url", path, "health", "--ready").returncode == OK
    assert run("--url", path, "health", "--ready").returncode == UNREACHABLE


def test_a_listener_that_wants_a_token(environment, tmp_path):
    port, file = free_port(), tmp_path / "token"
    file.touch(0o600)
    file.write_text("the-caller-token\n")
    config = f'listeners = ( {{ address = "127.0.0.1:{port}"; caller_token_file = "{file}"; }} );'
    with Gateway(config, env=environment, port=port, listen=False, secrets=["the-caller-token"]) as gateway:
        gateway.badge = {"X-Cspark-Token": "the-caller-token"}
        for env in ({"CSPARK_CALLER_TOKEN": "the-caller-token"}, {"CSPARK_CALLER_TOKEN_FILE": str(file)}):
            done = run("--url", gateway.url, "execute", SERVICE, "radius=3", "height=4", env=env)
            assert (done.returncode, done.stderr) == (OK, b"")
        done = run("--url", gateway.url, "execute", SERVICE, "radius=3", "height=4")
        assert done.returncode != OK and b"caller_unknown" in done.stderr


# -- by TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_tls(sim, tmp_path_factory):
    """A daemon that wants certificates, and a second listener in clear."""
    keys = Keys(tmp_path_factory.mktemp("keys"))
    keys.install("gateway")
    clear, port = free_port(), free_port()
    listeners = [{"address": f"127.0.0.1:{clear}"},
                 {"address": f"127.0.0.1:{port}", "tls": keys.tls(client_ca=str(keys.ca))}]
    with csparkd(sim, listen=False, port=clear, listeners=listeners):
        yield f"https://127.0.0.1:{port}", keys


def test_it_speaks_tls(by_tls):
    url, keys = by_tls
    cert = keys.caller("alice")
    options = ("--cacert", keys.ca, "--cert", cert, "--key", cert.with_suffix(".key"))
    done = run("--url", url, *options, "execute", SERVICE, "radius=3", "height=4")
    assert (done.returncode, done.stderr) == (OK, b"") and b'"volume":113.097' in done.stdout
    both = keys.folder / "both.pem"
    both.write_bytes(cert.read_bytes() + cert.with_suffix(".key").read_bytes())
    env = {"CSPARKD_URL": url, "CSPARKD_CACERT": str(keys.ca), "CSPARKD_CERT": str(both)}
    done = run("health", env=env)
    assert done.returncode == OK, done.stderr
    large = json.dumps([{"radius": number} for number in range(20000)]).encode()
    done = run("execute", SERVICE, "--file", "-", "--format", "ndjson", stdin=large, env=env)
    assert done.returncode == OK and len(done.stdout.splitlines()) == 20000, done.stderr


@pytest.mark.parametrize("how,words", [
    ("another CA", b"certificate is not trusted (--cacert says whom to trust)"),
    ("no CA", b"certificate is not trusted"),
    ("no certificate", b"the daemon wants a certificate that it trusts (--cert, --key)"),
    ("another's certificate", b"the daemon wants a certificate that it trusts"),
    ("no file", b"No such file"),
    ("a key alone", b"--key needs --cert"),
    ("in clear", b"no TLS with the daemon")])
def test_it_tells_why_there_is_no_tls(by_tls, gateway, tmp_path, how, words):
    url, keys = by_tls
    other = Keys(tmp_path)
    options = {"another CA": ["--cacert", other.ca], "no CA": [], "no certificate": ["--cacert", keys.ca],
               "no file": ["--cacert", tmp_path / "nothing"], "a key alone": ["--cacert", keys.ca, "--key", keys.key],
               "in clear": ["--cacert", keys.ca]}.get(how)
    if how == "another's certificate":
        cert = other.caller("mallory")
        options = ["--cacert", keys.ca, "--cert", cert, "--key", cert.with_suffix(".key")]
    if how == "in clear":
        url = gateway.url.replace("http:", "https:")
    done = run("--url", url, *options, "status")
    assert done.returncode == UNREACHABLE and words in done.stderr, done.stderr
