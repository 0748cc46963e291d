"""Lists in one request: cut into calls, put together in order, each record with one result (contract, section 2)."""

import csv
import gzip
import io
import json
import threading

import pytest
from configured import csparkd, together
from gateway import breathe
from keys import Keys
from test_tls import Listening

ECHO = "/execute/any/echo"
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
# Small enough that lists of some hundred records are many calls.
SMALL = {"single_records": 10, "chunk_records": 100}


@pytest.fixture
def gateway(sim):
    with csparkd(sim, bulk=SMALL, top={"workers": 1}) as gateway:
        yield gateway


def records(count, **also):
    return [{"id": i, **also} for i in range(count)]


def as_json(inputs):
    return json.dumps(inputs)


def as_columns(inputs):
    return json.dumps([list(inputs[0])] + [list(record.values()) for record in inputs])


def as_ndjson(inputs):
    return "".join(json.dumps(record) + "\n" for record in inputs)


def as_csv(inputs, **dialect):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(inputs[0]), lineterminator="\r\n", **dialect)
    writer.writeheader()
    writer.writerows(inputs)
    return out.getvalue()


def rows_of(answer, **dialect):
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), **dialect))


def ask(gateway, body, kind=JSON, query="", service=ECHO, **headers):
    return gateway.post(service + query, body, {"Content-Type": kind, **headers})


def calls(sim):
    return [entry for entry in sim.executes() if entry["status"] == 200]


# -- the same, whatever the form ------------------------------------------------------


@pytest.mark.parametrize("write, kind", [(as_json, JSON), (as_columns, JSON), (as_ndjson, NDJSON), (as_csv, CSV)])
def test_records_come_back_in_their_order(sim, gateway, write, kind):
    inputs = records(1234)
    answer = ask(gateway, write(inputs), kind)
    assert answer.status == 200 and answer.header("content-type").startswith(JSON)
    assert answer.json()["outputs"] == inputs
    assert 10 < int(answer.header("x-cspark-attempts")) == len(sim.executes())
    assert answer.header("x-spark-failed-records") is None


def test_the_answer_is_sparks_object_for_the_whole_list(gateway):
    one = ask(gateway, as_json(records(3))).json()
    many = ask(gateway, as_json(records(300))).json()
    assert list(many) == list(one)
    for name in ("outputs", "process_time", "warnings", "errors", "service_chain"):
        assert len(many[name]) == 300
    assert (many["service_id"], many["version_id"], many["version"]) == (one["service_id"], one["version_id"], one["version"])


def test_ndjson_has_a_line_for_each_record(gateway):
    answer = ask(gateway, as_json(records(321)), query="?_format=ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["outputs"]["id"] for line in lines] == list(range(321))
    assert list(lines[0]) == ["outputs", "warnings", "errors", "process_time"]


def test_csv_has_a_row_for_each_record(gateway):
    answer = ask(gateway, as_csv(records(321, name='a "b"\r\nc')), CSV, "?_format=csv")
    assert rows_of(answer) == [{"id": str(i), "name": 'a "b"\r\nc'} for i in range(321)]


def test_csv_goes_out_as_it_came_in(gateway):
    body = "id;x\r\n" + "".join(f"{i};{i},5\r\n" for i in range(300))
    assert ask(gateway, body, CSV, "?_format=csv&_separator=;&_decimal=,").text == body


def test_csv_may_say_its_separator(gateway):
    body = "sep=;\r\nid;x\r\n" + "".join(f"{i};a,b\r\n" for i in range(300))
    wanted = "id,x\r\n" + "".join(f'{i},"a,b"\r\n' for i in range(300))
    assert ask(gateway, body, CSV, "?_format=csv").text == wanted
    assert ask(gateway, body, CSV, "?_format=csv&_separator=%3B").text == body.partition("\n")[2]


def test_text_has_a_line_for_each_record(gateway):
    answer = ask(gateway, as_json(records(250)), query="?_format=text")
    assert answer.text == "".join(f"{i}\n" for i in range(250))


def test_text_of_several_outputs_is_refused(gateway):
    answer = ask(gateway, as_json(records(250, b=1)), query="?_format=text")
    assert (answer.status, answer.json()["code"]) == (406, "not_acceptable")


def test_a_few_records_are_one_call_and_sparks_own_bytes(sim, gateway):
    answer = ask(gateway, as_json(records(10)))
    assert answer.json()["outputs"] == records(10) and len(sim.executes()) == 1
    assert answer.header("x-cspark-attempts") == "1"


def test_no_call_holds_more_than_is_allowed(sim, gateway):
    ask(gateway, as_json(records(2000)))
    sizes = [len(entry["inputs"]) if "inputs" in entry else entry["records"] for entry in sim.executes()]
    assert sum(sizes) == 2000 and max(sizes) <= 100


def test_packed_lists_are_taken(gateway):
    body = gzip.compress(as_ndjson(records(5000)).encode())
    answer = ask(gateway, body, NDJSON, **{"Content-Encoding": "gzip"})
    assert answer.json()["outputs"] == records(5000)


def test_what_is_known_first_does_not_shape_what_comes_later(gateway):
    inputs = [{"a": i} if i < 150 else {"b": i, "a": -1} for i in range(300)]
    rows = rows_of(ask(gateway, as_ndjson(inputs), NDJSON, "?_format=csv"))
    assert rows[0] == {"a": "0", "b": ""} and rows[299] == {"a": "-1", "b": "299"}
    assert [len(row) for row in rows] == [2] * 300


# -- failures ----------------------------------------------------------------------------


def test_a_bad_record_fails_alone(sim, gateway):
    sim.flaw("id", "refuse", value=137, message="137 is bad")
    answer = ask(gateway, as_json(records(400)))
    body = answer.json()
    assert answer.status == 200 and answer.header("x-spark-failed-records") == "1"
    assert [o and o["id"] for o in body["outputs"]] == [None if i == 137 else i for i in range(400)]
    (error,) = body["errors"][137]
    assert (error["code"], error["spark_status"]) == ("spark_rejected", 422) and "137 is bad" in error["detail"]
    assert [i for i, e in enumerate(body["errors"]) if e] == [137]


def test_a_bad_record_of_a_short_list_fails_alone(sim, gateway):
    sim.flaw("id", "refuse", value=3)
    answer = ask(gateway, as_json(records(5)))
    assert answer.status == 200 and answer.header("x-spark-failed-records") == "1"
    assert [bool(e) for e in answer.json()["errors"]] == [False, False, False, True, False]


@pytest.mark.parametrize("form", ["csv", "ndjson", "text"])
def test_a_bad_record_has_its_line(sim, gateway, form):
    sim.flaw("id", "refuse", value=137)
    answer = ask(gateway, as_csv(records(300)), CSV, f"?_format={form}")
    assert answer.status == 200 and answer.header("x-spark-failed-records") == "1"
    if form == "csv":
        rows = rows_of(answer)
        assert list(rows[0]) == ["id", "_error"] and "spark_rejected" in rows[137]["_error"]
        assert [row["id"] for row in rows] == ["" if i == 137 else str(i) for i in range(300)]
        assert [i for i, row in enumerate(rows) if row["_error"]] == [137]
    elif form == "ndjson":
        assert json.loads(answer.text.splitlines()[137])["errors"][0]["code"] == "spark_rejected"
    else:
        assert answer.text.splitlines()[136:139] == ["136", "null", "138"]


def test_errors_of_spark_count_as_failed_records(sim, gateway):
    sim.flaw("id", "fail", value=7)
    answer = ask(gateway, as_csv(records(300)), CSV, "?_format=csv")
    assert answer.header("x-spark-failed-records") == "1" and answer.header("x-spark-errors") == "1"
    assert [i for i, row in enumerate(rows_of(answer)) if row["_error"]] == [7]


def test_strict_makes_any_failure_422(sim, gateway):
    sim.flaw("id", "refuse", value=137)
    answer = ask(gateway, as_json(records(300)), query="?_strict=true")
    assert (answer.status, answer.json()["code"]) == (422, "spark_rejected")
    sim.flaw()
    sim.flaw("id", "fail", value=250)
    answer = ask(gateway, as_json(records(300)), query="?_strict=true")
    assert answer.status == 422 and "record 250" in answer.json()["detail"]


def test_when_every_record_is_refused_the_first_refusal_is_the_answer(sim, gateway):
    sim.flaw("id", "refuse", message="nothing is good")
    answer = ask(gateway, as_json(records(3000)))
    assert (answer.status, answer.json()["code"]) == (422, "spark_rejected")
    assert "nothing is good" in json.dumps(answer.json())
    assert len(sim.executes()) < 400  # not each record by itself


def test_a_service_that_is_not_there_is_told_once(sim, gateway):
    answer = ask(gateway, as_json(records(1000)), service="/execute/my-folder/no-such-service")
    assert answer.status in (404, 400) and answer.json()["code"] == "spark_rejected"


def test_calls_that_take_too_long_are_halved(sim, gateway):
    sim.limits(per_record_ms=5, call_limit_ms=200)  # 40 records
    answer = ask(gateway, as_json(records(500)))
    assert answer.json()["outputs"] == records(500) and answer.header("x-spark-failed-records") is None


def test_calls_that_are_too_large_are_halved(sim, gateway):
    sim.limits(records=30)
    assert ask(gateway, as_json(records(500))).json()["outputs"] == records(500)
    sim.limits(records=0, body_bytes=900)
    assert ask(gateway, as_json(records(500))).json()["outputs"] == records(500)


def test_a_record_that_takes_too_long_by_itself_fails_alone(sim, gateway):
    sim.limits(call_limit_ms=300)
    sim.flaw("id", "slow", value=60, ms=2000)
    answer = ask(gateway, as_json(records(120)))
    assert answer.header("x-spark-failed-records") == "1"
    assert answer.json()["errors"][60][0]["code"] == "upstream_timeout"


def test_nothing_is_lost_when_spark_limits_the_rate(sim, gateway):
    sim.limits(rate=20, burst=2, retry_header=2)
    answer = ask(gateway, as_json(records(600)))
    assert answer.json()["outputs"] == records(600) and answer.header("x-spark-failed-records") is None


def test_nothing_is_lost_when_spark_is_away_for_a_while(sim, gateway):
    sim.limits(per_call_ms=30)
    result = {}
    thread = threading.Thread(target=lambda: result.update(answer=ask(gateway, as_json(records(3000)))))
    thread.start()
    while not sim.executes():
        breathe()
    sim.mood("*", "status-503", times=12)
    thread.join()
    assert result["answer"].json()["outputs"] == records(3000)


def test_each_call_has_a_line_at_level_debug(sim):
    sim.flaw("id", "refuse", value=7)
    with csparkd(sim, bulk=SMALL, log={"level": "debug"}, top={"workers": 1}) as gateway:
        answer = ask(gateway, as_json(records(20)))
        gateway.wait_log("access")
        lines = [line for line in gateway.log() if line["event"] == "chunk"]
    assert len(lines) == len(sim.executes())
    assert {line["request_id"] for line in lines} == {answer.header("x-request-id")}
    assert sum(line["records"] for line in lines if line["verdict"] == "ok") == 19
    assert {line["status"] for line in lines if line["verdict"] == "cut"} == {422}


# -- bad lists ---------------------------------------------------------------------------


@pytest.mark.parametrize("body, kind, where", [
    (as_json(records(300))[:-1], JSON, "line 1"),
    (as_ndjson(records(300)) + "{", NDJSON, "line 301"),
    (as_csv(records(300)) + "1,2\r\n", CSV, "line 302"),
    (as_csv(records(300)).encode() + b"\xe9\r\n", CSV, "line 302"),
])
def test_a_list_that_breaks_in_the_end_is_refused(gateway, body, kind, where):
    answer = ask(gateway, body, kind)
    assert answer.status == 400 and where in answer.json()["detail"]


def test_more_records_than_allowed_are_refused(sim):
    with csparkd(sim, bulk=SMALL, limits={"max_records": 500}) as gateway:
        answer = ask(gateway, as_json(records(501)))
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
        assert ask(gateway, as_json(records(500))).status == 200


def test_a_list_may_be_longer_than_other_bodies(sim):
    with csparkd(sim, bulk=SMALL, limits={"max_body": 4096}) as gateway:
        assert ask(gateway, as_json(records(2000))).json()["outputs"] == records(2000)
        assert ask(gateway, json.dumps({"text": "x" * 5000})).status == 413


def test_a_large_record_is_a_call_of_its_own(sim):
    with csparkd(sim, bulk={"chunk_bytes": 2048, "single_records": 2}) as gateway:
        inputs = records(20, text="y" * 5000)
        assert ask(gateway, as_csv(inputs), CSV).json()["outputs"] == inputs
        assert len(sim.executes()) == 20


# -- callers and places ---------------------------------------------------------------------


def test_a_caller_that_leaves_takes_its_calls_with_it(sim, gateway):
    sim.limits(per_call_ms=3000)
    with gateway.connect() as wire:
        body = as_json(records(300)).encode()
        wire.send(b"POST " + ECHO.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(body) + body)
        while gateway.metric("cspark_in_flight") == 0:
            breathe()
    assert gateway.wait_log("access", code="cancelled")["status"] == 499


def test_a_caller_that_leaves_while_it_sends_takes_its_calls_with_it(sim, gateway):
    sim.limits(per_call_ms=3000)
    with gateway.connect() as wire:
        body = as_ndjson(records(30000)).encode()
        wire.send(b"POST " + ECHO.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
                  b"Content-Length: %d\r\n\r\n" % (2 * len(body)) + body)
        while gateway.metric("cspark_in_flight") == 0:
            breathe()
    gateway.wait_log("access", end="caller_left")


def test_a_caller_is_held_while_spark_is_slow(sim, gateway):
    """Not more of the body is taken than may wait; the rest stays with the caller."""
    sim.mood("*", "hold")
    inputs = records(4000, text="z" * 4000)
    body = as_ndjson(inputs).encode()
    with gateway.connect(120) as wire:
        wire.send(b"POST " + ECHO.encode() + b"?_format=ndjson HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body))
        sender = threading.Thread(target=wire.send, args=(body,))
        sender.start()
        while gateway.metric("cspark_bulks_held") == 0:
            breathe()
        assert sender.is_alive()
        sim.clear()
        sim.release()
        sender.join()
        lines = wire.answer("POST").text.splitlines()
    assert [json.loads(line)["outputs"]["id"] for line in lines] == list(range(4000))
    assert gateway.wait_log("access", records=4000)["calls"] > 1


def held(sim, gateway, wire, body, after=b"", then=lambda: None):
    """What is answered to a caller that was held, sent <after> as well, and did <then> when it had sent all."""
    sim.mood("*", "hold")
    wire.send(b"POST " + ECHO.encode() + b"?_format=ndjson HTTP/1.1\r\nHost: localhost\r\n"
              b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body))

    def give():
        wire.send(body + after)
        then()

    sender = threading.Thread(target=give)
    sender.start()
    while gateway.metric("cspark_bulks_held") == 0:
        breathe()
    sim.clear()
    sim.release()
    answer = wire.answer("POST")
    sender.join()
    return answer


# Some 2070 records are under way or kept; so much more stays with the caller, in all buffers between, or more.
@pytest.mark.parametrize("count", [2090, 2100, 2150, 2700])
def test_the_next_request_of_a_held_caller_is_answered(sim, gateway, count):
    body = as_ndjson(records(count, text="z" * 4000)).encode()
    with gateway.connect(120) as wire:
        get = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert len(held(sim, gateway, wire, body, get).text.splitlines()) == count
        assert wire.answer().status == 200


@pytest.mark.parametrize("count", [2090, 2150, 2700])
def test_a_held_caller_may_half_close(sim, gateway, count):
    body = as_ndjson(records(count, text="z" * 4000)).encode()
    with gateway.connect(120) as wire:
        answer = held(sim, gateway, wire, body, then=wire.half_close)
        assert len(answer.text.splitlines()) == count


@pytest.mark.parametrize("count", [2090, 2100, 2150, 2700])
def test_a_held_caller_may_speak_tls(sim, tmp_path, count):
    keys = Keys(tmp_path)
    keys.install("server")
    body = as_ndjson(records(count, text="z" * 4000)).encode()
    with Listening(sim, keys, bulk=SMALL, top={"workers": 1}) as port, port.connect(timeout=120) as wire:
        answer = held(sim, port.gateway, wire, body)
        assert len(answer.text.splitlines()) == count


def test_single_requests_find_places_beside_a_list(sim):
    sim.limits(per_call_ms=50)
    with csparkd(sim, top={"workers": 1}, limits={"max_in_flight": 4, "max_queue": 4}, bulk=SMALL) as gateway:
        done = threading.Event()
        result = {}

        def many():
            result["answer"] = ask(gateway, as_json(records(5000)))
            done.set()

        thread = threading.Thread(target=many)
        thread.start()
        served = 0
        while not done.is_set():
            assert gateway.post(ECHO, {"id": served}).status == 200
            served += 1
        thread.join()
        assert result["answer"].json()["outputs"] == records(5000) and served > 3


@pytest.mark.concurrency
def test_lists_of_several_callers_go_on_side_by_side(sim):
    with csparkd(sim, bulk=SMALL) as gateway:
        answers = together(6, lambda i: ask(gateway, as_csv(records(1500, caller=i)), CSV))
        for i, answer in enumerate(answers):
            assert answer.json()["outputs"] == records(1500, caller=i)
