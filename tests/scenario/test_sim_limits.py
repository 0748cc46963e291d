"""What the simulator bears and how long it takes: time, turns, sizes, rate; and records that go wrong."""

import json
import select
import time

import pytest

from simulator import Simulator
from test_sim import Caller
from wire import Wire

ECHO = "my-folder/echo"


@pytest.fixture(scope="module")
def running():
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(running):
    running.reset()
    return running


@pytest.fixture
def caller(sim):
    caller = Caller(sim, sim.api_key)
    yield caller
    caller.wire.close()


@pytest.fixture
def callers(sim):
    """As many connections as are asked for."""
    made = []

    def make(count):
        made.extend(Caller(sim, sim.api_key) for _ in range(count))
        return made[-count:]

    yield make
    for caller in made:
        caller.wire.close()


def records(count, **also):
    return [{"id": i, **also} for i in range(count)]


def many(caller, inputs, **members):
    return caller.v4(inputs, ECHO, **members).answer()


# -- records that go wrong ----------------------------------------------------------


def test_a_flawed_record_has_an_error_and_the_others_have_their_outputs(sim, caller):
    sim.flaw("id", value=1, code="model_error", message='say "no"')
    answer = many(caller, records(3)).json()
    assert answer["outputs"] == [{"id": 0}, None, {"id": 2}] and answer["warnings"] == [None, None, None]
    assert answer["errors"] == [None, [{"error_category": "runtime", "error_type": "model_error", "additional_details": None,
                                        "source_path": "id", "message": 'say "no"'}], None]
    assert [len(answer[name]) for name in ("process_time", "service_chain")] == [3, 3]


def test_flaws_are_told_apart_by_what_values_mean_and_by_service(sim, caller):
    sim.flaw("id", value="1", service="echo")
    rows = [["id", "b"], [1, "x"], ["1", "y"], [11, "z"], [None, 1]]
    assert [bool(e) for e in many(caller, rows).json()["errors"]] == [True, True, False, False]
    assert caller.v4(rows, "my-folder/sum").answer().json()["errors"] == [None] * 4
    sim.flaw("b")
    assert [bool(e) for e in many(caller, rows).json()["errors"]] == [True] * 4


def test_a_flaw_can_be_a_warning(sim, caller):
    sim.flaw("id", "warn", value=0, message="odd")
    answer = many(caller, records(2)).json()
    assert answer["outputs"] == records(2) and answer["errors"] == [None, None]
    assert answer["warnings"] == [[{"source_path": "id", "message": "odd"}], None]


def test_one_record_has_the_whole_call_refused(sim, caller):
    sim.flaw("id", "refuse", value=7, message="id 7 is bad")
    answer = many(caller, records(10))
    assert answer.status == 422 and answer.json() == {"type": "invalid_input", "code": "INVALID_INPUT", "message": "id 7 is bad"}
    assert many(caller, records(7)).status == 200
    assert caller.v3(ECHO, {"id": 7}).answer().status == 422
    sim.flaw()
    assert many(caller, records(10)).status == 200


def test_a_flaw_is_used_up(sim, caller):
    sim.flaw("id", "refuse", value=0, times=1, status=400)
    assert [many(caller, records(1)).status for _ in range(2)] == [400, 200]


def test_a_record_of_a_single_call_fails_as_one_of_many_does(sim, caller):
    sim.flaw("id", value=7)
    data = caller.v3(ECHO, {"id": 7}).answer().json()["response_data"]
    assert data["outputs"] is None and data["errors"][0]["source_path"] == "id"


@pytest.mark.parametrize("flaw", [{"effect": "no"}, {"status": 200}, {"times": 0}, {"ms": -1}])
def test_flaws_that_make_no_sense_are_refused(sim, flaw):
    with pytest.raises(AssertionError, match="400"):
        sim.flaw("id", **flaw)


# -- time ---------------------------------------------------------------------------


def test_a_call_takes_its_time_by_records(sim, caller):
    sim.limits(per_call_ms=50, per_record_ms=2.5)
    began = time.monotonic()
    assert many(caller, records(40)).json()["process_time"] == [2] * 40
    assert time.monotonic() - began >= 0.15


def test_a_call_that_takes_too_long_is_given_up_with_504(sim, caller):
    sim.limits(per_record_ms=100, call_limit_ms=250)
    began = time.monotonic()
    answer = many(caller, records(1000))
    assert (answer.status, answer.json()["code"]) == (504, "TIMEOUT") and time.monotonic() - began >= 0.25
    assert many(caller, records(1)).status == 200 and caller.v3(ECHO).answer().status == 200
    assert sim.stats()["timed_out"] == 1


def test_one_slow_record_has_the_call_given_up(sim, caller):
    sim.limits(call_limit_ms=100)
    sim.flaw("id", "slow", value=3, ms=60000)
    assert many(caller, records(3)).status == 200
    assert many(caller, records(4)).status == 504
    assert caller.v3(ECHO, {"id": 3}).answer().status == 504


def test_waiting_counts_too(sim, callers):
    sim.limits(per_call_ms=60000, parallel=1, call_limit_ms=100)
    first, second = callers(2)
    first.v4(records(1), ECHO)
    sim.wait_inflight(1)
    second.v4(records(1), ECHO)
    assert [c.answer().status for c in (first, second)] == [504, 504]


def test_a_caller_who_leaves_makes_room(sim, callers):
    sim.limits(per_call_ms=1, parallel=1)
    sim.flaw("id", "slow", value=1, ms=60000)
    *slow, quick = callers(3)
    for caller in slow:
        caller.v4(records(2), ECHO)
    sim.wait_inflight(2)
    quick.v4(records(1), ECHO)
    for left, caller in enumerate(slow, 1):
        caller.wire.close()
        sim.wait(cancelled=left)
    assert quick.answer().status == 200


# -- turns --------------------------------------------------------------------------


def test_only_so_many_calculate_at_a_time(sim, callers):
    sim.limits(per_call_ms=100, parallel=4)
    began = time.monotonic()
    crowd = [c.v4(records(1), ECHO) for c in callers(12)]
    assert [c.answer().status for c in crowd] == [200] * 12
    assert time.monotonic() - began >= 0.3


def test_who_finds_no_room_in_the_queue_is_turned_away(sim, callers):
    sim.limits(per_call_ms=60000, parallel=1, queue=1)
    crowd = [c.v4(records(1), ECHO) for c in callers(3)]
    sim.wait(throttled=1, inflight_below=3)
    ready, _, _ = select.select([c.wire.sock for c in crowd], [], [], 20)
    assert len(ready) == 1
    refused, = (c for c in crowd if c.wire.sock is ready[0])
    answer = refused.answer()
    assert (answer.status, answer.json()["code"], answer.header("retry-after")) == (429, "TOO_MANY_REQUESTS", "60")
    assert sim.stats()["throttled"] == 1


def test_more_room_lets_the_waiting_in(sim, callers):
    sim.limits(per_call_ms=1, parallel=1)
    sim.flaw("id", "slow", value=1, ms=60000)
    slow, *quick = callers(4)
    slow.v4(records(2), ECHO)
    sim.wait_inflight(1)
    for caller in quick:
        caller.v4(records(1), ECHO)
    sim.limits(parallel=2)
    assert [c.answer().status for c in quick] == [200] * 3


# -- sizes and rate -----------------------------------------------------------------


def test_a_body_too_large_is_refused_before_it_is_sent(sim, caller):
    sim.limits(body_bytes=1000)
    caller.wire.send(caller.head("/my-tenant/api/v4/execute", 100000))
    answer = caller.answer()
    assert (answer.status, answer.json()["code"], answer.header("connection")) == (413, "REQUEST_TOO_LARGE", "close")
    assert sim.stats()["oversized"] == 1 and sim.executes()[-1]["status"] == 413


def test_a_chunked_body_too_large_is_refused_too(sim):
    sim.limits(body_bytes=1000)
    body = json.dumps({"inputs": records(200), "service": ECHO}).encode()
    with Wire(sim.address, timeout=20) as wire:
        wire.send(b"POST /my-tenant/api/v4/execute HTTP/1.1\r\nHost: sim\r\nx-synthetic-key: demo-key\r\nx-tenant-name: my-tenant\r\n"
                  b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert wire.answer().status == 413


def test_too_many_records_are_refused(sim, caller):
    sim.limits(records=10)
    assert [many(caller, records(n)).status for n in (10, 11)] == [200, 413]
    assert many(caller, [["id"]] + [[i] for i in range(10)]).status == 200
    sim.limits(records_status=400)
    assert many(caller, records(11)).status == 400


def test_calls_come_at_a_rate(sim, caller):
    sim.limits(rate=0.01, burst=2)
    answers = [many(caller, records(1)) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert 90 <= int(answers[2].header("retry-after")) <= 100
    sim.limits(retry_header=2)
    answer = many(caller, records(1))
    assert 90 <= float(answer.header("x-retry-after")) <= 100 and answer.header("retry-after") is None
    sim.limits(retry_header=0)
    assert many(caller, records(1)).header("x-retry-after") is None
    assert sim.fetch_token()
    sim.limits(rate=None)
    assert many(caller, records(1)).status == 200


def test_the_rate_refills(sim, caller):
    sim.limits(rate=1000, burst=1)
    deadline = time.monotonic() + 20
    answered = 0
    while answered < 5 and time.monotonic() < deadline:
        answered += many(caller, records(1)).status == 200
    assert answered == 5


# -- setting them -------------------------------------------------------------------


def test_limits_are_told_and_reset(sim):
    usual = sim.limits()
    assert usual["call_limit_ms"] == 55000 and usual["queue"] == -1 and usual["parallel"] == 0
    assert sim.limits(parallel=3, rate=2.5)["rate"] == 2.5
    assert sim.limits(parallel=None)["parallel"] == 0
    with pytest.raises(AssertionError, match="400"):
        sim.limits(parallel=7, moon=1)
    assert sim.limits()["parallel"] == 0
    sim.reset()
    assert sim.limits() == usual


def test_the_command_line_sets_them():
    with Simulator("--latency-ms", 5, "--latency-per-record-us", 500, "--parallel", 16, "--limit", "rate=7.5") as sim:
        expected = {"per_call_ms": 5, "per_record_ms": 0.5, "parallel": 16, "rate": 7.5}
        assert expected.items() <= sim.limits().items()
        sim.limits(rate=1)
        sim.reset()
        assert sim.limits()["rate"] == 7.5


@pytest.mark.parametrize("limit", ["moon=1", "rate", "rate=", "rate=x", "rate=-2"])
def test_the_command_line_knows_what_is_none(limit):
    with pytest.raises(RuntimeError):
        Simulator("--limit", limit).start()


def test_the_same_port_serves_again_after_a_crash():
    with Simulator() as sim:
        port = sim.port
        caller = Caller(sim, sim.api_key)
        assert many(caller, records(1)).status == 200
        sim.crash()
        sim.start()
        assert sim.port == port
        again = Caller(sim, sim.api_key)
        assert many(again, records(1)).status == 200
        again.wire.close()
        caller.wire.close()
