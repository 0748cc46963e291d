"""Lists that go by Spark's Batch API, behind the same call: what it does, and what happens when it does not."""

import threading
import time

import pytest
from configured import csparkd
from gateway import breathe
from test_bulk import CSV, ECHO, JSON, NDJSON, as_csv, as_json, as_ndjson, ask, records, rows_of

BATCH = "?_engine=batch"
# Small enough that some hundred records are many chunks; quick to lose patience.
SMALL = {"single_records": 10, "chunk_records": 100, "batch_above": 1000, "batch_records": 20}


@pytest.fixture
def gateway(sim):
    with csparkd(sim, bulk=SMALL, top={"workers": 1}) as gateway:
        yield gateway


def outputs(answer):
    assert answer.status == 200, answer.text[:500]
    return answer.json()["outputs"]


def asked(sim, method=None, end=""):
    """What was asked of batches, in order: ("POST", "batch"), ("POST", "chunks"), ..."""
    found = [(entry["method"], entry["path"].split("?")[0]) for entry in sim.ledger() if "/api/v4/batch" in entry["path"]]
    return [(verb, path.rsplit("/", 1)[1]) for verb, path in found
            if path.endswith(end) and method in (None, verb)]


def batch_ids(sim):
    return {entry["path"].split("/batch/")[1].split("/")[0] for entry in sim.ledger() if "/api/v4/batch/" in entry["path"]}


def executes(sim):
    return [entry for entry in sim.ledger() if entry["path"].endswith("/api/v4/execute")]


def head_of(body):
    return (f"POST {ECHO}{BATCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()


def wait_for(condition, deadline_s=20):
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "it has not come to pass"
        breathe()


def state_of(sim, gateway, id):
    return gateway.get(f"/batches/{id}/status").json()["batch_status"]


# -- as it should be -----------------------------------------------------------------


@pytest.mark.parametrize("kind,body", [(JSON, as_json), (NDJSON, as_ndjson), (CSV, as_csv)])
def test_a_list_goes_by_a_batch(sim, gateway, kind, body):
    answer = ask(gateway, body(records(500)), kind, BATCH + "&_format=json")
    assert outputs(answer) == records(500)
    assert not executes(sim)
    assert answer.header("X-Spark-Failed-Records") is None
    line = gateway.wait_log("access", records=500)
    assert (line["records_batched"], line["records_failed"]) == (500, 0)


def test_the_answer_is_that_of_calls(sim, gateway):
    """Whatever the way, the caller gets the same, but for what a batch does not tell."""
    def told(query):
        answer = ask(gateway, as_json(records(300)), JSON, query).json()
        return {name: answer[name] for name in ("outputs", "warnings", "errors", "service_id", "version_id")}
    assert told(BATCH) == told("?_engine=sync")
    by_csv = [ask(gateway, as_csv(records(300)), CSV, query + "&_format=csv").text for query in (BATCH, "?_engine=sync")]
    assert by_csv[0] == by_csv[1]


def test_what_is_longer_than_batch_above_goes_by_a_batch(sim, gateway):
    assert len(outputs(ask(gateway, as_json(records(1000))))) == 1000
    assert not asked(sim)
    assert outputs(ask(gateway, as_json(records(5000)))) == records(5000)
    assert asked(sim, "POST", "/batch") == [("POST", "batch")]
    assert 0 < gateway.wait_log("access", records=5000)["records_batched"] <= 5000


def test_sync_means_no_batch(sim, gateway):
    assert outputs(ask(gateway, as_json(records(3000)), query="?_engine=sync")) == records(3000)
    assert not asked(sim)


def test_a_batch_is_closed_in_the_end(sim, gateway):
    outputs(ask(gateway, as_json(records(100)), query=BATCH))
    (id,) = batch_ids(sim)
    sim.wait_inflight(0)
    assert state_of(sim, gateway, id) == "completed"
    assert asked(sim, "PATCH") == [("PATCH", id)]


def test_what_goes_with_the_list_goes_with_the_batch(sim, gateway):
    outputs(ask(gateway, as_json(records(50)), query=BATCH + "&_purpose=Renewal&_source=mainframe"))
    (id,) = batch_ids(sim)
    assert gateway.get(f"/batches/{id}").json()["data"]["source_system"] == "mainframe"


def test_a_million_cells_of_different_shape_keep_their_order(sim, gateway):
    """Records that cannot be rows of one chunk go in others, or by calls."""
    inputs = [{"id": i, **({"b": i} if i % 7 == 0 else {}), **({"c": [i]} if i % 50 == 49 else {})} for i in range(600)]
    got = outputs(ask(gateway, as_json(inputs), query=BATCH))
    assert [record["id"] for record in got] == list(range(600))
    assert [record.get("c") for record in got if record["id"] % 50 == 49] == [[i] for i in range(49, 600, 50)]


def test_bad_records_have_their_errors(sim, gateway):
    sim.flaw("id", value=7)
    sim.flaw("id", value=333)
    answer = ask(gateway, as_json(records(500)), query=BATCH).json()
    assert [i for i, error in enumerate(answer["errors"]) if error] == [7, 333]
    assert answer["outputs"][7] is None and answer["outputs"][8] == {"id": 8}


def test_strict_holds_for_batches(sim, gateway):
    sim.flaw("id", value=7)
    answer = ask(gateway, as_json(records(100)), query=BATCH + "&_strict=true")
    assert answer.status == 422 and "record 7 " in answer.text


# -- buffers, time, order ----------------------------------------------------------


def test_results_come_in_any_order(sim, gateway):
    sim.job("batch", reverse=True)
    assert outputs(ask(gateway, as_json(records(1000)), query=BATCH)) == records(1000)


def test_pushes_stay_within_the_buffer(sim, gateway):
    sim.limits(input_bytes=3000, per_call_ms=1)
    assert outputs(ask(gateway, as_json(records(600)), query=BATCH)) == records(600)
    assert len(asked(sim, "POST", "chunks")) > 3
    assert not executes(sim)


def test_pulling_makes_room_for_results(sim, gateway):
    sim.limits(output_bytes=2000)
    assert outputs(ask(gateway, as_json(records(600)), query=BATCH)) == records(600)
    assert not executes(sim)


def test_workers_take_their_time(sim, gateway):
    sim.limits(per_call_ms=5, per_record_ms=1, workers=4)
    assert outputs(ask(gateway, as_csv(records(800)), CSV, BATCH + "&_format=json")) == records(800)
    assert not executes(sim)


def test_results_are_asked_for_until_they_are_there(sim, gateway):
    sim.job("batch", withhold=3)
    assert outputs(ask(gateway, as_json(records(100)), query=BATCH)) == records(100)
    assert not executes(sim)


def test_a_chunk_larger_than_the_buffer_goes_by_a_call(sim, gateway):
    sim.limits(input_bytes=300)
    inputs = records(40) + [{"id": 40, "text": "x" * 1000}] + [{"id": i, "text": ""} for i in range(41, 60)]
    assert [record["id"] for record in outputs(ask(gateway, as_json(inputs), query=BATCH))] == list(range(60))


# -- without batches ---------------------------------------------------------------


def test_a_tenant_without_batches_has_its_lists_done_by_calls(sim, gateway):
    sim.mood("*", "status-403", path="*/api/v4/batch")
    assert outputs(ask(gateway, as_json(records(500)), query=BATCH)) == records(500)
    assert gateway.wait_log("access", records=500)["records_batched"] == 0
    line = gateway.wait_log("batch_left")
    assert line["reason"] == "refused" and "403" in line["detail"]
    assert gateway.metric("cspark_batches_refused_total") == 1


def test_or_it_is_told_so(sim):
    sim.mood("*", "status-403", path="*/api/v4/batch")
    with csparkd(sim, bulk={**SMALL, "batch_fallback": False}) as gateway:
        answer = ask(gateway, as_json(records(500)), query=BATCH)
        assert (answer.status, answer.json()["code"]) == (403, "spark_rejected")
        assert not executes(sim)


def test_too_many_batches(sim, gateway):
    sim.limits(batches=1)
    gateway.post("/batches?service=any/echo", "", {})
    assert outputs(ask(gateway, as_json(records(500)), query=BATCH)) == records(500)


@pytest.mark.parametrize("body,query,words", [
    ('{"id": 1}', BATCH, "takes a list"),
    ("[]", "?_engine=fast", "auto, sync or batch"),
    ('[{"id": 1}]', BATCH + "&_public=true", "Public access knows no batches"),
])
def test_what_cannot_be_a_batch_is_refused(sim, gateway, body, query, words):
    answer = ask(gateway, body, query=query)
    assert answer.status == 400 and words in answer.json()["detail"]


def test_an_empty_list_needs_no_batch(sim, gateway):
    assert outputs(ask(gateway, "[]", query=BATCH)) == []
    assert not asked(sim)


# -- when it goes wrong ------------------------------------------------------------


def test_a_batch_that_fails_in_the_middle(sim, gateway):
    sim.job("batch", "fail", after=5)
    assert outputs(ask(gateway, as_json(records(500)), query=BATCH)) == records(500)
    assert executes(sim)


def test_a_batch_that_gets_stuck(sim):
    sim.job("batch", "never", after=5)
    with csparkd(sim, bulk={**SMALL, "stall_ms": 1000}) as gateway:
        assert outputs(ask(gateway, as_json(records(500)), query=BATCH)) == records(500)
        (id,) = batch_ids(sim)
        assert state_of(sim, gateway, id) == "cancelled"


def test_results_that_get_lost_are_computed_again(sim, gateway):
    sim.job("batch", lose=3)
    assert outputs(ask(gateway, as_json(records(500)), query=BATCH)) == records(500)
    line = gateway.wait_log("batch_left")
    assert (line["reason"], line["records_missing"]) == ("incomplete", 160)
    assert gateway.metric("cspark_batches_left_total") == 1


def test_a_batch_that_is_closed_for_idleness(sim, gateway):
    """While the caller takes its time."""
    body = as_json(records(200)).encode()
    with gateway.connect() as caller:
        caller.send(head_of(body) + body[:1000])
        wait_for(lambda: asked(sim, "GET", "chunkresults"))
        (id,) = batch_ids(sim)
        sim.batch(id, "closed_by_timeout")
        assert outputs(caller.send(body[1000:]).answer()) == records(200)


@pytest.mark.parametrize("state", ["cancelled", "failed", "completed_by_timeout", "closed_by_timeout"])
def test_a_batch_that_somebody_ended(sim, gateway, state):
    sim.limits(per_record_ms=5, workers=1)
    done = []
    caller = threading.Thread(target=lambda: done.append(ask(gateway, as_json(records(300)), query=BATCH)))
    caller.start()
    wait_for(lambda: asked(sim, "GET"))
    for id in batch_ids(sim):
        sim.batch(id, state)
    sim.limits(per_record_ms=0)
    caller.join(30)
    assert outputs(done[0]) == records(300)


@pytest.mark.parametrize("part", ["chunks", "chunkresults", "status"])
@pytest.mark.parametrize("mood", ["reset", "reset-before-body", "torn", "html", "status-500", "status-503", "hang"])
def test_answers_that_get_lost(sim, part, mood):
    sim.limits(per_call_ms=2, workers=2)
    sim.mood("*", mood, times=2, path=f"*/{part}*")
    with csparkd(sim, bulk=SMALL, timeout_ms=500) as gateway:
        assert outputs(ask(gateway, as_json(records(500)), query=BATCH)) == records(500)


def test_a_caller_that_leaves_cancels_its_batch(sim, gateway):
    sim.limits(per_record_ms=50, workers=1)
    with gateway.connect() as caller:
        body = as_json(records(200)).encode()
        caller.send(head_of(body) + body)
        wait_for(lambda: asked(sim, "POST", "chunks"))
    wait_for(lambda: asked(sim, "PATCH"))
    (id,) = batch_ids(sim)
    wait_for(lambda: state_of(sim, gateway, id) == "cancelled")


def test_a_deadline_cancels_the_batch(sim, gateway):
    sim.limits(per_record_ms=5000, workers=1)
    answer = ask(gateway, as_json(records(400)), query=BATCH + "&_timeout=500")
    assert (answer.status, answer.json()["code"]) == (504, "upstream_timeout")
    wait_for(lambda: asked(sim, "PATCH"))
    (id,) = batch_ids(sim)
    wait_for(lambda: state_of(sim, gateway, id) == "cancelled")


def test_a_batch_is_cancelled_when_the_gateway_goes(sim):
    sim.limits(per_record_ms=50, workers=1)
    gateway = csparkd(sim, bulk=SMALL, top={"workers": 1, "drain_ms": 100}, exit_code=75)
    with gateway:
        caller = threading.Thread(target=lambda: ask(gateway, as_json(records(200)), query=BATCH))
        caller.start()
        wait_for(lambda: asked(sim, "POST", "chunks"))
        gateway.stop()
        caller.join(30)
    wait_for(lambda: asked(sim, "PATCH"))
