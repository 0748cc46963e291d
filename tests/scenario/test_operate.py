"""Running it: probes, status, metrics, log lines, start and its refusals (rows P8, P16, P17, P21; S2, S4)."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from configured import CYLINDER, TOKEN_MARK, csparkd, libconfig, tenant_of, wait_for
from gateway import BUILD, METRIC, Gateway, free_port
from simulator import Simulator

INPUTS = {"radius": 3, "height": 4}
REQUEST = f"GET {CYLINDER}?radius=3 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
ACCESS = ["time", "level", "event", "request_id", "trace_id", "span_id", "listener", "caller", "method", "route", "operation", "tenant", "folder",
          "service", "version", "status", "code", "spark_status", "call_id", "attempts", "records", "bytes_in",
          "bytes_out", "ms_total", "ms_queue", "ms_token", "ms_spark", "end", "reason"]


# -- probes and pages ---------------------------------------------------------------------


def test_alive_and_ready_are_two_things(sim):
    sim.token("hang")
    with csparkd(sim, wait="live") as gateway:
        assert gateway.get("/healthz").json() == {"status": "ok"}
        ready = gateway.get("/readyz")
        assert ready.status == 503 and ready.json() == {"status": "no_credential"}
        assert gateway.request("HEAD", "/healthz").status == 200
        assert gateway.post("/healthz").code == "method_not_allowed"


def test_status_tells_much_but_no_secret(sim):
    with csparkd(sim) as gateway:
        gateway.post(CYLINDER, INPUTS)
        status = gateway.status()
        assert status["uptime_seconds"] >= 0 and status["draining"] is False and status["workers"] >= 1
        (tenant,) = status["tenants"]
        assert tenant["name"] == "default" and tenant["auth"] == "oauth" and tenant["base_url"] == sim.base_url
        token = tenant["token"]
        assert token["state"] == "valid" and 0 <= token["age_seconds"] < 60 and token["fetches"] == 1
        assert status["counters"]["in_flight"] == status["counters"]["queued"] == 0
        assert status["counters"]["requests"] >= 1


def test_metrics_can_be_parsed_and_add_up(sim):
    with csparkd(sim) as gateway:
        before = gateway.metric("cspark_requests_total")
        asked = ["/execute/my-folder/volume-cylinder"] * 5 + ["/execute/a", "/nowhere", "/healthz", "/execute/any/nothing"]
        for path in asked:
            gateway.get(path)
        text = gateway.get("/metrics")
        assert text.header("content-type").startswith("text/plain; version=0.0.4")
        typed = {}
        for line in text.text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                assert name not in typed
                typed[name] = kind
            elif not line.startswith("#"):
                name = METRIC.match(line)[1]
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                assert base in typed or name in typed, line
        # metric() asked once before, this text counts the /metrics of it.
        counted = sum(float(METRIC.match(line)[3]) for line in text.text.splitlines()
                      if line.startswith("cspark_requests_total"))
        assert counted == before + 1 + len(asked)
        wait_for(lambda: len(gateway.access_log()) >= counted, "the lines")
        assert gateway.metric("cspark_requests_total", operation="execute", status_class="2xx") == 5
        assert gateway.metric("cspark_request_duration_seconds_count", operation="execute") == \
            gateway.metric("cspark_requests_total", operation="execute")
        assert gateway.metric("cspark_errors_total", code="no_such_route") == 1
        asked_spark = len(sim.executes())
        wait_for(lambda: gateway.metric("cspark_upstream_connects_total") +
                 gateway.metric("cspark_upstream_reuses_total") == asked_spark, "the count of connections")


def test_C31_names_of_services_are_no_labels(sim):
    with csparkd(sim) as gateway:
        lines = len(gateway.get("/metrics").text.splitlines())
        for n in range(50):
            gateway.get(f"/execute/folder-{n}/service-{n}?secret-input={n}")
            gateway.request("GET", f"/nowhere/{n}")
        text = gateway.get("/metrics").text
        assert "folder-7" not in text and len(text.splitlines()) < lines + 60


# -- the access line --------------------------------------------------------------------------


def test_an_access_line_has_all_its_fields(sim):
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER + "?_correlation=visible&_tenant=default", INPUTS)
        line = gateway.wait_log("access", request_id=answer.header("x-request-id"))
        assert list(line) == ACCESS
        (entry,) = sim.executes()
        assert line["level"] == "info" and line["method"] == "POST" and line["operation"] == "execute"
        assert line["caller"].startswith("127.0.0.1:") and line["listener"] == f"127.0.0.1:{gateway.port}"
        assert (line["tenant"], line["folder"], line["service"], line["version"]) == \
            ("default", "my-folder", "volume-cylinder", "0.1.0")
        assert (line["status"], line["code"], line["spark_status"], line["attempts"], line["records"], line["end"]) == \
            (200, None, 200, 1, 1, "ok")
        assert line["call_id"] == answer.header("x-spark-call-id") == answer.json()["call_id"]
        assert line["bytes_in"] == len(json.dumps(INPUTS)) and line["bytes_out"] == len(answer.body)
        assert line["ms_total"] >= line["ms_spark"] >= 0 and line["ms_queue"] >= 0 and line["ms_token"] >= 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert entry["request_id"] == line["request_id"]


def test_many_records_are_counted(sim):
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, [INPUTS] * 7)
        assert gateway.wait_log("access", request_id=answer.header("x-request-id"))["records"] == 7
        assert gateway.metric("cspark_records_total") == 7


def test_S1_neither_values_nor_bodies_nor_credentials_are_logged(sim):
    with csparkd(sim, args=["--log-level", "debug"]) as gateway:
        headers = {"Authorization": "Bearer canary-header", "Cookie": "canary-cookie"}
        gateway.post(CYLINDER + "?_correlation=canary-query", {"radius": "canary-body"}, headers)
        gateway.get(CYLINDER + "?radius=canary-value", headers)
        gateway.get("/execute/canary%0aevent/x?y=1")
        gateway.get("/canary-path?canary-query=1", headers)
        wait_for(lambda: len(gateway.access_log()) >= 5, "the lines")
        log = "".join(line for line in gateway.output().splitlines(True) if '"event":"access"' in line or "step" in line)
        for canary in ("canary-header", "canary-cookie", "canary-query", "canary-body", "canary-value"):
            assert canary not in gateway.output(), canary
        assert all(isinstance(json.loads(line), dict) for line in log.splitlines())


def test_P21_the_log_file_can_be_moved_away(sim, tmp_path):
    path = tmp_path / "csparkd.log"
    with csparkd(sim, log={"file": str(path)}, access_lines=False) as gateway:
        gateway.get("/healthz", {"X-Request-Id": "first"})
        wait_for(lambda: "first" in path.read_text(), "the first line")
        path.rename(tmp_path / "csparkd.log.1")
        gateway.get("/healthz", {"X-Request-Id": "second"})
        wait_for(lambda: "second" in (tmp_path / "csparkd.log.1").read_text(), "the second line")
        gateway.process.send_signal(signal.SIGUSR1)
        wait_for(path.exists, "the new file")
        gateway.get("/healthz", {"X-Request-Id": "third"})
        wait_for(lambda: "third" in path.read_text(), "the third line")
        for file in (path, tmp_path / "csparkd.log.1"):
            text = file.read_text()
            assert sim.client_secret not in text and TOKEN_MARK not in text


def test_P8_a_full_disk_stops_no_request(sim):
    with csparkd(sim, log={"file": "/dev/full"}, access_lines=False) as gateway:
        with gateway.connect() as wire:  # more lines than are kept for better times
            for _ in range(300):
                assert wire.send(REQUEST).answer().status == 200
        wait_for(lambda: gateway.metric("cspark_log_dropped_total") > 0, "the count of lost lines")


def test_text_is_for_people(sim):
    with csparkd(sim, log={"format": "text"}, access_lines=False) as gateway:
        gateway.get("/healthz", {"X-Request-Id": "text-7"})
        wait_for(lambda: "text-7" in gateway.output(), "the line")
        assert "\x1b" not in gateway.output()


# -- starting --------------------------------------------------------------------------------------


def test_the_environment_alone_starts_it(sim):
    with Gateway(env=sim.oauth_env(), sim=sim) as gateway:
        assert gateway.post(CYLINDER, INPUTS).json()["outputs"] == {"volume": 113.097}


@pytest.mark.parametrize("variable", ["CSPARK_API_KEY", "CSPARK_API_KEY_FILE", "CSPARK_CLIENT_SECRET_FILE",
                                      "CSPARK_OAUTH_PATH", "CSPARK_BEARER_TOKEN"])
def test_every_credential_of_the_environment(sim, tmp_path, variable):
    secret = {"CSPARK_API_KEY": sim.api_key, "CSPARK_API_KEY_FILE": sim.api_key, "CSPARK_BEARER_TOKEN": sim.fetch_token(),
              "CSPARK_CLIENT_SECRET_FILE": sim.client_secret,
              "CSPARK_OAUTH_PATH": json.dumps({"clientId": sim.client_id, "clientSecret": sim.client_secret})}[variable]
    env = {"CSPARK_BASE_URL": sim.base_url, variable: secret}
    if variable.endswith(("_FILE", "_PATH")):
        file = tmp_path / "file"
        file.write_text(secret)
        file.chmod(0o600)
        env[variable] = str(file)
    if variable == "CSPARK_CLIENT_SECRET_FILE":
        env["CSPARK_CLIENT_ID"] = sim.client_id
    secrets = [sim.client_secret, sim.api_key]
    with Gateway(env=env, sim=sim, secrets=secrets) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200


def test_S4_the_environment_does_not_show_secrets_to_others(sim):
    with Gateway(env=sim.oauth_env(), sim=sim) as gateway:
        assert sim.client_secret.encode() not in Path(f"/proc/{gateway.pid}/cmdline").read_bytes()


def run(*args, config=None, env=None, folder=None):
    command = [str(BUILD / "csparkd"), *args]
    if config is not None:
        path = folder / "csparkd.conf"
        path.write_text(config)
        path.chmod(0o600)
        command += ["-c", str(path)]
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.endswith("SAN_OPTIONS")}
    return subprocess.run(command, env={**kept, **(env or {})}, capture_output=True, text=True, timeout=20)


def test_check_says_what_it_would_do(sim, tmp_path):
    done = run("--check", config=f"tenants = {libconfig([tenant_of(sim)])};", folder=tmp_path)
    assert done.returncode == 0, done
    assert sim.base_url in done.stdout + done.stderr and sim.client_secret not in done.stdout + done.stderr
    done = run("--check", env=sim.oauth_env())
    assert done.returncode == 0 and sim.client_secret not in done.stdout + done.stderr
    done = run("--print-config", env=sim.oauth_env())
    assert done.returncode == 0 and sim.client_secret not in done.stdout + done.stderr
    assert sim.ledger() == [], "a check asks nobody"


@pytest.mark.parametrize("text, word", [
    ("tenants = ( { base_url = ", ""), ("tenantz = ();", "tenants"), ('limits = { max_body = "many"; };', "max_body"),
    ('tenants = ( { base_url = "http://spark.example/t"; } );', "plaintext"),
    ('tenants = ( { base_url = "https://spark.example/t"; auth = { client_id = "a"; }; } );', "client_secret"),
    ('listeners = ( { address = "0.0.0.0:8080"; } );', "unsafe_listen"), ("workers = -1;", "workers"), ("", "CSPARK_BASE_URL")])
def test_P3_check_names_what_is_wrong(tmp_path, text, word):
    for args in (["--check"], []):
        done = run(*args, config=text, folder=tmp_path)
        assert done.returncode == 78, done
        assert word in done.stderr + done.stdout
        if text:
            assert "csparkd.conf" in done.stderr + done.stdout


def test_a_configuration_that_others_may_read_and_that_holds_a_secret_is_refused(sim, tmp_path):
    path = tmp_path / "csparkd.conf"
    path.write_text(f"tenants = {libconfig([tenant_of(sim)])};")
    path.chmod(0o644)
    assert run("--check", "-c", str(path)).returncode == 78


def test_wrong_arguments(tmp_path):
    assert run("--nonsense").returncode in (64, 78)
    assert run("-c", str(tmp_path / "none")).returncode == 78
    assert run("--version").stdout.startswith("csparkd ")
    assert "--check" in run("--help").stdout and "max_in_flight" in run("--help-config").stdout


def test_P17_it_starts_without_spark_and_recovers_by_itself(sim):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with csparkd(sim, base_url=f"{url}/my-tenant", wait="live") as gateway:
        assert gateway.post(CYLINDER + "?_timeout=100", INPUTS).code == "token_unavailable"
        assert gateway.get("/readyz").status == 503
        with Simulator("--listen", f"127.0.0.1:{port}"):
            gateway.wait_until("/readyz")
            assert gateway.post(CYLINDER, INPUTS).status == 200


def test_a_tenant_in_trouble_leaves_the_others_alone(sim):
    tenants = [tenant_of(sim, name="bad", auth={"client_id": "x", "client_secret": "not-known-there"}),
               tenant_of(sim, name="gone", base_url=f"http://127.0.0.1:{free_port()}/t", retry={"max": 0}),
               tenant_of(sim, name="good")]
    with csparkd(sim, tenants=tenants) as gateway:
        assert gateway.post(CYLINDER + "?_tenant=good", INPUTS).status == 200
        assert gateway.post(CYLINDER + "?_tenant=bad", INPUTS).code == "credentials_refused"
        assert gateway.post(CYLINDER + "?_tenant=gone&_timeout=50", INPUTS).code == "token_unavailable"
        assert gateway.post(CYLINDER, INPUTS).code == "credentials_refused"
        assert gateway.metric("cspark_token_latched", tenant="bad") == 1
        assert gateway.metric("cspark_token_latched", tenant="good") == 0
