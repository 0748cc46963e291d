"""The simulator's batches under load: time, workers, buffers, and what can go wrong with them."""

import time

import pytest

from simulator import Simulator
from test_sim_operations import V4, Spark
from test_sim_pipelines import Batch

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
def spark(sim):
    return Spark(sim)


def rows(*ids):
    return [["id"], *([i] for i in ids)]


def pulled(batch, max=100):
    return [chunk["id"] for chunk in batch.pull(max).json["data"]]


def until(batch, **wished):
    """The status once it is as wished."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = batch.status()
        if wished.items() <= status.items():
            return status
    raise AssertionError(f"{wished} has not come to pass: {status}")


def refused(answer, status, code):
    assert (answer.status, answer.json["code"]) == (status, code)


# -- time and order -----------------------------------------------------------------


def test_chunks_take_their_time_on_few_workers(sim, spark):
    sim.limits(per_call_ms=20, per_record_ms=40, workers=2)
    batch = Batch(spark, ECHO)
    began = time.monotonic()
    for i in range(4):
        batch.push(f"{i}", rows(1, 2))
    until(batch, records_completed=8)
    assert time.monotonic() - began >= 0.2


def test_a_short_chunk_overtakes_a_long_one(sim, spark):
    sim.limits(per_record_ms=10000, workers=2)
    batch = Batch(spark, ECHO)
    batch.push("long", rows(*range(100)))
    sim.limits(per_record_ms=0)
    batch.push("short", rows(1))
    assert pulled(batch) == ["short"]
    status = batch.change("closed") and batch.status()
    assert (status["batch_status"], status["chunks_completed"]) == ("closed", 1)


def test_results_come_in_another_order(sim, spark):
    sim.job("batch", reverse=True)
    batch = Batch(spark, ECHO)
    for i in range(4):
        batch.push(f"{i}", rows(i))
    assert [pulled(batch, 3), pulled(batch)] == [["3", "2", "1"], ["0"]]


# -- what goes wrong ----------------------------------------------------------------


def test_a_batch_fails_in_the_middle(sim, spark):
    sim.job("batch", "fail", after=2, times=1)
    batch = Batch(spark, ECHO)
    batch.push("0", rows(0))
    assert batch.status()["batch_status"] == "in_progress"
    batch.push("1", rows(1))
    assert batch.status()["batch_status"] == "failed"
    refused(batch.push("2", rows(2)), 500, "INVALID_BATCH_STATUS")
    assert pulled(batch) == ["0", "1"]
    refused(batch.change("closed"), 500, "INVALID_BATCH_STATUS")


def test_a_batch_gets_stuck_in_the_middle(sim, spark):
    sim.job("batch", "never", after=1)
    batch = Batch(spark, ECHO)
    batch.push("0", rows(0)), batch.push("1", rows(1))
    assert pulled(batch) == ["0"]
    assert [batch.status()["records_completed"] for _ in range(3)] == [1, 1, 1]
    assert batch.change("cancelled").json["data"]["batch_status"] == "cancelled"


def test_results_are_withheld_and_lost(sim, spark):
    sim.job("batch", withhold=2, lose=3)
    batch = Batch(spark, ECHO)
    for i in range(6):
        batch.push(f"{i}", rows(i))
    status = batch.status()
    assert (status["chunks_completed"], status["chunks_available"], status["records_available"]) == (6, 4, 4)
    assert [pulled(batch) for _ in range(4)] == [[], [], ["0", "1", "3", "4"], []]


def test_an_idle_batch_is_closed(sim, spark):
    batch = Batch(spark, ECHO)
    batch.push("0", rows(0))
    sim.limits(idle_ms=50)
    until(batch, batch_status="completed_by_timeout")
    refused(batch.push("1", rows(1)), 500, "INVALID_BATCH_STATUS")
    assert pulled(batch) == ["0"]


def test_flawed_records_of_a_chunk(sim, spark):
    sim.flaw("id", value=1)
    sim.flaw("id", "refuse", value=7, message="no sevens")
    batch = Batch(spark, ECHO, acceptable_error_percentage=100)
    batch.push("some", rows(0, 1)), batch.push("all", rows(6, 7))
    some, all = batch.pull().json["data"]
    assert some["outputs"] == [{"id": 0}, None] and [bool(e) for e in some["errors"]] == [False, True]
    assert all["outputs"] == all["warnings"] == [None, None]
    assert [e[0]["message"] for e in all["errors"]] == ["no sevens"] * 2
    summary = spark("GET", batch.path).json["data"]["summary"]
    assert (summary["records_failed"], summary["chunks_failed"]) == (3, 1)


def test_a_batch_is_unknown_after_a_crash():
    with Simulator() as sim:
        batch = Batch(Spark(sim), ECHO)
        sim.crash()
        sim.start()
        refused(Spark(sim)("GET", batch.path + "/status"), 500, "INVALID_BATCH_ID")


# -- limits -------------------------------------------------------------------------


def test_a_tenant_has_only_so_many_batches(sim, spark):
    sim.limits(batches=2)
    first, _ = Batch(spark, ECHO), Batch(spark, ECHO)
    refused(spark("POST", V4 + "/batch", {"service": ECHO}), 429, "TOO_MANY_BATCHES")
    sim.limits(batches_status=500)
    refused(spark("POST", V4 + "/batch", {"service": ECHO}), 500, "TOO_MANY_BATCHES")
    first.change("closed")
    assert spark("POST", V4 + "/batch", {"service": ECHO}).status == 200
    sim.mood("*", "status-403", operation="batches.create")
    assert spark("POST", V4 + "/batch", {"service": ECHO}).status == 403


def test_buffers_are_as_large_as_the_tenant_may(sim, spark):
    sim.limits(input_bytes=500, output_bytes=400, full_status=429)
    batch = Batch(spark, ECHO, max_input_in_mb=5)
    configuration = spark("GET", batch.path).json["data"]["configuration"]
    assert (configuration["input_buffer_allocated_bytes"], configuration["output_buffer_allocated_bytes"]) == (500, 400)
    text = "x" * 300
    for i in range(2):
        assert batch.push(f"{i}", rows(text)).status == 200
    refused(batch.push("2", rows(text)), 429, "INPUT_BUFFER_FULL")
    assert pulled(batch) == ["0"]
    assert batch.push("2", rows(text)).status == 200
    assert pulled(batch, 1) == ["1"]
