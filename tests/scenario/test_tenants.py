"""Which tenant a request is for."""

import pytest
from gateway import Gateway
from simulator import Simulator

SAAS, RUNNER = {"x-tenant-name": "my-tenant"}, {"x-tenant-name": "my-runner"}
EMPTY = {"x-tenant-name": ""}  # what the SDK's static helpers send


@pytest.fixture(scope="module")
def spark():
    with Simulator() as saas, Simulator("--hybrid", "--tenant", "my-runner") as runner:
        yield saas, runner


@pytest.fixture(scope="module")
def gateway(spark):
    saas, runner = spark
    config = f"""
        tenants = (
            {{ base_url = "{saas.base_url}"; auth = {{ api_key = "{saas.api_key}"; }}; }},
            {{ name = "runner"; kind = "hybrid"; base_url = "{runner.url}/my-runner"; auth = {{ open = true; }}; }}
        );
    """
    with Gateway(config) as gateway:
        yield gateway


@pytest.mark.parametrize("path, headers, where", [
    ("/health", {}, "saas"),
    ("/health", EMPTY, "saas"),
    ("/health", SAAS, "saas"),
    ("/healthcheck", {}, "runner"),
    ("/healthcheck", EMPTY, "runner"),
    ("/healthcheck", RUNNER, "runner"),
    ("/version", EMPTY, "runner"),
    ("/status", EMPTY, "runner"),
    ("/status", RUNNER, "runner"),
    ("/hybrid/status", {}, "runner"),
    ("/hybrid/status?_tenant=runner", {}, "runner"),
    ("/my-tenant/api/v4/batch/status", RUNNER, "saas"),
])
def test_a_tenant_is_found(spark, gateway, path, headers, where):
    for simulator in spark:
        simulator.reset()
    gateway.get(path, headers)
    seen = [bool(simulator.ledger()) for simulator in spark]
    assert seen == [where == "saas", where == "runner"]


def test_our_own_status_stays(gateway):
    assert "tenants" in gateway.get("/status").json()


def test_a_tenant_that_is_none(gateway):
    answer = gateway.get("/health", {"x-tenant-name": "other"})
    assert (answer.status, answer.code) == (404, "no_such_route")
