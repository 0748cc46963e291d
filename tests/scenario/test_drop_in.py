"""Spark's own paths: what must get through unchanged."""

import urllib.parse

import pytest
from gateway import Gateway
from simulator import Simulator


@pytest.fixture(scope="module")
def sim():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(sim):
    config = f"""
        tenants = ( {{ base_url = "{sim.base_url}"; auth = {{ api_key = "{sim.api_key}"; }}; rewrite_urls = true; }} );
    """
    with Gateway(config, sim=sim) as gateway:
        yield gateway


@pytest.mark.parametrize("name", ["x-request-meta", "x-meta"])
def test_metadata_of_transforms_are_in_a_header(sim, gateway, name):
    sim.reset()
    value = "'{\"call_purpose\":\"p\"}'"
    gateway.post("/my-tenant/api/v4/transforms/f/t/for/my-folder/volume-cylinder", {}, {name: value})
    assert sim.ledger()[-1]["headers"][name] == value


def test_addresses_of_files_lead_here(sim, gateway):
    executed = gateway.post("/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute", {}).json()
    call_id = executed["response_meta"]["call_id"]
    path = f"/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/download/xml/{call_id}"
    url = gateway.post(path, {}).json()["response_data"]["download_url"]
    assert url.startswith(gateway.url + "/files?url=" + urllib.parse.quote(sim.url, safe=""))
    file = gateway.get(url.removeprefix(gateway.url))
    assert file.status == 200 and file.body.startswith(b"PK\x03\x04")


@pytest.mark.parametrize("path", [
    "/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/downloadswagger/All/False/",
    "/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/downloadswagger/All/true/"
    "91299a5d-9328-4435-911b-4e5f7783f5d4",
])
def test_swagger_has_six_parts(gateway, path):
    assert gateway.get(path).json()["swagger"] == "2.0"
