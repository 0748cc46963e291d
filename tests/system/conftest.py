"""One booted container with the packages installed and a simulator beside them, for all tests; each begins with nothing running."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenario"))
from container import TOP, Container, Impossible  # noqa: E402
from host import FIGURES, Host  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    for line in FIGURES:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def packages():
    found = {path.name.split("_")[0]: path for path in (TOP / "build/packages").glob("*.deb") if "dbgsym" not in path.name}
    assert "csparkd" in found, "scripts/package makes the packages"
    return found


@pytest.fixture(scope="session")
def booted(packages):
    try:
        with Container() as container:
            container.install(*packages.values())
            yield container
    except Impossible as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why))
        pytest.skip(str(why))


@pytest.fixture
def host(booted):
    host = Host(booted)
    host.reset()
    return host
