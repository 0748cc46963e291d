"""What end-to-end tests stand on: the real counterparts, once per run, below build/e2e."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scenario")]

import engine as engines  # noqa: E402
import keycloak as keycloaks  # noqa: E402
from authority import Authority  # noqa: E402
from needs import TOP, require  # noqa: E402

SDK = "cspark[jwt]==0.3.2"


@pytest.fixture(scope="session")
def workshop():
    """Where counterparts are installed; kept from run to run."""
    folder = TOP / "build" / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def keycloak(workshop):
    require(keycloaks.missing())
    with keycloaks.Keycloak(workshop) as server:
        yield server


@pytest.fixture(scope="session")
def engine(workshop, keycloak):
    require(engines.missing())
    with engines.Engine(workshop, keycloak) as server:
        yield server


@pytest.fixture(scope="session")
def sdk_python(workshop):
    """A Python that has the official SDK, in a virtual environment of its own."""
    python = workshop / "venv" / "bin" / "python"
    done = workshop / "venv" / "installed"
    if not done.exists() or done.read_text() != SDK:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(workshop / "venv")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", SDK], check=True)
        done.write_text(SDK)
    return python


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))
