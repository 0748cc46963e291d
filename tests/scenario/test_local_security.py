"""Who may come in: web pages, callers with and without a token, users of a unix socket."""

import json

import pytest
from configured import ECHO, csparkd
from gateway import free_port

APP = "https://app.example"


def listening(sim, *listeners, **settings):
    """A gateway with these listeners; those without an address get one, and the helpers ask the first of them."""
    port = free_port()
    given = [dict(listener) for listener in listeners]
    for listener in given:
        listener.setdefault("address", f"127.0.0.1:{port}" if listener is given[0] else f"127.0.0.1:{free_port()}")
    return csparkd(sim, listeners=given, listen=False, port=port, **settings)


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
