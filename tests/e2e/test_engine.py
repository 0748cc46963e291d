"""csparkd between plain callers and the vendor's engine, with tokens of a real Keycloak."""

import json
import threading
import time

import pytest
from engine import golden_path
from gateway import Gateway
from keycloak import SECRETS

SERVICE = "/execute/my-folder/volume-cylinder"


def start(engine, keycloak, client="demo", secret=None, **options):
    secret = secret or SECRETS[client]
    config = f"""
        tenants = ( {{
            base_url = "{engine.base_url}";
            token_url = "{keycloak.token_url}";
            auth = {{ client_id = "{client}"; client_secret = "{secret}"; }};
        }} );
    """
    return Gateway(config, **options)


def member(text, name):
    """The very bytes of a member's value, from its first occurrence."""
    start = text.index(f'"{name}":') + len(name) + 3
    return text[start:json.JSONDecoder().raw_decode(text, start)[1]]


@pytest.fixture(scope="module")
def golden(engine):
    """[(bytes of the inputs, bytes of the outputs)]"""
    lines = golden_path().read_text().splitlines()
    return [(member(line, "inputs"), member(line, "outputs")) for line in lines]


def test_every_golden_line_agrees_byte_for_byte(engine, keycloak, golden):
    with start(engine, keycloak) as gateway:
        for inputs, outputs in golden:
            answer = gateway.post(SERVICE, inputs, {"Content-Type": "application/json"})
            assert answer.status == 200, answer
            assert member(answer.text, "outputs") == outputs, inputs


def test_all_golden_lines_agree_in_one_call_of_many_records(engine, keycloak, golden):
    with start(engine, keycloak) as gateway:
        body = "[" + ",".join(inputs for inputs, _ in golden) + "]"
        answer = gateway.post(SERVICE, body, {"Content-Type": "application/json"})
        assert answer.status == 200, answer
        assert member(answer.text, "outputs") == "[" + ",".join(outputs for _, outputs in golden) + "]"


@pytest.mark.parametrize("locator", ["service/{service_id}", "version/{id}", "{folder}/{service}[{version}]"])
def test_a_service_is_found_in_every_form_of_address(engine, keycloak, locator):
    with start(engine, keycloak) as gateway:
        path = "/execute/" + locator.format(**engine.model).replace("[", "%5B").replace("]", "%5D")
        assert gateway.get(f"{path}?radius=3&height=4&_format=text").text == "113.097\n"


def test_warnings_of_the_engine_are_counted(engine, keycloak):
    with start(engine, keycloak) as gateway:
        answer = gateway.post(SERVICE, {"radius": 1})
        assert answer.json()["outputs"] == {"volume": 12.566}
        assert answer.header("x-spark-warnings") == "1"


def test_tokens_expire_under_load_and_no_caller_notices(engine, keycloak):
    expiries = 3
    before = set(engine.ledger()["tokens"])
    with start(engine, keycloak, "brief") as gateway:
        end = time.monotonic() + 60
        pace = threading.Event()
        while len(set(engine.ledger()["tokens"]) - before) <= expiries:
            assert time.monotonic() < end, "the token was not renewed"
            for radius in range(1, 11):
                answer = gateway.get(f"{SERVICE}?radius={radius}&height=4&_format=text")
                assert answer.status == 200, answer
                pace.wait(0.01)


def test_a_wrong_secret_is_the_gateways_fault_and_not_the_callers(engine, keycloak):
    with start(engine, keycloak, secret="not-the-secret", wait="live") as gateway:
        answer = gateway.post(SERVICE, {"radius": 3, "height": 4})
        assert (answer.status, answer.code) == (502, "credentials_refused")
        assert answer.json()["outcome"] == "not_sent"
        assert answer.json()["retryable"] is False
