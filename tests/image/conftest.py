"""The images, each built once; for each test a network of its own, with the simulator where Spark would be."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenario"))
from container import Container, Network  # noqa: E402
from image import Image, Impossible  # noqa: E402
from pod import REVISION, Spark  # noqa: E402


@pytest.fixture(scope="session")
def images():
    try:
        made = {target: Image(target) for target in ("sim", "example")}
        made["csparkd"] = Image("csparkd", [f"REVISION={REVISION}"])
    except Impossible as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why))
        pytest.skip(str(why))
    yield made
    for image in made.values():
        image.close()


@pytest.fixture
def network():
    with Network() as network:
        yield network


@pytest.fixture
def spark(images, network):
    with Container(images["sim"], network, command=["--listen", "127.0.0.1:8081"], tmpfs={"/tmp": "mode=1777"}):
        yield Spark(network)
