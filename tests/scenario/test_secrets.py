"""One secret of each kind is planted, and looked for in every byte that the daemon writes or shows.

The gauntlet makes it write as much as it can at level debug: successes, refusals, failures of all parties, looks at
/status and /metrics, reloads, a file that goes bad, a drain. Gateway itself searches what the daemon wrote, and what
/proc shows of it, when it ends.
"""

import base64
import json
import os
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from configured import CYLINDER, ECHO, TOKEN_MARK, config_of, csparkd, tenant_of
from gateway import BUILD, Gateway, free_port
from recorder import Recorder, answer_of

PLANTED = "plant3d/secret+of=this test".replace(" ", "~")
ERROR = json.dumps({"error": "invalid_client", "error_description": f"no client with {PLANTED}"}).encode()


def shapes(secret):
    """As it is, as URLs and forms have it, as JSON has it, as "Basic" has it."""
    forms = {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1], secret.replace("/", "\\/"),
             base64.b64encode(secret.encode()).decode().rstrip("="), base64.b64encode(f"user:{secret}".encode()).decode()}
    return sorted(forms)


def kept(folder, text, name="secret"):
    fresh = folder / f"{name}.new"
    fresh.write_text(text)
    fresh.chmod(0o600)
    return str(fresh.rename(folder / name))


def ask_everything(gateway, headers=None):
    headers = headers or {}
    for path in ("/status", "/metrics", "/openapi.json", "/healthz", "/readyz", "/nowhere", "/my-tenant/api/v1/product"):
        gateway.get(path, headers)
    for body in ({"v": 1}, [], "no json", {"v": PLANTED[:-1]}):
        gateway.post(ECHO, body, {"Content-Type": "application/json", **headers})
    gateway.post(CYLINDER, {"radius": "x"}, headers)
    gateway.post("/my-tenant/api/v3/folders/any/services/echo/execute", {"request_data": {"inputs": {"v": 2}}}, headers)
    gateway.post("/execute/any/echo?_trace=1", {"v": 1}, headers)


def run_gauntlet(gateway, sim, headers=None):
    """What can be asked, with a Spark that works and one that does not."""
    ask_everything(gateway, headers)
    for mood in ("status-401", "status-500", "status-error"):
        sim.mood("echo", mood, times=2)
        ask_everything(gateway, headers)
    gateway.reload()
    gateway.reload("tenants = 1;", event="reload_failed")


def gateway_of(sim, secret=PLANTED, tenant=None, **options):
    options.setdefault("args", ["--log-level", "debug"])
    tenant = {**(tenant or tenant_of(sim)), "timeout_ms": 500}
    return csparkd(sim, tenants=[tenant], secrets=shapes(secret), **options)


# -- in files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["client_secret_file", "oauth_file", "api_key_file", "token_file"])
def test_a_secret_in_a_file(sim, tmp_path, key):
    """Nobody knows it at Spark: it is refused in all ways."""
    text = PLANTED if key != "oauth_file" else json.dumps({"client_id": sim.client_id, "client_secret": PLANTED})
    auth = {key: kept(tmp_path, text)}
    if key == "client_secret_file":
        auth["client_id"] = sim.client_id
    with gateway_of(sim, tenant=tenant_of(sim, auth=auth), wait="live") as gateway:
        run_gauntlet(gateway, sim)
        kept(tmp_path, PLANTED + "\n\n\x01" + PLANTED)
        gateway.wait_log("credential_file_rejected")
        kept(tmp_path, text.replace(PLANTED, PLANTED + PLANTED))
        gateway.wait_log("credential_file_read")
        ask_everything(gateway)


def test_a_secret_that_works(sim, tmp_path):
    """With the tokens that it brings."""
    auth = {"client_id": sim.client_id, "client_secret_file": kept(tmp_path, sim.client_secret)}
    with gateway_of(sim, sim.client_secret, tenant_of(sim, auth=auth)) as gateway:
        run_gauntlet(gateway, sim)


# -- in the configuration and in the environment ---------------------------------------------------


def test_a_secret_in_the_configuration(sim):
    auth = {"client_id": sim.client_id, "client_secret": PLANTED}
    with gateway_of(sim, tenant=tenant_of(sim, auth=auth), wait="live") as gateway:
        run_gauntlet(gateway, sim)


@pytest.mark.parametrize("variable", ["CSPARK_CLIENT_SECRET", "CSPARK_API_KEY", "CSPARK_BEARER_TOKEN"])
def test_a_secret_in_the_environment(sim, variable):
    env = {"CSPARK_BASE_URL": sim.base_url, "CSPARK_CLIENT_ID": sim.client_id, variable: PLANTED}
    if variable != "CSPARK_CLIENT_SECRET":
        del env["CSPARK_CLIENT_ID"]
    with Gateway(env=env, sim=sim, secrets=shapes(PLANTED), wait="live", args=["--log-level", "debug"]) as gateway:
        ask_everything(gateway)
        gateway.reload()
        ask_everything(gateway)


# -- of callers -----------------------------------------------------------------------------------


def test_the_token_of_callers(sim, tmp_path):
    listener = {"address": f"127.0.0.1:{(port := free_port())}", "caller_token_file": kept(tmp_path, PLANTED)}
    with gateway_of(sim, listeners=[listener], listen=False, port=port) as gateway:
        gateway.badge = {"X-Cspark-Token": PLANTED}
        run_gauntlet(gateway, sim, {"Authorization": f"Bearer {PLANTED}"})
        ask_everything(gateway, {"Authorization": f"Bearer {PLANTED}x"})
        ask_everything(gateway, {"x-synthetic-key": PLANTED})


def test_what_callers_send_by_mistake(sim):
    """Official SDKs send credentials; csparkd has its own, and does not look."""
    with gateway_of(sim) as gateway:
        for headers in ({"Authorization": f"Bearer {PLANTED}"}, {"x-synthetic-key": PLANTED}, {"Cookie": f"session={PLANTED}"},
                        {"Proxy-Authorization": f"Basic {PLANTED}"}):
            ask_everything(gateway, headers)


# -- of servers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [
    answer_of(200, json.dumps({"access_token": PLANTED, "token_type": "mac"}).encode(), content_type="application/json"),
    answer_of(200, json.dumps({"access_token": PLANTED + "\r\n", "expires_in": 60}).encode(), content_type="application/json"),
    answer_of(200, json.dumps({"access_token": PLANTED, "expires_in": "soon"}).encode(), content_type="application/json"),
    answer_of(200, PLANTED.encode(), content_type="text/html"),
    answer_of(401, ERROR, content_type="application/json"),
    answer_of(500, PLANTED.encode(), content_type="text/plain"),
    answer_of(302, b"", location=f"http://127.0.0.1:1/{PLANTED}")],
    ids=["mac", "line-break", "lifetime", "html", "refused", "broken", "moved"])
def test_what_the_token_endpoint_says(sim, answer):
    with Recorder() as endpoint:
        endpoint.answer = answer
        tenant = tenant_of(sim, token_url=f"{endpoint.url}/token")
        with gateway_of(sim, tenant=tenant, wait="live") as gateway:
            ask_everything(gateway)


def test_a_token_that_spark_refuses(sim):
    token = answer_of(200, json.dumps({"access_token": PLANTED, "expires_in": 60}).encode(), content_type="application/json")
    with Recorder() as endpoint:
        endpoint.answer = token
        with gateway_of(sim, tenant=tenant_of(sim, token_url=f"{endpoint.url}/token"), wait="live") as gateway:
            ask_everything(gateway)


# -- of proxies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [407, 502, None])
@pytest.mark.parametrize("where", ["key", "variable"])
def test_the_password_of_a_proxy(sim, status, where):
    password = urllib.parse.quote(PLANTED, safe="")
    with Recorder() as server:
        server.answer = answer_of(status or 200, PLANTED.encode())
        address = server.url if status else f"http://127.0.0.1:{free_port()}"
        proxy = address.replace("://", f"://user:{password}@")
        given = {"tenant": tenant_of(sim, proxy=proxy)} if where == "key" else {"env": {"HTTP_PROXY": proxy, "http_proxy": proxy}}
        with gateway_of(sim, wait="live", **given) as gateway:
            ask_everything(gateway)
            gateway.reload()


# -- what is printed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["--check", "--print-config", "--help-config"])
def test_what_is_printed(sim, tmp_path, action):
    password = urllib.parse.quote(PLANTED, safe="")
    tenants = [tenant_of(sim, name=name, auth=auth) for name, auth in (
        ("a", {"client_id": "c", "client_secret": PLANTED}), ("b", {"api_key": PLANTED}), ("c", {"token": PLANTED}),
        ("d", {"client_id": "c", "client_secret_file": kept(tmp_path, PLANTED)}))]
    tenants.append(tenant_of(sim, name="e", proxy=f"http://user:{password}@127.0.0.1:3128"))
    conf = tmp_path / "csparkd.conf"
    conf.write_text(config_of(tenants))
    conf.chmod(0o600)
    done = subprocess.run([BUILD / "csparkd", "-c", conf, action], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for shape in shapes(PLANTED):
        assert shape not in done.stdout + done.stderr


def test_what_proc_shows(sim, tmp_path):
    """Also the names of mappings, which a file of that name would have."""
    auth = {"client_id": sim.client_id, "client_secret_file": kept(tmp_path, sim.client_secret)}
    with gateway_of(sim, tenant=tenant_of(sim, auth=auth)) as gateway:
        gateway.post(ECHO, {"v": 1})
        if os.geteuid() == 0:
            shown = b"".join(Path(f"/proc/{gateway.pid}/{name}").read_bytes() for name in
                             ("cmdline", "environ", "maps", "comm", "status", "limits"))
            assert not any(secret.encode() in shown for secret in (sim.client_secret, TOKEN_MARK))
