"""What lies between csparkd and Spark: a private CA, HTTP/2, proxies."""

import nghttpx as nghttpxes
import pytest
from gateway import Gateway, free_port
from needs import require
from proxy import Proxy
from simulator import Simulator

INPUTS = {"radius": 3, "height": 4}
SERVICE = "/execute/my-folder/volume-cylinder"
TOKEN_PATH = "/auth/realms/my-tenant/protocol/openid-connect/token"
EXECUTE_PATH = "/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute"


def config(origin, auth='client_id = "demo"; client_secret = "demo-secret"', **keys):
    lines = "".join(f'{name} = "{value}"; ' for name, value in keys.items())
    return f'tenants = ( {{ base_url = "{origin}/my-tenant"; auth = {{ {auth}; }}; {lines} }} );'


@pytest.fixture
def plain():
    with Simulator() as simulator:
        yield simulator.url


@pytest.fixture
def secure(authority):
    with Simulator("--tls-cert", authority.cert_file, "--tls-key", authority.key_file) as simulator:
        yield simulator.url


@pytest.fixture
def proxy():
    with Proxy() as server:
        yield server


def assert_executes(gateway):
    answer = gateway.post(SERVICE, INPUTS)
    assert answer.status == 200, answer
    assert answer.json()["outputs"] == {"volume": 113.097}


def test_a_private_authority_is_trusted_for_token_and_api(secure, authority):
    with Gateway(config(secure, ca_file=authority.ca_file)) as gateway:
        assert_executes(gateway)


def test_an_unknown_authority_is_refused_for_the_api(secure):
    with Gateway(config(secure, auth="open = true"), wait="live") as gateway:
        answer = gateway.post(SERVICE, INPUTS)
        assert (answer.status, answer.code) == (502, "upstream_tls")
        assert answer.json()["outcome"] == "not_sent"


def test_an_unknown_authority_is_refused_for_tokens(secure):
    with Gateway(config(secure), wait="live") as gateway:
        answer = gateway.post(SERVICE + "?_timeout=2000", INPUTS)
        assert (answer.status, answer.code) == (503, "token_unavailable")


def test_a_certificate_for_another_host_is_refused(secure, authority):
    other = secure.replace("127.0.0.1", "localhost.localdomain")
    with Gateway(config(other, auth="open = true", ca_file=authority.ca_file), wait="live") as gateway:
        answer = gateway.post(SERVICE, INPUTS)
        assert answer.status == 502 and answer.code in ("upstream_tls", "upstream_dns")


def test_http_2_is_used_when_the_server_offers_it(plain, authority, tmp_path):
    require(nghttpxes.missing())
    with nghttpxes.Nghttpx(tmp_path, authority, int(plain.rsplit(":", 1)[1])) as server:
        with Gateway(config(server.origin, ca_file=authority.ca_file)) as gateway:
            assert_executes(gateway)
            assert_executes(gateway)
        assert ["h2", "POST", EXECUTE_PATH, "200"] in server.requests()
        assert {protocol for protocol, *_ in server.requests()} == {"h2"}


def test_http_1_can_be_demanded(plain, authority, tmp_path):
    require(nghttpxes.missing())
    with nghttpxes.Nghttpx(tmp_path, authority, int(plain.rsplit(":", 1)[1])) as server:
        with Gateway(config(server.origin, ca_file=authority.ca_file, http_version="1.1")) as gateway:
            assert_executes(gateway)
        assert ["http/1.1", "POST", EXECUTE_PATH, "200"] in server.requests()


def test_a_configured_proxy_carries_plain_http(plain, proxy):
    with Gateway(config(plain, proxy=proxy.url)) as gateway:
        assert_executes(gateway)
    assert f"POST {plain}{TOKEN_PATH} HTTP/1.1" in proxy.requests
    assert f"POST {plain}{EXECUTE_PATH} HTTP/1.1" in proxy.requests


def test_a_configured_proxy_tunnels_tls(secure, authority, proxy):
    with Gateway(config(secure, ca_file=authority.ca_file, proxy=proxy.url)) as gateway:
        assert_executes(gateway)
    assert proxy.requests and set(proxy.requests) == {f"CONNECT {secure[len('https://'):]} HTTP/1.1"}


def test_the_environment_names_the_proxy_for_token_and_api(secure, authority, proxy):
    with Gateway(config(secure, ca_file=authority.ca_file), env={"HTTPS_PROXY": proxy.url}) as gateway:
        assert_executes(gateway)
    assert len(proxy.requests) >= 2


def test_no_proxy_keeps_a_host_off_the_proxy(secure, authority, proxy):
    env = {"HTTPS_PROXY": proxy.url, "NO_PROXY": "example.com,127.0.0.1"}
    with Gateway(config(secure, ca_file=authority.ca_file), env=env) as gateway:
        assert_executes(gateway)
    assert proxy.requests == []


def test_a_proxy_that_is_not_there_is_an_unreachable_upstream(plain):
    nowhere = f"http://127.0.0.1:{free_port()}"
    with Gateway(config(plain, auth="open = true", proxy=nowhere), wait="live") as gateway:
        answer = gateway.post(SERVICE + "?_timeout=2000", INPUTS)
        assert answer.json()["outcome"] == "not_sent"
        assert answer.code in ("upstream_unreachable", "upstream_timeout")
