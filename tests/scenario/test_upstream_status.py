"""What each status of Spark becomes, and how often it is asked (rows U21-U24, U35, U36, U38)."""

import json
import time

import pytest
from configured import CYLINDER, csparkd, together

RETRY = {"max": 2, "interval_ms": 10}


def outcome(answer):
    problem = answer.json()
    return problem["code"], problem["outcome"], problem["retryable"], problem["attempts"]


@pytest.mark.parametrize("status, local, code, outcome_, retryable, attempts", [
    (400, 400, "spark_rejected", "not_sent", False, 1),
    (403, 403, "spark_rejected", "not_sent", False, 1),
    (404, 404, "spark_rejected", "not_sent", False, 1),
    (409, 409, "spark_rejected", "not_sent", False, 1),
    (415, 415, "spark_rejected", "not_sent", False, 1),
    (422, 422, "spark_rejected", "not_sent", False, 1),
    (408, 503, "spark_unavailable", "maybe_executed", True, 3),
    (429, 429, "spark_rate_limited", "not_sent", True, 3),
    (500, 502, "spark_error", "maybe_executed", False, 1),
    (501, 502, "spark_error", "maybe_executed", False, 1),
    (502, 503, "spark_unavailable", "maybe_executed", True, 3),
    (503, 503, "spark_unavailable", "maybe_executed", True, 3),
    (504, 504, "upstream_timeout", "maybe_executed", True, 1),
])
def test_U23_U24_status(sim, status, local, code, outcome_, retryable, attempts):
    sim.mood("*", f"status-{status}")
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, {"radius": 3})
        assert answer.status == local
        assert outcome(answer) == (code, outcome_, retryable, attempts)
        problem = answer.json()
        assert problem["type"] == f"urn:csparkd:error:{code}" and problem["status"] == local
        assert problem["spark"]["status"] == status and isinstance(problem["spark"]["body"], dict)
        assert answer.header("x-cspark-attempts") == str(attempts)
        assert (answer.header("retry-after") is not None) == (local == 503)
        assert len(sim.executes(request_id=problem["request_id"])) == attempts
        line = gateway.wait_log("access", request_id=problem["request_id"])
        assert (line["status"], line["code"], line["spark_status"], line["attempts"]) == (local, code, status, attempts)
        assert gateway.metric("cspark_errors_total", code=code) == 1
        assert gateway.metric("cspark_retries_total") == attempts - 1


def test_U23_a_spark_500_is_shown_but_never_repeated(sim):
    sim.mood("*", "status-500", text='{"status":"Error","error":{"message":"Input error"}}')
    with csparkd(sim) as gateway:
        for _ in range(3):
            answer = gateway.post(CYLINDER, {"radius": 3})
            assert answer.code == "spark_error"
            assert answer.json()["spark"]["body"]["error"]["message"] == "Input error"
        assert len(sim.executes()) == 3


def test_a_body_that_is_no_json_is_quoted_and_cut(sim):
    sim.mood("*", "status-500", text="<html>" + "x" * 5000)
    with csparkd(sim) as gateway:
        body = gateway.post(CYLINDER, {}).json()["spark"]["body"]
        assert body == "<html>" + "x" * 2042


@pytest.mark.parametrize("status", [408, 429, 502, 503])
def test_U24_a_passing_trouble_is_not_seen(sim, status):
    sim.mood("*", f"status-{status}", times=2)
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, {"radius": 3, "height": 4})
        assert (answer.status, answer.header("x-cspark-attempts")) == (200, "3")
        ids = {entry["request_id"] for entry in sim.executes()}
        assert ids == {answer.header("x-request-id")}


def test_U24_a_storm_costs_spark_no_more_than_the_budget(sim):
    """Attempts stay at calls + 20 that the budget holds + a tenth of the calls + one a second: without the breaker,
    of which test_breaker.py tells."""
    sim.mood("*", "status-503")
    calls = 100
    with csparkd(sim, retry={"max": 2, "interval_ms": 1}, breaker=False) as gateway:
        began = time.monotonic()
        for _ in range(calls):
            assert gateway.post(CYLINDER, {}).code == "spark_unavailable"
        seconds = time.monotonic() - began
        workers = gateway.status()["workers"]
        retries = len(sim.executes()) - calls
        assert 20 <= retries <= workers * (20 + calls / 10 + seconds + 1)
        assert gateway.metric("cspark_retries_total", cause="denied") > 0
        sim.clear()
        assert gateway.post(CYLINDER, {"radius": 1}).status == 200


def test_U35_an_error_that_spark_reports_with_200_is_an_answer(sim):
    sim.mood("*", "status-error")
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, {})
        print(answer)
        assert answer.status in (200, 502)
        assert len(sim.executes()) == 1


def test_U35_the_error_of_one_record_stays_its_own(sim):
    with csparkd(sim) as gateway:
        answer = gateway.post("/execute/any/picky", [{"a": 1}, {"fail": True}, {"a": 2}])
        assert answer.status == 200 and answer.header("x-spark-errors") == "1"
        assert answer.json()["outputs"] == [{"a": 1}, None, {"a": 2}]
        assert gateway.post("/execute/any/picky?_strict=true", [{"a": 1}, {"fail": True}]).status == 422


@pytest.mark.parametrize("mood", ["redirect-301", "redirect-302", "redirect-307", "redirect-308", "redirect-file"])
def test_U36_redirects_are_not_followed(sim, mood):
    sim.mood("*", mood)
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, {})
        assert (answer.status, answer.code) == (502, "spark_error")
        assert answer.header("location") is None
        assert len(sim.executes()) == 1


def test_U36_no_credential_reaches_the_host_of_a_redirect(sim):
    from simulator import Simulator
    with Simulator() as other:
        sim.mood("*", "redirect-307", text=f"{other.url}/my-tenant/api/v3/folders/a/services/echo/execute")
        with csparkd(sim) as gateway:
            assert gateway.post(CYLINDER, {"radius": 1}).code == "spark_error"
            assert gateway.get(CYLINDER + "?radius=1").code == "spark_error"
        assert other.ledger() == []


def test_U37_headers_of_spark_stay_on_its_side(sim):
    sim.mood("*", "odd-headers")
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, {"radius": 1})
        names = {name for name, _ in answer.headers}
        assert answer.status == 200
        assert not names & {"set-cookie", "clear-site-data", "keep-alive", "proxy-authenticate", "upgrade"}
        assert "1970" not in answer.header("date")


@pytest.mark.parametrize("size", [100, 300000])
def test_U38_an_answer_before_the_body_is_taken(sim, size):
    sim.mood("*", "early-413")
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, {"radius": 1, "text": "x" * size})
        assert answer.status in (413, 502), answer
        if answer.status == 413:
            assert answer.code == "spark_rejected"
        sim.clear()
        assert gateway.post(CYLINDER, {"radius": 1}).status == 200


def test_U40_a_slow_service_does_not_starve_the_others_while_there_is_room(sim):
    with csparkd(sim, limits={"max_in_flight": 16}, top={"workers": 1}) as gateway:
        held = [gateway.connect() for _ in range(8)]
        for wire in held:
            wire.send(b"GET /execute/any/echo~hold?a=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        sim.wait_inflight(8)
        assert all(answer.status == 200 for answer in together(8, lambda n: gateway.post(CYLINDER, {"radius": n})))
        sim.release()
        assert [wire.answer().status for wire in held] == [200] * 8
        for wire in held:
            wire.close()
