"""Answers of Spark that are torn, garbled, packed, endless or late (rows U10-U20, U29-U34)."""

import time

import pytest
from configured import CYLINDER, ECHO, csparkd
from wire import Wire

INPUTS = {"radius": 3, "height": 4}
RECORDS = [INPUTS, {"radius": 1, "height": 1}]

RESET = (502, "upstream_unreachable", "maybe_executed", 2)
TORN = (502, "upstream_garbled", "executed", 2)
NO_HTTP = (502, "upstream_garbled", "maybe_executed", 1)
ENDLESS = (502, "upstream_garbled", "executed", 1)
LATE = (504, "upstream_timeout", "maybe_executed", 1)

FAULTS = {
    "U10": [("reset", RESET), ("reset-before-body", RESET)],
    "U12": [("close", RESET), ("close-before-body", RESET)],
    "U13": [("reset-body", TORN)],
    "U14": [("torn", TORN), ("torn=1", TORN)],
    "U15": [("torn-chunked", TORN), ("bad-chunk", TORN)],
    "U16": [("cut", TORN), ("cut=0", TORN)],
    "U17": [("two-lengths", NO_HTTP), ("bad-length", NO_HTTP), ("negative-length", NO_HTTP),
            ("length-and-chunked", NO_HTTP)],
    "U18": [("nul-header", NO_HTTP), ("big-headers", NO_HTTP), ("many-headers", NO_HTTP), ("continue-flood", NO_HTTP)],
    "U19": [("drip-head", LATE), ("drip-body", LATE)],
    "U20": [("stall", LATE), ("stall=1", LATE)],
    "U29": [("huge", ENDLESS), ("endless", ENDLESS)],
    "U30": [("gzip-bomb=20000000", ENDLESS), ("torn-gzip", TORN), ("gzip-lie", TORN), ("br-lie", TORN)],
    "U32": [("html", TORN), ("empty-body", TORN), ("bad-json", TORN), ("truncated-json", TORN), ("bad-utf8", TORN),
            ("nan", TORN)],
    "U33": [("deep", TORN)],
    "U32-shape": [("not-an-object", ENDLESS), ("no-outputs", ENDLESS), ("short-lists", ENDLESS)],
}
TABLE = [pytest.param(mood, wanted, id=f"{row}-{mood}") for row, rows in FAULTS.items() for mood, wanted in rows]


@pytest.mark.parametrize("form", ["v3", "v4"])
@pytest.mark.parametrize("mood, wanted", TABLE)
def test_U10_to_U33(sim, mood, wanted, form):
    status, code, outcome, attempts = wanted
    timeout_ms = 300 if wanted is LATE else 5000
    sim.mood("*", mood)
    with csparkd(sim, timeout_ms=timeout_ms, limits={"max_answer": "2M"}) as gateway:
        before = gateway.rss_kb()
        began = time.monotonic()
        answer = gateway.post(CYLINDER, INPUTS if form == "v3" else RECORDS)
        problem = answer.json()
        assert (answer.status, problem["code"], problem["outcome"], problem["attempts"]) == wanted, problem
        assert problem["retryable"]
        assert len(sim.executes(request_id=problem["request_id"])) == attempts
        assert time.monotonic() - began < 4
        assert gateway.rss_kb() < before + 3 * 2048
        # The fault leaves nothing behind: neither on a connection nor in the daemon.
        sim.clear()
        assert gateway.post(CYLINDER, INPUTS).json()["outputs"] == {"volume": 113.097}


@pytest.mark.parametrize("mood", ["reset", "close", "torn", "reset-body", "torn-chunked", "bad-chunk", "cut", "html",
                                  "torn-gzip", "gzip-lie"])
def test_U10_to_U16_a_single_fault_is_not_seen(sim, mood):
    sim.mood("*", mood, times=1)
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert (answer.status, answer.header("x-cspark-attempts")) == (200, "2")
        assert answer.json()["outputs"] == {"volume": 113.097}


@pytest.mark.parametrize("mood", ["idle-close", "idle-reset"])
def test_U11_a_kept_connection_dies_under_a_request(sim, mood):
    with csparkd(sim, top={"workers": 1}) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        sim.mood("*", mood)
        answer = gateway.post(CYLINDER, INPUTS)
        assert (answer.status, answer.header("x-cspark-attempts")) == (200, "2")
        assert len(sim.executes(request_id=answer.header("x-request-id"))) == 2
        assert gateway.metric("cspark_retries_total", cause="reset") == 1


@pytest.mark.parametrize("mood", ["idle-close", "idle-reset"])
def test_U11_nothing_below_the_table_sends_again(sim, mood):
    with csparkd(sim, retry={"max": 0, "interval_ms": 1}, top={"workers": 1}) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        sim.mood("*", mood)
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.code == "upstream_unreachable" and answer.json()["outcome"] == "maybe_executed"
        assert len(sim.executes(request_id=answer.header("x-request-id"))) == 1


def test_U18_a_header_that_is_odd_but_readable_goes_no_further(sim):
    sim.mood("*", "cr-header")
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.header("x-odd") is None and b"X-Odd" not in answer.body


@pytest.mark.parametrize("mood", ["chunked", "until-close", "gzip", "connection-close", "wrong-type", "no-type"])
def test_sound_but_unusual_answers_are_good(sim, mood):
    sim.mood("*", mood)
    with csparkd(sim) as gateway:
        for _ in range(3):
            answer = gateway.post(CYLINDER, INPUTS)
            assert (answer.status, answer.header("x-cspark-attempts")) == (200, "1")
            assert answer.json()["outputs"] == {"volume": 113.097}
            assert answer.header("content-type") == "application/json"


def test_U19_a_deadline_frees_its_place(sim):
    sim.mood("*", "drip-body")
    with csparkd(sim, timeout_ms=200, limits={"max_in_flight": 1}, top={"workers": 1}) as gateway:
        for _ in range(3):
            assert gateway.post(CYLINDER, INPUTS).code == "upstream_timeout"
        sim.wait(in_flight_below=1)
        sim.clear()
        assert gateway.post(CYLINDER, INPUTS).status == 200


@pytest.mark.slow
def test_U33_a_million_keys_pass(sim):
    sim.mood("*", "many-keys")
    with csparkd(sim) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.status == 200 and len(answer.json()["outputs"]) == 1000000


NUMBERS = (b'{"u64":18446744073709551616,"i64":-9223372036854775809,"digits":123456789012345678901234567890,'
           b'"big":1e400,"minus":-0,"one":1.0,"twice":1,"twice":2,"nul":"\\u0000","slash":"\\/"}')


@pytest.mark.parametrize("path", ["", "?_shape=original", "?_shape=alike", "?_format=ndjson"])
def test_U34_numbers_come_as_spark_wrote_them(sim, path):
    sim.mood("*", "numbers")
    with csparkd(sim) as gateway:
        assert b'"outputs":' + (b"[" if "alike" in path else b"") + NUMBERS in gateway.post(CYLINDER + path, INPUTS).body


@pytest.mark.parametrize("body", [NUMBERS, b"[" + NUMBERS + b"," + NUMBERS + b"]"])
def test_U34_numbers_go_as_the_caller_wrote_them(sim, body):
    with csparkd(sim) as gateway:
        answer = gateway.post(ECHO, body, {"Content-Type": "application/json"})
        assert b'"outputs":' + body in answer.body
        (entry,) = sim.executes()
        assert body.strip(b"[]").decode() in entry["body"]


def test_U34_halves_of_characters_and_long_text(sim):
    body = b'{"lone":"\\ud800","pair":"\\ud83d\\ude00","raw":"' + "\u00e9\u20ac\U0001f600".encode() + b'","long":"' \
        + b"x" * 200000 + b'" , "space" : [ 1 , 2 ]}'
    with csparkd(sim) as gateway:
        answer = gateway.post(ECHO, body, {"Content-Type": "application/json"})
        assert b'"outputs":' + body in answer.body


def test_a_caller_may_drip_its_request(sim):
    with csparkd(sim) as gateway, gateway.connect() as wire:
        assert isinstance(wire, Wire)
        request = b"POST " + CYLINDER.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n"
        for byte in request + b'{"radius":1}':
            wire.send(bytes([byte]))
        assert wire.answer().json()["outputs"] == {"volume": 12.566}
