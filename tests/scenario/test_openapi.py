"""The OpenAPI document: what it says is served is, and how. tests/e2e/test_openapi_tools.py asks the official tools."""

import json
import re
import subprocess

import pytest
from configured import csparkd
from gateway import BUILD, free_port


@pytest.fixture(scope="module")
def document():
    printed = subprocess.run([str(BUILD / "csparkd"), "--openapi"], capture_output=True, check=True).stdout
    return json.loads(printed)


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    if isinstance(value, list):
        for element in value:
            yield from references(element)


def test_is_served_as_it_is_printed(sim, document):
    with csparkd(sim) as gateway:
        page = gateway.get("/openapi.json")
        head = gateway.request("HEAD", "/openapi.json")
        lost = gateway.get("/nothing")
    assert page.status == 200
    assert page.header("content-type") == "application/json"
    assert page.json() == document
    assert (head.status, head.body) == (200, b"")
    assert "/openapi.json" in lost.json()["detail"]


def test_every_operation_is_named_once(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_every_reference_leads_somewhere(document):
    for reference in references(document):
        place = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_names_in_a_path_are_its_parameters(document):
    for path, method, operation in operations(document):
        if method == "head":
            continue
        named = {parameter["name"] for parameter in operation["parameters"] if parameter.get("in") == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), (path, method)


def test_every_documented_route_is_served(sim, document):
    """With a policy that allows nothing no operation starts, but each is known: 403, and not 404 or 405. What is
    asked of the gateway itself is done: it drains, and goes when all have been asked."""
    port = free_port()
    listener = {"address": f"127.0.0.1:{port}", "allow": ["ops"]}
    with csparkd(sim, listeners=[listener], listen=False, port=port) as gateway:
        for path, method, operation in sorted(operations(document), key=lambda entry: entry[0].startswith("/-/")):
            concrete = re.sub(r"\{\w+\}", "x", path)
            answer = gateway.request(method.upper(), concrete, b"" if method in ("post", "put", "patch") else None)
            expected = (403, "operation_disabled") if "x-spark" in operation else (int(min(operation["responses"])), None)
            code = answer.json()["code"] if answer.status >= 400 else None
            assert (answer.status, code) == expected, (path, method)
