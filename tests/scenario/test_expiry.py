"""Tokens that expire or are revoked while many callers are at work (rows T14, T16, T20)."""

import os
import threading
import time

import pytest
from configured import CYLINDER, csparkd, later, together

pytestmark = pytest.mark.concurrency

REQUEST = f"GET {CYLINDER}?radius=3&height=4 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
EXPIRIES = int(os.environ.get("CSPARK_EXPIRIES", "4"))  # 20 in a long run


@pytest.mark.slow
def test_T20_64_callers_see_no_expiry(sim):
    sim.token(lifetime=1)
    over = threading.Event()

    def call(gateway):
        good = 0
        with gateway.connect() as wire:
            while not over.is_set():
                answer = wire.send(REQUEST).answer()
                assert answer.status == 200, answer
                good += 1
        return good

    with csparkd(sim) as gateway:
        began = time.monotonic()
        counts = later(lambda: together(64, lambda n: call(gateway)))
        sim.wait(timeout=60, token_requests=EXPIRIES + 1)
        over.set()
        seconds = time.monotonic() - began
        assert min(counts()) > 0
        fetches = sim.token_requests()
        times = [entry["time_ms"] for entry in fetches]
        # One for each life, and none sooner than a token is old.
        assert all(b - a >= 690 for a, b in zip(times, times[1:])), times
        assert len(fetches) <= seconds / 0.7 + 1
        assert gateway.metric("cspark_errors_total") == 0


def test_T14_200_calls_with_a_revoked_token_cause_one_fetch(sim):
    with csparkd(sim, limits={"max_in_flight": 512}) as gateway:
        assert gateway.get(CYLINDER).status == 200
        sim.mood("*", "slow", ms=20)
        sim.revoke()
        answers = together(200, lambda n: gateway.get(f"{CYLINDER}?radius=3&height=4&n={n}"))
        assert {answer.status for answer in answers} == {200}
        assert {answer.header("x-cspark-attempts") for answer in answers} <= {"1", "2"}
        assert len(sim.token_requests()) == 2
        refused = [entry for entry in sim.executes() if entry["status"] == 401]
        assert gateway.metric("cspark_retries_total", cause="unauthorized") == len(refused) > 0


def test_T16_200_calls_without_a_token_cause_one_fetch(sim):
    sim.token("slow", ms=300)
    with csparkd(sim, wait="live", top={"workers": 4}) as gateway:
        answers = together(200, lambda n: gateway.get(CYLINDER))
        assert {answer.status for answer in answers} == {200}
        assert len(sim.token_requests()) == 1
        assert sim.stats()["unauthorized"] == 0


def test_T15_a_401_with_an_old_token_does_not_cost_the_new_one(sim):
    """Calls that were refused with the token before last find that there is a newer one."""
    with csparkd(sim, top={"workers": 4}) as gateway:
        slow = [later(lambda: gateway.get("/execute/any/echo~slow=200?a=1")) for _ in range(8)]
        sim.wait_inflight(8)
        sim.revoke()
        assert gateway.get(CYLINDER).status == 200
        assert {result().status for result in slow} == {200}
        assert len(sim.token_requests()) == 2
