"""Everything at once, by chance but bounded: the seed is printed, $CSPARK_SEED plays it again.

Callers come by TCP and by a unix socket, ask in all forms, leave in the middle of a request or of its answer; Spark is
in every mood; tokens live for a moment and are revoked; in the end the daemon is told to leave. What must hold is that
every caller who stays has an answer of the contract (or is sent away by a drain), and what a Gateway checks when it ends.
"""

import os
import random
import signal
import threading
import time

import pytest
from configured import csparkd, together
from gateway import free_port
from simulator import Simulator
from wire import Closed, Wire

pytestmark = pytest.mark.concurrency

SEED = int(os.environ.get("CSPARK_SEED", time.time_ns() % 1000000))
SECONDS = 6
CALLERS = 24

MOODS = (
    "slow", "close", "reset", "close-before-body", "reset-before-body", "idle-close", "idle-reset", "early-413", "fail-n",
    "retry-junk", "retry-past", "x-retry-after", "redirect-307", "torn", "reset-body", "torn-chunked", "bad-chunk", "cut",
    "torn-gzip", "gzip-bomb", "huge", "endless", "chunked", "until-close", "gzip", "connection-close", "odd-headers",
    "wrong-type", "html", "empty-body", "bad-json", "truncated-json", "bad-utf8", "not-an-object", "no-outputs",
    "short-lists", "status-error", "numbers", "deep", "two-lengths", "bad-length", "length-and-chunked", "big-headers",
    "many-headers", "continue-flood", "gzip-lie", "status-401", "status-408", "status-500", "status-502", "status-503",
    "status-504")
TOKEN_FAULTS = ("status-500", "status-503", "slow", "torn", "html", "expires-in-1", "no-access-token", "reset")
STATUSES = {200, 400, 406, 413, 422, 429, 499, 502, 503, 504}

FORMS = (
    ("application/json", b'{"radius": 3, "height": 4}'),
    ("application/json", b'[{"radius": 3}, {"radius": 1, "height": 1}]'),
    ("application/json", b'[["radius", "height"], [3, 4], [1, 1]]'),
    ("application/x-ndjson", b'{"radius": 3}\n{"radius": 4}\n'),
    ("text/csv", b"radius,height\r\n3,4\r\n1,1\r\n"),
    ("application/x-www-form-urlencoded", b"radius=3&height=4"),
    ("application/json", b'{"radius": 3'),
    ("application/json", b'{"text": "' + b"x" * 100000 + b'"}'),
)
QUERIES = ("", "?_format=ndjson", "?_format=csv", "?_format=text&_outputs=volume", "?_shape=alike", "?_shape=original",
           "?_strict=true", "?_timeout=50", "?_tenant=nobody")
SERVICES = ("my-folder/volume-cylinder", "any/echo", "any/picky", "any/echo~slow")


def request(dice):
    if dice.random() < 0.1:
        return b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % dice.choice((b"status", b"metrics", b"readyz"))
    kind, body = dice.choice(FORMS)
    path = f"/execute/{dice.choice(SERVICES)}{dice.choice(QUERIES)}"
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Caller:
    """Asks until the time is over; leaves one connection in ten in an unfriendly way."""

    def __init__(self, number, gateway, address, draining, end):
        self.dice = random.Random(SEED * 1000 + number)
        self.gateway, self.address, self.draining, self.end = gateway, address, draining, end
        self.answers = 0

    def run(self):
        while time.monotonic() < self.end:
            try:
                with Wire(self.address, 30, self.gateway.seen.append) as wire:
                    self._talk(wire)
            except (Closed, OSError):
                assert self.draining.is_set(), "an answer was not given"
                return self.answers
        return self.answers

    def _talk(self, wire):
        for _ in range(self.dice.randrange(1, 20)):
            data = request(self.dice)
            if self.dice.random() < 0.05:
                return self._leave(wire, data)
            answer = wire.send(data).answer()
            assert answer.status in STATUSES, answer
            self.answers += 1
            if answer.header("connection", "").lower() == "close":
                return None

    def _leave(self, wire, data):
        wire.send(data[:self.dice.randrange(1, len(data) + 1)])
        if self.dice.random() < 0.5:
            wire.reset()


def trouble(sim, draining, end):
    """What happens meanwhile on Spark's side."""
    dice = random.Random(SEED)
    while time.monotonic() < end and not draining.is_set():
        what = dice.randrange(100)
        if what < 80:
            sim.mood(dice.choice(("*", "echo", "volume-cylinder")), dice.choice(MOODS), times=dice.randrange(1, 8))
        elif what < 85:
            sim.revoke()
        elif what < 86:
            sim.token(dice.choice(TOKEN_FAULTS), times=1)
        else:
            sim.clear()
        draining.wait(dice.random() / 20)


@pytest.mark.parametrize("workers, in_flight", [(2, 512), (3, 4)])
def test_all_troubles_at_once(workers, in_flight, tmp_path):
    print(f"CSPARK_SEED={SEED}")
    path = str(tmp_path / "csparkd.sock")
    with Simulator("--token-lifetime", "1") as sim:
        port = free_port()
        with csparkd(sim, top={"workers": workers},
                     limits={"max_in_flight": in_flight, "queue_ms": 500, "head_ms": 1000, "body_ms": 1000},
                     listeners=[{"address": f"127.0.0.1:{port}"}, {"address": f"unix:{path}"}],
                     listen=False, port=port, timeout_ms=2000) as gateway:
            draining = threading.Event()
            end = time.monotonic() + SECONDS
            callers = [Caller(n, gateway, path if n % 3 == 0 else ("127.0.0.1", gateway.port), draining, end + 30)
                       for n in range(CALLERS)]

            def drain():
                draining.wait(max(0, end - time.monotonic()))
                draining.set()
                gateway.process.send_signal(signal.SIGTERM)
                return gateway.wait_exit()

            work = [lambda: trouble(sim, draining, end), drain, *(caller.run for caller in callers)]
            assert together(len(work), lambda n: work[n]())[1] == 0
            assert sum(caller.answers for caller in callers) > 100
