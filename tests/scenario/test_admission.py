"""How many calls are let in, who waits, and callers that leave (contract, limits; rows C6, C7, C19)."""

import time

import pytest
from configured import CYLINDER, csparkd, let_go, together, wait_for

INPUTS = {"radius": 3, "height": 4}
HOLD = "/execute/any/echo~hold"


def ask_held(gateway, n=1, path=HOLD):
    wire = gateway.connect()
    wire.send(f"GET {path}?n={n} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return wire


def queued(gateway):
    return gateway.status()["counters"]["queued"]


def assert_overloaded(answer):
    assert (answer.status, answer.code) == (503, "overloaded"), answer
    problem = answer.json()
    assert problem["outcome"] == "not_sent" and problem["retryable"] and problem["attempts"] == 0
    assert int(answer.header("retry-after")) >= 1


def test_no_more_calls_than_allowed_are_with_spark(sim):
    with csparkd(sim, limits={"max_in_flight": 3}, top={"workers": 1}) as gateway:
        wires = [ask_held(gateway, n) for n in range(8)]
        sim.wait_inflight(3)
        wait_for(lambda: queued(gateway) == 5, "the queue")
        assert gateway.metric("cspark_in_flight") == 3 and gateway.metric("cspark_queued") == 5
        let_go(sim, 8)
        assert [wire.answer().json()["outputs"]["n"] for wire in wires] == list(range(8))
        assert sim.stats()["in_flight_max"] <= 3
        for wire in wires:
            wire.close()


@pytest.mark.concurrency
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_limit_is_shared_by_the_workers(sim, workers):
    with csparkd(sim, limits={"max_in_flight": 4}, top={"workers": workers}) as gateway:
        sim.mood("*", "slow", ms=5)
        answers = together(40, lambda n: gateway.post(CYLINDER, INPUTS))
        assert {answer.status for answer in answers} == {200}
        assert sim.stats()["in_flight_max"] <= 4


def test_a_full_queue_refuses_at_once(sim):
    with csparkd(sim, limits={"max_in_flight": 1, "max_queue": 1}, top={"workers": 1}) as gateway:
        first = ask_held(gateway)
        sim.wait_inflight(1)
        second = ask_held(gateway)
        wait_for(lambda: queued(gateway) == 1, "the queue")
        began = time.monotonic()
        for _ in range(5):
            assert_overloaded(gateway.post(CYLINDER, INPUTS))
        assert time.monotonic() - began < 1
        assert gateway.wait_log("access", code="overloaded")["end"] == "refused"
        # What needs no Spark is answered all the same.
        assert gateway.get("/healthz").status == gateway.get("/readyz").status == 200
        assert gateway.post(CYLINDER, []).json()["outputs"] == []
        let_go(sim, 2)
        assert first.answer().status == second.answer().status == 200
        first.close()
        second.close()


@pytest.mark.parametrize("limits, query", [({"queue_ms": 100}, ""), ({}, "?_timeout=100")])
def test_a_wait_in_the_queue_has_an_end(sim, limits, query):
    with csparkd(sim, limits={"max_in_flight": 1, **limits}, top={"workers": 1}) as gateway:
        first = ask_held(gateway)
        sim.wait_inflight(1)
        began = time.monotonic()
        answer = gateway.post(CYLINDER + query, INPUTS)
        assert_overloaded(answer)
        assert 0.09 <= time.monotonic() - began < 2
        assert len(sim.executes(request_id=answer.header("x-request-id"))) == 0
        sim.release()
        assert first.answer().status == 200
        first.close()


def test_the_queue_counts_against_the_deadline(sim):
    with csparkd(sim, limits={"max_in_flight": 1}, top={"workers": 1}, timeout_ms=600) as gateway:
        first = ask_held(gateway)
        sim.wait_inflight(1)
        second = ask_held(gateway)
        began = time.monotonic()
        assert first.answer().status == 504
        assert second.answer().status in (503, 504)
        assert time.monotonic() - began < 1.1
        first.close()
        second.close()


# -- callers that leave -----------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_C6_a_caller_that_leaves_takes_its_call_back(sim, leave):
    with csparkd(sim, limits={"max_in_flight": 1}, top={"workers": 1}) as gateway:
        wire = ask_held(gateway)
        sim.wait_inflight(1)
        began = time.monotonic()
        getattr(wire, leave)()
        sim.wait(cancelled=1)
        assert time.monotonic() - began < 1
        line = gateway.wait_log("access", end="caller_left")
        assert (line["status"], line["code"], line["attempts"]) == (499, "cancelled", 1)
        (entry,) = sim.executes()
        assert entry["client_left"]
        assert gateway.post(CYLINDER, INPUTS).status == 200
        assert gateway.metric("cspark_caller_left_total") == 1


def test_C6_a_caller_that_leaves_the_queue_was_never_with_spark(sim):
    with csparkd(sim, limits={"max_in_flight": 1}, top={"workers": 1}) as gateway:
        first = ask_held(gateway)
        sim.wait_inflight(1)
        second = ask_held(gateway)
        wait_for(lambda: queued(gateway) == 1, "the queue")
        second.close()
        wait_for(lambda: queued(gateway) == 0, "the caller's leave")
        assert gateway.wait_log("access", end="caller_left")["attempts"] == 0
        sim.release()
        assert first.answer().status == 200
        first.close()
        assert len(sim.executes()) == 1


def test_C6_a_caller_that_leaves_while_it_waits_for_a_token(sim):
    sim.token("hold")
    with csparkd(sim, wait="live") as gateway:
        wire = ask_held(gateway, path=CYLINDER)
        wait_for(lambda: gateway.metric("cspark_in_flight") == 1, "the call")
        wire.close()
        assert gateway.wait_log("access", end="caller_left")["attempts"] == 0
        sim.release()
        gateway.wait_until("/readyz")
        assert sim.executes() == []


def test_C6_a_caller_that_leaves_between_two_attempts(sim):
    sim.mood("*", "retry-seconds", seconds=3)
    with csparkd(sim) as gateway:
        wire = ask_held(gateway, path=CYLINDER)
        sim.wait(moods_played=1)
        wire.close()
        assert gateway.wait_log("access", end="caller_left", deadline=2)["attempts"] == 1
        assert len(sim.executes()) == 1


@pytest.mark.concurrency
def test_C6_a_crowd_that_leaves(sim):
    with csparkd(sim, limits={"max_in_flight": 8, "max_queue": 64}) as gateway:
        wires = [ask_held(gateway, n) for n in range(48)]
        sim.wait_inflight(8)
        for wire in wires:
            wire.reset()
        sim.wait(in_flight_below=1)
        wait_for(lambda: gateway.metric("cspark_caller_left_total") == 48, "their leave")
        sim.release()
        assert gateway.post(CYLINDER, INPUTS).status == 200


def test_C7_a_half_closed_caller_still_gets_its_answer(sim):
    with csparkd(sim) as gateway, ask_held(gateway) as wire:
        sim.wait_inflight(1)
        wire.half_close()
        sim.release()
        assert wire.answer().status == 200


def test_C19_a_caller_that_asks_first_may_go_on(sim):
    with csparkd(sim) as gateway, gateway.connect() as wire:
        wire.send(f"POST {CYLINDER} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
        assert wire.answer(interim=True).status == 100
        assert wire.send(b"{}").answer().status == 200
