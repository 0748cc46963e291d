"""Each allocation that a request needs fails once: it is answered or its connection closed, and the daemon lives on.

An allocation is made to fail, then the next, until the request needs none that was not yet refused.
"""

import mmap
import struct
import subprocess
import time
from pathlib import Path

import pytest
from configured import csparkd, wait_for
from wire import Closed

HERE = Path(__file__).resolve().parent
PATIENCE_S = 20
CYLINDER = "/execute/my-folder/volume-cylinder"
GOOD = {200, 422}
BAD = {400, 429, 500, 502, 503, 504}


class Orders:
    """What failalloc.c shares with us."""

    def __init__(self, folder):
        self.file = folder / "orders"
        self.file.write_bytes(bytes(mmap.PAGESIZE))
        with open(self.file, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def fail(self, number):
        self.map[:16] = struct.pack("QQ", number, 0)

    def done(self):
        """How many were asked for; nothing fails any more."""
        asked = struct.unpack("QQ", self.map[:16])[1]
        self.fail(0)
        return asked


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("failalloc") / "failalloc.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", path, HERE / "failalloc.c"], check=True)
    return path


@pytest.fixture
def orders(tmp_path):
    return Orders(tmp_path)


def poor(sim, library, orders):
    """A daemon that can be refused memory."""
    gateway = csparkd(sim, top={"workers": 1}, timeout_ms=1500,
                      env={"LD_PRELOAD": str(library), "FAILALLOC": str(orders.file)})
    gateway.sim = None  # an answer may lack the header that tells of the attempts
    return gateway


def refuse(orders, gateway, ask, number):
    """ask() with its allocation of this number refused. Gives how many there were."""
    orders.fail(number)
    try:
        answer = ask()
        assert answer.status in GOOD | BAD, answer
    except (Closed, ConnectionError):
        pass
    finally:
        asked = orders.done()
    assert gateway.process.poll() is None, f"allocation {number} was refused"
    return asked


def refuse_each(orders, gateway, ask):
    """The first, the second, ... until there was none to refuse. Gives how many there were."""
    end = time.monotonic() + PATIENCE_S
    number = 1
    while refuse(orders, gateway, ask, number) >= number:
        assert time.monotonic() < end
        number += 1
    return number


@pytest.mark.parametrize("path, kind, body", [
    (CYLINDER, "application/json", b'{"radius": 3, "height": 4}'),
    (CYLINDER, "application/json", b'[["radius", "height"], [3, 4], [1, 1]]'),
    (CYLINDER + "?_format=csv&_meta=%7B%22a%22:1%7D", "application/x-ndjson", b'{"radius": 3}\n{"radius": 4}\n'),
    (CYLINDER + "?_format=ndjson", "text/csv", b"radius,height\r\n3,4\r\n"),
    (CYLINDER + "?_format=text&_outputs=volume&_strict=true", "application/x-www-form-urlencoded", b"radius=3&height=4"),
    (CYLINDER + "?_shape=alike", "application/json", b'{"request_data":{"inputs":{}},"request_meta":{}}'),
    ("/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute?a=b", "application/json", b"{}"),
    (CYLINDER, "application/json", b'{"radius"'),
])
def test_an_execution(sim, library, orders, path, kind, body):
    with poor(sim, library, orders) as gateway:
        assert refuse_each(orders, gateway, lambda: gateway.post(path, body, {"Content-Type": kind})) > 3
        assert gateway.post(CYLINDER, {"radius": 3, "height": 4}).json()["outputs"]["volume"] == 113.097


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/status"])
def test_a_local_page(sim, library, orders, path):
    with poor(sim, library, orders) as gateway:
        refuse_each(orders, gateway, lambda: gateway.get(path))
        assert gateway.get(path).status == 200


@pytest.mark.slow
def test_a_new_token(sim, library, orders):
    """Tokens are fetched once a second at most, so not every allocation has its turn."""
    with poor(sim, library, orders) as gateway:
        def ask():
            sim.revoke()
            return gateway.post(CYLINDER, {"radius": 3})

        for number in range(1, 30, 4):
            refuse(orders, gateway, ask, number)
        wait_for(lambda: gateway.post(CYLINDER, {"radius": 3}).status == 200)
