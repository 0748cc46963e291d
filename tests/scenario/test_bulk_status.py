"""What /status and csparkctl top tell of lists under way."""

import json
import threading

import pytest
from configured import csparkd, later, wait_for
from test_bulk import ECHO, JSON, NDJSON, SMALL, as_json, as_ndjson, ask, records
from test_csparkctl import run

ROWS = 32  # on each worker's board
ONE = {"workers": 1}


@pytest.fixture
def gateway(sim):
    with csparkd(sim, bulk=SMALL, top=ONE) as gateway:
        yield gateway


def bulks(gateway):
    return gateway.status()["bulks"]


def wait_row(gateway, happened):
    """The only list's row, once it is as wanted."""
    def look():
        rows = bulks(gateway)
        return rows[0] if len(rows) == 1 and happened(rows[0]) else None

    return wait_for(look, "the row", 30)


def go_on(sim):
    sim.clear()
    sim.release()


def begin(gateway, wire, body, kind=JSON, length=None):
    """A list's request, sent and not waited for."""
    head = (f"POST {ECHO} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {length or len(body)}\r\n\r\n")
    wire.send(head.encode() + body.encode())


def test_a_list_is_told_while_it_is_under_way_and_not_after(sim, gateway):
    assert bulks(gateway) == []
    sim.mood("*", "hold")
    answer = later(lambda: ask(gateway, as_json(records(400)), **{"X-Request-Id": "the-list"}))
    row = wait_row(gateway, lambda row: row["whole"] and row["records_waiting"] == 0)
    assert (row["request_id"], row["tenant"], row["service"], row["engine"]) == ("the-list", "default", "any/echo", "calls")
    assert (row["records_in"], row["records_done"], row["records_failed"], row["bytes_waiting"]) == (400, 0, 0, 0)
    assert (row["records_per_s"], row["eta_ms"], row["held"]) == (0, None, False)
    assert 0 < row["calls_under_way"] <= row["concurrency"] and row["chunk_records"] > 0 and row["elapsed_ms"] >= 0
    assert sim.wait_inflight(row["calls_under_way"])
    assert gateway.metric("cspark_bulks") == gateway.status()["counters"]["bulks"] == 1
    go_on(sim)
    assert answer().json()["outputs"] == records(400)
    assert bulks(gateway) == [] and gateway.status()["counters"]["bulks"] == 0


def test_what_is_done_and_what_failed_is_counted(sim, gateway):
    sim.flaw("id", "refuse", value=399)
    sim.mood("*", "hold", times=1)
    answer = later(lambda: ask(gateway, as_json(records(400))))
    row = wait_row(gateway, lambda row: row["whole"] and row["records_failed"] == 1 and row["calls_under_way"] == 1)
    left = 400 - row["records_done"]
    assert 0 < left <= SMALL["chunk_records"]
    assert row["records_per_s"] > 0 and row["eta_ms"] == pytest.approx(left * row["elapsed_ms"] / row["records_done"], abs=1)
    go_on(sim)
    assert answer().header("x-spark-failed-records") == "1"
    assert bulks(gateway) == []


def test_a_caller_that_is_held_is_told(sim, gateway):
    body = as_ndjson(records(4000, text="z" * 4000))
    sim.mood("*", "hold")
    with gateway.connect(120) as wire:
        sender = threading.Thread(target=begin, args=(gateway, wire, body, NDJSON))
        sender.start()
        row = wait_row(gateway, lambda row: row["held"])
        assert not row["whole"] and row["eta_ms"] is None
        assert row["bytes_waiting"] >= 4 << 20 and 0 < row["records_waiting"] < row["records_in"] < 4000
        assert gateway.status()["counters"]["bulks_held"] == 1
        go_on(sim)
        sender.join()
        assert len(wire.answer("POST").json()["outputs"]) == 4000
    assert bulks(gateway) == []


def test_a_list_whose_caller_left_is_not_told(sim, gateway):
    sim.mood("*", "hold")
    body = as_ndjson(records(400))
    for length in len(body), 2 * len(body):
        with gateway.connect() as wire:
            begin(gateway, wire, body, NDJSON, length)
            wait_row(gateway, lambda row: row["records_in"] == 400)
        wait_for(lambda: bulks(gateway) == [], "the end of the row")
    go_on(sim)


@pytest.mark.concurrency
def test_lists_of_all_workers_are_told(sim):
    with csparkd(sim, bulk=SMALL, top={"workers": 3}) as gateway:
        sim.mood("*", "hold")
        names = [f"list-{i}" for i in range(8)]
        answers = [later(lambda name=name: ask(gateway, as_json(records(20)), **{"X-Request-Id": name})) for name in names]
        wait_for(lambda: sorted(row["request_id"] for row in bulks(gateway)) == names, "all rows")
        go_on(sim)
        assert all(answer().json()["outputs"] == records(20) for answer in answers)
        assert bulks(gateway) == []


def test_more_lists_than_there_are_rows_are_counted(sim, gateway):
    sim.mood("*", "hold")
    wires = [gateway.connect() for _ in range(ROWS + 5)]
    try:
        for wire in wires:
            begin(gateway, wire, as_json(records(20)))
        wait_for(lambda: gateway.status()["counters"]["bulks"] == ROWS + 5, "all lists", 30)
        rows = bulks(gateway)
        assert len(rows) == len({row["request_id"] for row in rows}) == ROWS
        go_on(sim)
        assert all(wire.answer("POST").json()["outputs"] == records(20) for wire in wires)
    finally:
        for wire in wires:
            wire.close()
    assert bulks(gateway) == [] and gateway.status()["counters"]["bulks"] == 0


def top(gateway, *args):
    return run("top", "--once", "--interval", "0.1", "--url", gateway.url, *args).stdout.decode()


def test_top_shows_lists(sim, gateway):
    sim.mood("*", "hold")
    answer = later(lambda: ask(gateway, as_json(records(400))))
    row = wait_row(gateway, lambda row: row["whole"] and row["records_waiting"] == 0)
    (told,) = json.loads(top(gateway, "--json"))["bulks"]
    assert {**told, "elapsed_ms": 0} == {**row, "elapsed_ms": 0}
    heading, line = top(gateway).splitlines()[-2:]
    assert heading.split() == ["LIST", "BY", "RECORDS", "DONE", "FAILED", "PER", "SECOND", "CHUNK", "CALLS", "LEFT"]
    assert line.split() == ["any/echo", "calls", "400", "0", "0", "0.0", str(row["chunk_records"]),
                            str(row["calls_under_way"]), "-"]
    go_on(sim)
    assert answer().status == 200
    assert json.loads(top(gateway, "--json"))["bulks"] == [] and "LIST" not in top(gateway)
