"""The official Python SDK sees no difference between Spark (the simulator) and csparkd's drop-in paths."""

import json
import subprocess
from pathlib import Path

import pytest
from gateway import Gateway
from simulator import Simulator

CALLS = Path(__file__).with_name("sdk_calls.py")
IDS = {
    "service_id": "b3cfea0c-aca4-471a-8500-26b887d14d69",
    "version_id": "91299a5d-9328-4435-911b-4e5f7783f5d4",
}
DEMO = {"client_id": Simulator.client_id, "client_secret": Simulator.client_secret}


def config(simulator):
    return f"""
        tenants = ( {{
            base_url = "{simulator.base_url}";
            auth = {{ client_id = "{DEMO['client_id']}"; client_secret = "{DEMO['client_secret']}"; }};
            retry = {{ max = 1; interval_ms = 10; }};
        }} );
    """


def run(python, origin, auth):
    """{name of the call: what came of it}"""
    done = subprocess.run([str(python), str(CALLS), origin, Simulator.tenant, json.dumps(auth), json.dumps(IDS)],
                          env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def direct(sdk_python):
    with Simulator() as simulator:
        return run(sdk_python, simulator.url, {"oauth": DEMO})


@pytest.mark.parametrize("auth", [
    {"api_key": "open"},
    {"api_key": "any-key-of-the-caller"},
    {"token": "any-token-of-the-caller"},
    {"oauth": {"client_id": "any", "client_secret": "thing"}},
], ids=["open", "api key", "token", "oauth"])
def test_the_sdk_gets_what_it_gets_from_spark(sdk_python, direct, auth):
    with Simulator() as simulator, Gateway(config(simulator)) as gateway:
        through = run(sdk_python, gateway.url, auth)
    differences = {name: (direct[name], through[name]) for name in direct if direct[name] != through[name]}
    assert not differences


def test_the_calls_say_something(direct):
    """The comparison above would also hold between two ruins."""
    assert direct["v3"]["data"]["outputs"] == [{"volume": 113.097}]
    assert direct["v4"]["data"]["outputs"][0] == {"volume": 113.097}
    assert direct["no such service"]["error"] == "NotFoundError"
    assert direct["status 429"]["error"] == "RateLimitError"
    assert sum("error" in outcome for outcome in direct.values()) <= len(direct) / 2
