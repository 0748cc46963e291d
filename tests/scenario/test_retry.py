"""When a call is repeated, how long that waits, and who else waits (rows U21, U22, U24; contract, retries)."""

import time

import pytest
from configured import CYLINDER, csparkd, later, tenant_of, together

INPUTS = {"radius": 3, "height": 4}


def arrivals(sim, answer):
    return [entry["time_ms"] for entry in sim.executes(request_id=answer.header("x-request-id"))]


def gaps(sim, answer):
    times = arrivals(sim, answer)
    return [b - a for a, b in zip(times, times[1:])]


# -- what Spark asks for ------------------------------------------------------------


@pytest.mark.parametrize("mood, args, least_ms", [
    ("retry-seconds", {"seconds": 1}, 1000),
    ("retry-date", {"seconds": 1}, 900),
    ("x-retry-after", {"text": "x-retry-after: 0.3"}, 300),
])
@pytest.mark.parametrize("status", [429, 503])
def test_U21_spark_says_when(sim, mood, args, least_ms, status):
    sim.mood("*", mood, times=1, status=status, **args)
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.status == 200
        (gap,) = gaps(sim, answer)
        assert least_ms - 5 <= gap < least_ms * 1.1 + 500
        assert gateway.metric("cspark_retries_total", cause="throttled") == 1


@pytest.mark.parametrize("mood", ["retry-past", "retry-junk", "retry-negative"])
def test_U22_nonsense_is_ignored(sim, mood):
    sim.mood("*", mood)
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert (answer.status, answer.code) == (429, "spark_rate_limited")
        assert len(gaps(sim, answer)) == 2 and max(gaps(sim, answer)) < 1000
        assert int(answer.header("retry-after", "0")) >= 0


@pytest.mark.parametrize("mood", ["retry-huge", "retry-days"])
def test_U22_longer_than_the_deadline_is_told_at_once(sim, mood):
    sim.mood("*", mood, times=1)
    with csparkd(sim) as gateway:
        began = time.monotonic()
        answer = gateway.post(CYLINDER, INPUTS)
        assert (answer.status, answer.code) == (429, "spark_rate_limited")
        assert answer.json()["outcome"] == "not_sent" and answer.json()["retryable"]
        assert int(answer.header("retry-after")) >= 300
        assert time.monotonic() - began < 1 and len(arrivals(sim, answer)) == 1


def test_U21_a_wait_beyond_the_deadline_is_passed_on(sim):
    sim.mood("*", "retry-seconds", seconds=2, status=503)
    with csparkd(sim, timeout_ms=500) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert (answer.status, answer.code, answer.header("retry-after")) == (503, "spark_unavailable", "2")
        assert answer.json()["attempts"] == 1 and answer.json()["outcome"] == "not_sent"


def test_U21_all_calls_of_the_tenant_hold_back(sim):
    """On every worker, and only this tenant's."""
    sim.mood("*", "retry-seconds", times=1, seconds=1)
    tenants = [tenant_of(sim, name="a"), tenant_of(sim, name="b")]
    with csparkd(sim, tenants=tenants, top={"workers": 4}) as gateway:
        first = later(lambda: gateway.post(CYLINDER, INPUTS))
        sim.wait(moods_played=1)
        gateway.post(CYLINDER + "?_tenant=b", INPUTS)  # and the news spread meanwhile
        hasty = gateway.post(CYLINDER + "?_timeout=100", INPUTS)
        assert (hasty.status, hasty.code, hasty.header("retry-after")) == (429, "spark_rate_limited", "1")
        assert hasty.json()["attempts"] == 0
        others = together(8, lambda n: gateway.post(CYLINDER, INPUTS))
        assert {answer.status for answer in others} == {200}
        refused_ms = arrivals(sim, first())[0]
        assert min(arrivals(sim, answer)[0] for answer in others) - refused_ms >= 990
        b = [entry["time_ms"] for entry in sim.executes() if entry["request_id"] not in
             {a.header("x-request-id") for a in others} | {first().header("x-request-id")}]
        assert len(b) == 1 and b[0] - refused_ms < 900


# -- the same request ------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["fail-n=2", "reset", "torn", "status-429"])
def test_all_attempts_carry_one_id_and_one_body(sim, mood):
    sim.mood("*", mood, times=-1 if "=" in mood else 1)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS, {"X-Request-Id": "my.own/id-7", "traceparent": trace})
        assert answer.status == 200 and answer.header("x-request-id") == "my.own/id-7"
        entries = sim.executes(request_id="my.own/id-7")
        assert len(entries) == int(answer.header("x-cspark-attempts")) >= 2
        assert len({entry["body"] for entry in entries}) == 1
        (sent,) = {entry["headers"].get("traceparent") for entry in entries}
        assert sent[:36] == trace[:36] and sent != trace
        line = gateway.wait_log("access", request_id="my.own/id-7")
        assert line["attempts"] == len(entries)


@pytest.mark.parametrize("odd", ["", "a b", "x" * 300, "\u00e9", "a\tb"])
def test_an_odd_id_is_replaced(sim, odd):
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS, {"X-Request-Id": odd})
        assert answer.status == 200 and len(answer.header("x-request-id")) == 36
        assert len(arrivals(sim, answer)) == 1


def test_attempts_end_at_retry_max(sim):
    sim.mood("*", "fail-n=3")
    with csparkd(sim) as gateway:
        assert gateway.post(CYLINDER, INPUTS).json()["attempts"] == 3
    with csparkd(sim, retry={"max": 3, "interval_ms": 1}) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
    with csparkd(sim, retry={"max": 0, "interval_ms": 1}) as gateway:
        assert gateway.post(CYLINDER, INPUTS).json()["attempts"] == 1


# -- deadlines -----------------------------------------------------------------------------


def test_the_deadline_covers_the_retries(sim):
    sim.mood("*", "status-503", delay_ms=200)
    with csparkd(sim, timeout_ms=500, retry={"max": 10, "interval_ms": 1}) as gateway:
        began = time.monotonic()
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.status in (503, 504) and time.monotonic() - began < 1
        assert 2 <= answer.json()["attempts"] <= 3


def test_no_wait_goes_beyond_the_deadline(sim):
    sim.mood("*", "status-503")
    with csparkd(sim, timeout_ms=300, retry={"max": 2, "interval_ms": 60000}) as gateway:
        began = time.monotonic()
        for _ in range(3):
            assert gateway.post(CYLINDER, INPUTS).status in (503, 504)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("asked, configured, least, most", [(100, 5000, 90, 600), (100000, 200, 190, 700)])
def test_timeout_only_shortens(sim, asked, configured, least, most):
    sim.mood("*", "hang")
    with csparkd(sim, timeout_ms=configured) as gateway:
        began = time.monotonic()
        answer = gateway.post(f"{CYLINDER}?_timeout={asked}", INPUTS)
        took_ms = (time.monotonic() - began) * 1000
        assert (answer.status, answer.code) == (504, "upstream_timeout")
        assert answer.json()["outcome"] == "maybe_executed" and answer.json()["attempts"] == 1
        assert least <= took_ms < most
        assert gateway.wait_log("access", code="upstream_timeout")["end"] == "deadline"
        sim.wait(in_flight_below=1)


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "99999999999999999999", ""])
def test_C32_timeouts_that_are_none(sim, value):
    with csparkd(sim) as gateway:
        answer = gateway.post(f"{CYLINDER}?_timeout={value}", INPUTS)
        assert (answer.status, answer.code) == (400, "bad_parameter")
        assert sim.executes() == []


# -- many ------------------------------------------------------------------------------------


@pytest.mark.concurrency
def test_G11_faults_now_and_then_are_not_seen(sim):
    sim.mood("*", "status-503", percent=2)
    with csparkd(sim, retry={"max": 2, "interval_ms": 5}) as gateway:
        def work(number):
            with gateway.connect() as wire:
                request = f"GET {CYLINDER}?radius={number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                return [wire.send(request).answer().status for _ in range(100)]

        statuses = sum(together(8, work), [])
        assert statuses.count(200) >= 799
        assert len(sim.executes()) <= 800 * 1.1
