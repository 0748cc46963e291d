"""When too much fails, Spark is left alone for a while (row U24; contract, circuit_open)."""

import time

from configured import CYLINDER, csparkd, tenant_of, together, wait_for
from gateway import free_port

INPUTS = {"radius": 3, "height": 4}
ONE = {"workers": 1}  # each worker has a breaker of its own


def is_refused(answer):
    """Said at once, without asking Spark."""
    problem = answer.json()
    assert (answer.status, problem["code"], problem["outcome"]) == (503, "circuit_open", "not_sent")
    assert problem["retryable"] and problem["attempts"] == 0 and "spark" not in problem
    assert 1 <= int(answer.header("retry-after")) <= 12
    return True


def break_it(gateway):
    """Asks until it is refused; how many calls that took."""
    for calls in range(100):
        if gateway.post(CYLINDER, INPUTS).code == "circuit_open":
            return calls
    raise AssertionError("nothing opens the breaker")


def test_U24_a_storm_hardly_reaches_spark(sim):
    sim.mood("*", "status-503")
    with csparkd(sim, top=ONE) as gateway:
        calls = break_it(gateway)
        attempts = len(sim.executes())
        assert 20 <= attempts <= 3 * calls
        began = time.monotonic()
        with gateway.connect() as wire:
            for _ in range(200):
                request = f"GET {CYLINDER}?radius=3 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                assert is_refused(wire.send(request).answer())
        assert time.monotonic() - began < 2  # 10 ms each, where a millisecond will do: the machine may be busy
        assert len(sim.executes()) == attempts <= 1.1 * (calls + 201)
        line = gateway.wait_log("breaker_open")
        assert line["tenant"] == "default" and 4000 <= line["open_ms"] <= 6000
        assert gateway.metric("cspark_breaker_open", tenant="default") == 1
        assert gateway.metric("cspark_breaker_opens_total", tenant="default") == 1
        assert gateway.metric("cspark_errors_total", code="circuit_open") == 201


def test_U24_it_recovers_within_seconds_after_the_storm(sim):
    sim.mood("*", "status-502")
    with csparkd(sim, top=ONE) as gateway:
        break_it(gateway)
        sim.clear()
        ended = time.monotonic()
        wait_for(lambda: gateway.post(CYLINDER, INPUTS).status == 200, "the end of the silence")
        assert 3.5 < time.monotonic() - ended < 7
        assert [gateway.post(CYLINDER, INPUTS).status for _ in range(2)] == [200, 200]
        gateway.wait_log("breaker_closed")
        assert gateway.metric("cspark_breaker_open") == 0
        answers = together(8, lambda n: gateway.post(CYLINDER, INPUTS))
        assert {answer.status for answer in answers} == {200}
        assert [line["event"] for line in gateway.log() if "breaker" in line["event"]] == [
            "breaker_open", "breaker_closed"]


def test_U24_one_call_at_a_time_finds_out_that_it_lasts(sim):
    sim.mood("*", "status-504")
    with csparkd(sim, top=ONE) as gateway:
        break_it(gateway)
        attempts = len(sim.executes())
        wait_for(lambda: gateway.post(CYLINDER, INPUTS).code == "upstream_timeout", "a probe")
        assert is_refused(gateway.post(CYLINDER, INPUTS))
        assert len(sim.executes()) == attempts + 1
        assert gateway.metric("cspark_breaker_opens_total") == 2
        opens = [line["open_ms"] for line in gateway.log() if line["event"] == "breaker_open"]
        assert len(opens) == 2 and 8000 <= opens[1] <= 12000


def test_a_host_that_is_gone_is_noticed_sooner_and_only_by_its_tenant(sim):
    gone = tenant_of(sim, name="gone", base_url=f"http://127.0.0.1:{free_port()}/my-tenant", auth={"open": True})
    with csparkd(sim, tenants=[tenant_of(sim), gone], top=ONE) as gateway:
        first, second, third = (gateway.post(CYLINDER + "?_tenant=gone", INPUTS) for _ in range(3))
        assert (first.code, first.json()["attempts"]) == ("upstream_unreachable", 3)
        assert (second.code, second.json()["attempts"]) == ("upstream_unreachable", 2)
        assert is_refused(third)
        assert gateway.post(CYLINDER, INPUTS).status == 200
        assert gateway.metric("cspark_breaker_open", tenant="gone") == 1
        assert gateway.metric("cspark_breaker_open", tenant="default") == 0


def test_what_spark_refuses_does_not_open_it(sim):
    with csparkd(sim, top=ONE) as gateway:
        for mood in ("status-400", "status-429", "status-500"):
            sim.mood("*", mood)
            assert "circuit_open" not in [gateway.post(CYLINDER, INPUTS).code for _ in range(30)]
        sim.clear()
        assert gateway.metric("cspark_breaker_opens_total") == 0


def test_it_can_be_turned_off(sim):
    sim.mood("*", "status-503")
    with csparkd(sim, top=ONE, breaker=False) as gateway:
        assert {gateway.post(CYLINDER, INPUTS).code for _ in range(30)} == {"spark_unavailable"}
        assert len(sim.executes()) >= 30
