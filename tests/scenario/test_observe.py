"""What an operator sees of a request: traces, reasons, log lines and numbers."""

import json
import os
import re

import needs
import pytest
from configured import CYLINDER, csparkd, wait_for

INPUTS = {"radius": 3, "height": 4}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


# -- traces -----------------------------------------------------------------------------------


def sent_and_logged(sim, headers):
    """The traceparent and tracestate that Spark got, and the access line."""
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS, headers)
        assert answer.status == 200
        (entry,) = sim.executes()
        line = gateway.wait_log("access", request_id=answer.header("x-request-id"))
    return entry["headers"].get("traceparent"), entry["headers"].get("tracestate"), line


def test_a_trace_goes_on_with_a_span_of_its_own(sim):
    parent, state, line = sent_and_logged(sim, {"traceparent": PARENT, "tracestate": "vendor=a1,other=b2"})
    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", parent) and parent != PARENT
    assert state == "vendor=a1,other=b2"
    assert parent == f"00-{line['trace_id']}-{line['span_id']}-01"


@pytest.mark.parametrize("broken", [None, "", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT.upper(), PARENT + "-x"])
def test_without_a_usable_one_a_trace_begins(sim, broken):
    headers = {"tracestate": "vendor=a1"} | ({} if broken is None else {"traceparent": broken})
    parent, state, line = sent_and_logged(sim, headers)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", parent) and TRACE not in parent.lower()
    assert state is None
    assert parent == f"00-{line['trace_id']}-{line['span_id']}-00"


def test_each_request_has_a_trace_of_its_own(sim):
    with csparkd(sim) as gateway:
        for _ in range(300):
            assert gateway.post(CYLINDER, INPUTS).status == 200
        parents = [entry["headers"]["traceparent"] for entry in sim.executes()]
    assert len(parents) == len(set(parents)) == len({parent[3:35] for parent in parents}) == 300


def test_drop_in_calls_and_files_have_a_trace(sim):
    with csparkd(sim) as gateway:
        gateway.get("/services/my-folder/volume-cylinder/versions", {"traceparent": PARENT})
        gateway.get("/api/v1/product", {"traceparent": PARENT})
        parents = {entry["headers"].get("traceparent", "")[3:35] for entry in sim.ledger() if entry["path"] != "/token"}
    assert parents <= {TRACE, ""} and TRACE in parents


# -- reasons ----------------------------------------------------------------------------------


def ends_with(gateway, answer):
    """The reason as the caller and as the operator see it, and the code."""
    line = gateway.wait_log("access", request_id=answer.header("x-request-id"))
    return answer.header("x-cspark-reason"), line["reason"], line["code"]


def test_a_success_has_its_reason_in_the_log_alone(sim):
    with csparkd(sim) as gateway:
        assert ends_with(gateway, gateway.post(CYLINDER, INPUTS)) == (None, "ok", None)


def test_an_error_says_who_ended_it(sim):
    with csparkd(sim, breaker=False) as gateway:
        assert ends_with(gateway, gateway.get("/nowhere")) == ("caller_request",) * 2 + ("no_such_route",)
        answer = gateway.post(CYLINDER, INPUTS, {"Host": "evil.example"})
        assert ends_with(gateway, answer) == ("policy", "policy", "host_refused")
        answer = gateway.post("/execute/any/nothing-of-that-name", INPUTS)
        assert answer.status == 200 or ends_with(gateway, answer) == ("spark_refused", "spark_refused", "spark_rejected")


@pytest.mark.parametrize("mood, reason", [
    ("status-500", "spark_failed"), ("status-504", "spark_failed"), ("status-429", "spark_limited"),
    ("status-403", "spark_refused"), ("status-404", "spark_refused")])
@pytest.mark.parametrize("path", [CYLINDER, "/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute"])
def test_sparks_failures_have_a_reason_on_every_path(sim, mood, reason, path):
    sim.mood("*", mood)
    with csparkd(sim, breaker=False, retry={"max": 0}) as gateway:
        answer = gateway.post(path, INPUTS)
        assert answer.status == int(mood[-3:]) or path == CYLINDER
        assert ends_with(gateway, answer)[:2] == (reason, reason)


# -- sampling ---------------------------------------------------------------------------------


def test_one_success_in_so_many_is_logged_and_every_error(sim):
    with csparkd(sim, top={"workers": 1}, log={"sample": 10}, access_lines=False) as gateway:
        for n in range(60):
            assert gateway.post(CYLINDER, INPUTS).status == 200
            assert gateway.get(f"/nowhere/{n}").status == 404
        gateway.stop()
        lines = gateway.access_log()
    told = [line for line in lines if line["operation"] == "execute"]
    assert 5 <= len(told) <= 7
    assert sum(line["status"] == 404 for line in lines) == 60


# -- lines that nobody takes --------------------------------------------------------------------


def fill(gateway, count):
    """Requests whose lines are long."""
    for n in range(count):
        answer = gateway.post(CYLINDER, INPUTS, {"X-Request-Id": f"{n:05}-" + "x" * 120}, timeout=20)
        assert answer.status == 200


def test_a_fifo_that_nobody_reads_costs_lines_and_no_request(sim, tmp_path):
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with csparkd(sim, top={"workers": 1}, log={"file": str(fifo)}, access_lines=False) as gateway:
            fill(gateway, 400)
            wait_for(lambda: gateway.metric("cspark_log_dropped_total") > 0, "a lost line")
            text = read_until(reader, gateway, b"log_dropped")
    finally:
        os.close(reader)
    told = [json.loads(line) for line in text.splitlines() if b"log_dropped" in line]
    assert told[0]["lines"] > 0 and told[0]["level"] == "error"


def read_until(reader, gateway, word):
    """What comes out of the pipe while requests go on, until it holds the word."""
    text = b""

    def has_come():
        nonlocal text
        gateway.get("/healthz")
        try:
            text += os.read(reader, 1 << 20)
        except BlockingIOError:
            pass
        return word in text and text.endswith(b"\n")

    wait_for(has_come, "the confession", deadline=20)
    return text


def test_a_full_disk_costs_lines_and_no_request(sim):
    with csparkd(sim, top={"workers": 1}, log={"file": "/dev/full"}, access_lines=False) as gateway:
        fill(gateway, 200)
        wait_for(lambda: gateway.metric("cspark_log_dropped_total") > 0, "a lost line")


# -- numbers ----------------------------------------------------------------------------------


def test_the_limits_are_told(sim):
    with csparkd(sim, limits={"max_in_flight": 7, "max_queue": 9, "max_spool": 65536}) as gateway:
        wait_for(lambda: gateway.metric("cspark_in_flight_limit") == 7, "the limits")
        assert gateway.metric("cspark_queue_limit") == 9
        assert 65530 <= gateway.metric("cspark_spool_limit_bytes") <= 65536
        assert gateway.metric("cspark_spool_bytes") == gateway.metric("cspark_spool_files") == 0


def test_what_operations_move_is_counted(sim):
    with csparkd(sim) as gateway:
        answer = gateway.get("/services/my-folder/volume-cylinder/file")
        assert answer.status == 200
        gateway.wait_log("access", request_id=answer.header("x-request-id"))  # behind what it counts
        assert gateway.metric("cspark_download_bytes_total") >= len(answer.body) > 0
        assert gateway.metric("cspark_jobs_waiting") == 0


@pytest.mark.parametrize("document", ["grafana-csparkd.json", "prometheus-alerts.yml", "observe.md"])
def test_every_metric_that_a_document_names_is_there(sim, document):
    named = set(re.findall(r"\b(?:cspark|process)_[a-z_]+[a-z]\b", (needs.TOP / "docs" / document).read_text()))
    with csparkd(sim) as gateway:
        text = gateway.get("/metrics").text
    there = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    there |= {name + "_bucket" for name in re.findall(r"^# TYPE (\S+) histogram", text, re.MULTILINE)}
    assert len(named) > 10 and named <= there, named - there
    if document.endswith("json"):
        assert {name for name in there if not name.endswith("_bucket")} <= \
            {name.removesuffix("_bucket") for name in named}, "the dashboard leaves something out"
