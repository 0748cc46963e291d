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
OPENAPI_TOOLS = "openapi-spec-validator==0.9.0", "schemathesis==4.32.5"


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


def environment(folder, *packages):
    """The programs of a virtual environment with these packages."""
    done = folder / "installed"
    wanted = " ".join(packages)
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *packages], check=True)
        done.write_text(wanted)
    return folder / "bin"


@pytest.fixture(scope="session")
def sdk_python(workshop):
    """A Python that has the official SDK."""
    return environment(workshop / "venv", SDK) / "python"


@pytest.fixture(scope="session")
def tools(workshop):
    """The programs that judge an OpenAPI document."""
    return environment(workshop / "openapi", *OPENAPI_TOOLS)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))
