"""Every public method of the official SDK has a case; what comes of them is in the rows."""

import json
import subprocess
from pathlib import Path

import pytest
from simulator import Simulator

MATRIX = Path(__file__).with_name("sdk_matrix.py")
OAUTH = {"client_id": Simulator.client_id, "client_secret": Simulator.client_secret}
DEADLINE_S = 90


def run(python, simulator):
    """The methods, and rows of what came of each call."""
    place = {
        "origin": simulator.url, "control": simulator.url, "tenant": Simulator.tenant,
        "hybrid": simulator.url, "hybrid_control": simulator.url, "runner": Simulator.tenant,
        "auth": {"oauth": OAUTH}, "oauth": OAUTH, "only": "Folders.",
    }
    done = subprocess.run([str(python), str(MATRIX), json.dumps(place)], env={"PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def direct(sdk_python):
    with Simulator() as simulator:
        return run(sdk_python, simulator)


def test_every_method_has_a_case(direct):
    for method in direct["without case"]:
        print(f"no case for {method}")
    assert not direct["without case"] and not direct["without method"]
