"""Who may come in: web pages, callers with and without a token, users of a unix socket."""

import grp
import json
import os
import pwd
import select
import subprocess
import sys
import tempfile

import pytest
from configured import ECHO, csparkd, wait_for
from gateway import free_port
from wire import Closed, Wire

APP = "https://app.example"
TOKEN = "caller-token-0123456789"


def listening(sim, *listeners, **settings):
    """A gateway with these listeners; those without an address get one, and the helpers ask the first of them."""
    port = free_port()
    given = [dict(listener) for listener in listeners]
    for listener in given:
        listener.setdefault("address", f"127.0.0.1:{port}" if listener is given[0] else f"127.0.0.1:{free_port()}")
    gateway = csparkd(sim, listeners=given, listen=False, port=port, **settings)
    if "caller_token_file" in given[0]:
        gateway.badge = {"X-Cspark-Token": TOKEN}
    return gateway


def cors_of(answer):
    return {name: value for name, value in answer.headers if name.startswith("access-control")}


# -- web pages ----------------------------------------------------------------------------


@pytest.fixture
def for_pages(sim):
    with listening(sim, {"allowed_origins": [APP]}) as gateway:
        yield gateway


@pytest.mark.parametrize("headers", [
    {"Origin": "https://page.example"}, {"Origin": "null"}, {"Origin": APP + ":8443"}, {"Origin": APP + ".evil"},
    {"Origin": ""}, {"Origin": APP, "origin": "https://page.example"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site", "Origin": "null"}])
def test_pages_that_are_not_listed(sim, for_pages, headers):
    answer = for_pages.post(ECHO, {"v": 1}, headers)
    assert (answer.status, answer.code) == (403, "origin_refused")
    assert not cors_of(answer)
    assert sim.executes() == []


def test_the_gateways_own_origin_is_a_page_as_well(for_pages):
    """There are no pages here: it would be another program's."""
    assert for_pages.get("/status", {"Origin": for_pages.url}).code == "origin_refused"


def test_a_listed_page_can_read_its_answer(for_pages):
    answer = for_pages.post(ECHO, {"v": 1}, {"Origin": APP, "Sec-Fetch-Site": "cross-site"})
    assert answer.json()["outputs"] == {"v": 1}
    assert cors_of(answer) == {"access-control-allow-origin": APP, "access-control-expose-headers": "*"}
    assert answer.header("vary") == "Origin"
    refused = for_pages.get("/nowhere", {"Origin": APP})
    assert refused.status == 404 and refused.header("access-control-allow-origin") == APP


def test_a_preflight_of_a_listed_page(sim, for_pages):
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-request-id"}
    answer = for_pages.request("OPTIONS", ECHO, headers={"Origin": APP, **ask})
    assert (answer.status, answer.body) == (204, b"")
    assert cors_of(answer) == {
        "access-control-allow-origin": APP, "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": "content-type,x-request-id", "access-control-max-age": "600"}
    assert for_pages.wait_log("access", route="preflight")["status"] == 204
    assert for_pages.request("OPTIONS", ECHO, headers={"Origin": "https://page.example", **ask}).code == "origin_refused"
    assert for_pages.request("OPTIONS", ECHO, headers=ask).status == 405
    assert for_pages.request("OPTIONS", ECHO, headers={"Origin": APP}).status == 405
    assert sim.executes() == []


def test_programs_never_notice(for_pages):
    answer = for_pages.get("/healthz")
    assert answer.status == 200 and not cors_of(answer) and answer.header("vary") is None


@pytest.mark.parametrize("host", [b"Host:\r\n", b"Host: \r\n", b"Host: localhost\r\nHost: localhost\r\n",
                                  b"Host: localhost\r\nHost: rebound.example\r\n", b""])
def test_an_empty_or_doubled_host(for_pages, host):
    assert for_pages.raw(b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n").status == 400


# -- tokens of callers -----------------------------------------------------------------------


def token_file(folder, text=TOKEN, mode=0o600):
    """Replaced as careful programs do it: never half written, never readable by others."""
    path = folder / "caller-token"
    fresh = folder / "caller-token.new"
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.rename(path)
    return str(path)


@pytest.fixture
def guarded(sim, tmp_path):
    with listening(sim, {"caller_token_file": token_file(tmp_path), "allowed_origins": [APP]}, secrets=[TOKEN]) as gateway:
        yield gateway


@pytest.mark.parametrize("headers", [
    {"Authorization": "Bearer " + TOKEN}, {"Authorization": "bearer  " + TOKEN}, {"X-Cspark-Token": TOKEN},
    {"x-synthetic-key": TOKEN}, {"Authorization": "Bearer placeholder", "x-synthetic-key": TOKEN},
    {"Authorization": "Bearer " + TOKEN, "x-synthetic-key": "placeholder"}])
def test_callers_with_the_token(sim, guarded, headers):
    assert guarded.post(ECHO, {"v": 1}, headers).json()["outputs"] == {"v": 1}
    drop_in = guarded.post("/my-tenant/api/v3/folders/any/services/echo/execute", {"request_data": {"inputs": {"v": 2}}}, headers)
    assert drop_in.json()["response_data"]["outputs"] == {"v": 2}
    assert guarded.get("/status", headers).status == guarded.get("/metrics", headers).status == 200
    for entry in sim.ledger():
        assert TOKEN not in json.dumps(entry)


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer " + TOKEN[:-1]},
    {"Authorization": "Bearer " + TOKEN + "0"}, {"Authorization": "Bearer " + TOKEN.upper()}, {"Authorization": TOKEN},
    {"Authorization": "Basic " + TOKEN}, {"X-Cspark-Token": ""}, {"X-Cspark-Token": "Bearer " + TOKEN}])
def test_callers_without_it(sim, guarded, headers):
    for method, path in [("POST", ECHO), ("GET", "/status"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/nowhere"),
                         ("OPTIONS", ECHO), ("POST", "/my-tenant/api/v3/folders/any/services/echo/execute"),
                         ("POST", "/auth/realms/my-tenant/protocol/openid-connect/token")]:
        answer = guarded.request(method, path, {"v": 1} if method == "POST" else None, headers)
        assert (answer.status, answer.code) == (401, "caller_unknown"), path
        assert answer.header("www-authenticate") == "Bearer"
    assert sim.executes() == []


def test_what_needs_no_token(guarded):
    assert guarded.get("/healthz").status == guarded.get("/readyz").status == 200
    assert guarded.request("DELETE", "/healthz").status == 405
    preflight = guarded.request("OPTIONS", ECHO, headers={"Origin": APP, "Access-Control-Request-Method": "POST"})
    assert preflight.status == 204
    assert guarded.post(ECHO, {"v": 1}, {"Origin": APP}).status == 401


def test_each_listener_has_its_own_token(sim, tmp_path):
    open_port = free_port()
    listeners = [{"caller_token_file": token_file(tmp_path)}, {"address": f"127.0.0.1:{open_port}"}]
    with listening(sim, *listeners, secrets=[TOKEN]) as gateway:
        assert gateway.get("/status").status == 401
        gateway.port, gateway.badge = open_port, {}
        assert gateway.get("/status").status == 200


def ask_with(gateway, token):
    return gateway.get("/status", {"X-Cspark-Token": token}).status


def test_a_token_file_that_changes(sim, tmp_path):
    file = token_file(tmp_path)
    with listening(sim, {"caller_token_file": file}, top={"workers": 2}, secrets=[TOKEN, "other-token"]) as gateway:
        assert ask_with(gateway, TOKEN) == 200
        token_file(tmp_path, "other-token\n")
        gateway.wait_log("caller_token_read")
        gateway.badge = {"X-Cspark-Token": "other-token"}
        wait_for(lambda: ask_with(gateway, "other-token") == 200 and ask_with(gateway, TOKEN) == 401)

        token_file(tmp_path, TOKEN, mode=0o644)
        assert "can be read by others" in gateway.wait_log("caller_token_rejected")["message"]
        assert ask_with(gateway, "other-token") == 200 and ask_with(gateway, TOKEN) == 401


@pytest.mark.parametrize("text,mode,complaint", [
    (TOKEN, 0o644, "can be read by others"), ("", 0o600, "is empty"), ("\n", 0o600, "is empty"), ("two words", 0o600, "has blanks"),
    ("a\nb", 0o600, "has control characters"), (None, 0, "No such file")])
def test_check_of_token_files(sim, tmp_path, text, mode, complaint):
    path = str(tmp_path / "none") if text is None else token_file(tmp_path, text, mode)
    said = complaints_of(sim, caller_token_file=path)
    assert "caller_token_file: " in said and complaint in said


# -- users of a unix socket ----------------------------------------------------------------


def at_socket(sim, folder, **listener):
    """A gateway with a unix socket besides the port of the helpers; and the socket's path."""
    path = f"{folder}/socket"
    return listening(sim, {}, {"address": "unix:" + path, "mode": "0666", **listener}), path


def ask_at(gateway, path, target="/status", headers=""):
    with Wire(path, on_answer=gateway._note) as wire:
        return wire.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()).answer()


def me(kind):
    """This process as csparkd's configuration can name it."""
    number = os.geteuid() if kind == "uid" else os.getegid()
    name = pwd.getpwuid(number).pw_name if kind == "uid" else grp.getgrgid(number).gr_name
    return str(number), name


@pytest.mark.parametrize("key", ["allow_uids", "allow_gids"])
def test_users_who_are_allowed(sim, tmp_path, key):
    for own in me(key[6:9]):
        gateway, path = at_socket(sim, tmp_path, **{key: ["4000000", own]})
        with gateway:
            assert ask_at(gateway, path).status == 200
            line = gateway.wait_log("access", listener="unix:" + path)
            assert line["caller"] == f"unix:uid={os.geteuid()},pid={os.getpid()}"


def test_either_list_is_enough(sim, tmp_path):
    gateway, path = at_socket(sim, tmp_path, allow_uids=["4000000"], allow_gids=[me("gid")[0]])
    with gateway:
        assert ask_at(gateway, path).status == 200


def test_users_who_are_not(sim, tmp_path):
    gateway, path = at_socket(sim, tmp_path, allow_uids=["4000000"], allow_gids=["4000001"], caller_token_file=token_file(tmp_path),
                              allowed_origins=[APP])
    with gateway:
        for target in ("/status", "/healthz", "/nowhere"):
            answer = ask_at(gateway, path, target, f"X-Cspark-Token: {TOKEN}\r\n")
            assert (answer.status, answer.code) == (403, "caller_refused")
        line = gateway.wait_log("access", listener="unix:" + path)
        assert line["caller"] == f"unix:uid={os.geteuid()},pid={os.getpid()}" and line["code"] == "caller_refused"
        assert gateway.get("/status").status == 200


AS_ANOTHER = """
import os, socket, sys
os.setgroups([4000001, 4000002]); os.setgid(4000003); os.setuid(4000004)
wire = socket.socket(socket.AF_UNIX)
wire.connect(sys.argv[1])
wire.sendall(b"GET /status HTTP/1.0\\r\\n\\r\\n")
print(wire.recv(12).decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("listener,status", [
    ({"allow_uids": ["4000004"]}, 200), ({"allow_gids": ["4000003"]}, 200), ({"allow_gids": ["4000002"]}, 200),
    ({"allow_uids": ["0"], "allow_gids": ["0", "4000005"]}, 403), ({}, 200)])
def test_another_user_with_further_groups(sim, listener, status):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        gateway, path = at_socket(sim, folder, **listener)
        with gateway:
            done = subprocess.run([sys.executable, "-c", AS_ANOTHER, path], capture_output=True, text=True, check=True)
            assert done.stdout == f"HTTP/1.1 {status}\n"


def test_the_owner_of_a_socket(sim, tmp_path):
    gateway, path = at_socket(sim, tmp_path, owner=me("uid")[0], group=me("gid")[0], mode="0640")
    with gateway:
        found = os.stat(path)
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (os.geteuid(), os.getegid(), 0o640)


@pytest.mark.parametrize("key,complaint", [
    ("allow_uids", 'allow_uids: there is no user "nobody-here"'), ("allow_gids", 'allow_gids: there is no group "nobody-here"')])
def test_check_of_users(sim, key, complaint):
    assert complaint in complaints_of(sim, address="unix:/run/x", **{key: ["nobody-here"]})
    assert f"{key} needs a unix socket" in complaints_of(sim, **{key: ["0"]})


# -- floods --------------------------------------------------------------------------------


HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_flood_at_one_listener_leaves_the_others_alone(sim, tmp_path):
    gateway, path = at_socket(sim, tmp_path, max_connections=4)
    gateway.config_text = "workers = 1;\n" + gateway.config_text
    with gateway:
        inside = [Wire(path, on_answer=gateway._note) for _ in range(4)]
        for wire in inside:
            assert wire.send(HEALTHZ).answer().status == 200
        waiting = [Wire(path, on_answer=gateway._note).send(HEALTHZ) for _ in range(4)]
        assert gateway.get("/healthz").status == 200
        assert not select.select([wire.sock for wire in waiting], [], [], 0.2)[0]
        for wire in inside:
            wire.close()
        for wire in waiting:
            assert wire.answer().status == 200
            wire.close()


def test_a_caller_with_too_many_connections(sim, tmp_path):
    gateway, path = at_socket(sim, tmp_path)
    gateway.config_text = "workers = 1; limits = { max_connections_per_caller = 3; };\n" + gateway.config_text
    with gateway:
        inside = [Wire(path, on_answer=gateway._note) for _ in range(3)]
        for wire in inside:
            assert wire.send(HEALTHZ).answer().status == 200
        with Wire(path) as one_too_many:
            assert one_too_many.is_closed()
        wait_for(lambda: gateway.metric("cspark_connections_turned_away_total") == 1)
        over_tcp = [gateway.connect() for _ in range(6)]  # loopback: nobody knows whose they are
        for wire in over_tcp:
            assert wire.send(HEALTHZ).answer().status == 200
        for wire in over_tcp + inside[:1]:
            wire.close()
        wait_for(lambda: is_served(path, gateway))
        for wire in inside[1:]:
            wire.close()


def is_served(path, gateway):
    with Wire(path, on_answer=gateway._note) as wire:
        try:
            return wire.send(HEALTHZ).answer().status == 200
        except (OSError, Closed):
            return False


# -- what a configuration may say ------------------------------------------------------------


def complaints_of(sim, **listener):
    """What --check says, and that it exits with 78."""
    with csparkd(sim, listeners=[{"address": "127.0.0.1:8080", **listener}], args=["--check"], listen=False, wait=None,
                 exit_code=78) as gateway:
        gateway.wait_exit()
        return gateway.output()


@pytest.mark.parametrize("origin", ["app.example", "https://app.example/", "*", "null", "https://u@app.example"])
def test_check_of_origins(sim, origin):
    said = complaints_of(sim, allowed_origins=[origin])
    assert f"allowed_origins: {json.dumps(origin)} is no origin; write scheme://host" in said
