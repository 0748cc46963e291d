"""What an operator sees of a request: traces, reasons, log lines and numbers."""

import re

import pytest
from configured import CYLINDER, csparkd

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
