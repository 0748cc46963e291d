"""What callers do wrong, by accident or on purpose: rows C1 to C32 of the fault matrix (ROWS.md).

What a row needs of JSON, of names and of framing suites is in test_suites.py.
"""

import gzip
import json
import os
import re
import select
import subprocess
import sys
import time
import urllib.parse
import zlib
from pathlib import Path

import pytest
from configured import together
from gateway import Gateway
from simulator import Simulator
from wire import Closed, Wire

HOST = b"Host: localhost\r\n"
ECHO = b"POST /execute/f/echo HTTP/1.1\r\n" + HOST
EMPTY = b"Content-Length: 0\r\n\r\n"
GET = b"GET /execute/f/echo?v=%d HTTP/1.1\r\n" + HOST + b"X-Request-Id: %s\r\n\r\n"

LIMITS = 'limits = { max_body = "64K"; max_head = "16K"; max_target = "8K"; %s }; bulk = { max_body = "64K"; };'
IMPATIENT = "head_ms = 400; body_ms = 400; idle_ms = 400; write_ms = 400;"


@pytest.fixture(scope="module")
def sim():
    with Simulator("--any-service") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(sim):
    with Gateway(LIMITS % "", env=sim.oauth_env()) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def impatient(sim):
    with Gateway("workers = 1; limits = { %s };" % IMPATIENT, env=sim.oauth_env()) as daemon:
        yield daemon


@pytest.fixture
def clean(sim):
    sim.reset()
    return sim


def body(data, *fields):
    return ECHO + b"".join(f + b"\r\n" for f in fields) + b"Content-Length: %d\r\n\r\n" % len(data) + data


def chunked(data, *fields):
    return ECHO + b"".join(f + b"\r\n" for f in fields) + b"Transfer-Encoding: chunked\r\n\r\n" + data


def refused(gateway, data, *codes):
    """Sends <data>, expects one answer with one of these statuses, then the close. Gives the answer."""
    with gateway.connect() as wire:
        answer = wire.send(data).answer()
        assert answer.status in codes, answer
        assert wire.is_closed()
    return answer


def refused_or_closed(gateway, data, *codes):
    """The same for what the HTTP library itself cannot make sense of: closing without a word will do, and it may say
    the head of its refusal twice (a fault of libmicrohttpd 0.9.75)."""
    with gateway.connect() as wire:
        said = wire.send(data).read_to_end()
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+) ", said)]
    assert set(statuses) <= set(codes), said


def drip(wire, data, deadline=10):
    """A byte now and then, until the peer closes. Gives the seconds that took."""
    start = time.monotonic()
    for byte in data:
        try:
            wire.send(bytes([byte]))
        except OSError:
            break
        readable, _, _ = select.select([wire.sock], [], [], 0.05)
        if readable:
            break
        assert time.monotonic() - start < deadline, "the peer has endless patience"
    return time.monotonic() - start


def cpu_ns(pid):
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


# -- slow callers (C1 to C4) -----------------------------------------------------


def test_c1_many_slow_heads_are_closed_and_others_served(impatient):
    wires = [impatient.connect(10).send(ECHO + b"X-Slow: ") for _ in range(200)]
    assert impatient.post("/execute/f/echo", b'{"v":1}').status == 200
    assert all(wire.is_closed() for wire in wires)
    for wire in wires:
        wire.close()
    assert impatient.get("/healthz").status == 200


def test_c2_a_slow_body_is_refused_and_spark_not_asked(clean, impatient):
    with impatient.connect(10) as wire:
        wire.send(ECHO + b"X-Request-Id: slow-body\r\nContent-Length: 7\r\n\r\n{\"v\":")
        assert wire.answer().code == "request_timeout"
        assert wire.is_closed()
    line = impatient.wait_log("access", request_id="slow-body")
    assert (line["status"], line["end"], line["attempts"]) == (408, "caller_slow", 0)
    assert clean.executes() == []


def test_c2_a_large_body_earns_time(impatient):
    piece = b" " * 16384
    with impatient.connect(10) as wire:
        wire.send(ECHO + b"Content-Length: %d\r\n\r\n" % (8 * len(piece) + 2))
        for _ in range(8):  # 1.2 s in all: three times body_ms, which alone would end it
            wire.send(piece)
            assert not select.select([wire.sock], [], [], 0.15)[0]
        assert wire.send(b"{}").answer().status == 200


def test_c3_an_answer_that_nobody_reads_is_cut(impatient):
    value = b'{"v":"' + os.urandom(4_000_000).hex().encode() + b'"}'
    with impatient.connect() as wire:
        wire.send(body(value, b"X-Request-Id: no-reader"))
        line = impatient.wait_log("access", deadline=20, request_id="no-reader")
    assert (line["status"], line["end"]) == (200, "caller_slow")


def test_c3_a_slow_reader_who_does_read_gets_it_all(impatient):
    value = b'{"v":"' + b"a" * 4_000_000 + b'"}'
    with impatient.connect() as wire:
        wire.send(body(value))
        assert len(wire.answer().body) > len(value)


@pytest.mark.parametrize("start", [b"", ECHO, ECHO + b"Content-Length: 1000\r\n\r\n"], ids=["line", "head", "body"])
def test_c4_dripping_does_not_help(impatient, start):
    with impatient.connect() as wire:
        wire.send(start)
        assert drip(wire, b"GET /" + b"x" * 400 if not start else b"x" * 400) < 5


def test_c4_an_idle_connection_is_closed_without_a_word(impatient):
    with impatient.connect(10) as wire:
        assert wire.send(GET % (1, b"idle")).answer().status == 200
        assert wire.is_closed()
        assert wire.buffer == b""


# -- callers who leave (C5 to C7) ------------------------------------------------


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("sent", [b"POST /exec", ECHO, ECHO + b"X-Request-Id: %s\r\nContent-Length: 7\r\n\r\n{\"v\""],
                         ids=["line", "head", "body"])
def test_c5_leaving_within_the_request(clean, gateway, leave, sent):
    name = f"gone-{leave}"
    has_body = b"%s" in sent
    wire = gateway.connect().send(sent % name.encode() if has_body else sent)
    getattr(wire, leave)()
    if has_body and leave == "close":  # a reset overtakes what was sent before it
        line = gateway.wait_log("access", request_id=name)
        assert (line["status"], line["end"]) == (499, "caller_left")
    assert gateway.get("/healthz").status == 200
    assert clean.executes() == []


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_c6_leaving_while_spark_computes_cancels(clean, gateway, leave):
    clean.mood("echo", "hold")
    name = f"left-{leave}"
    wire = gateway.connect().send(GET % (1, name.encode()))
    clean.wait_inflight(1)
    start = time.monotonic()
    getattr(wire, leave)()
    line = gateway.wait_log("access", request_id=name)
    clean.wait(cancelled=1)
    assert time.monotonic() - start < 1
    assert (line["status"], line["end"]) == (499, "caller_left")
    assert [entry["client_left"] for entry in clean.executes(request_id=name)] == [True]
    assert gateway.metric("cspark_in_flight") == 0


def test_c7_half_close_after_the_request(clean, gateway):
    with gateway.connect() as wire:
        assert wire.send(GET % (1, b"half")).half_close().answer().status == 200
        assert wire.is_closed()
    clean.mood("echo", "hold")
    with gateway.connect() as wire:
        wire.send(GET % (1, b"half-late"))
        clean.wait_inflight(1)
        wire.half_close()
        assert gateway.get("/healthz").status == 200  # the loop has seen the half-close
        clean.release()
        assert wire.answer().status == 200


def test_c7_half_close_beside_older_connections(clean):
    """The server behind the front happens to treat the oldest of its connections better."""
    with Gateway("workers = 1;", env=clean.oauth_env()) as gateway:
        with gateway.connect() as older, gateway.connect() as wire:
            assert older.send(GET % (1, b"older")).answer().status == 200
            clean.mood("echo", "hold")
            wire.send(GET % (1, b"half") + b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n").half_close()
            clean.wait_inflight(1)
            clean.release()
            assert [wire.answer().status for _ in range(2)] == [200, 200]
            assert wire.is_closed()


@pytest.mark.parametrize("data,statuses", [
    (b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n", [404]), (ECHO, []), (ECHO + b"Content-Length: 5\r\n\r\n{", []),
    (b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n" + body(b'{"v":1}') * 2, [404, 200, 200])], ids=["one", "head", "body", "three"])
def test_c7_an_end_together_with_the_last_bytes(clean, gateway, data, statuses):
    for _ in range(100):  # whether both are seen at once is a matter of luck
        with gateway.connect(5) as wire:
            said = wire.send(data).half_close().read_to_end()
        assert [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", said)] == statuses


# -- pipelines (C8, C9) ------------------------------------------------------------


def test_c8_a_hundred_in_one_packet(clean, gateway):
    names = [b"pipe-%d" % n for n in range(100)]
    with gateway.connect() as wire:
        wire.send(b"".join(GET % (n, name) for n, name in enumerate(names)))
        answers = [wire.answer() for _ in names]
    assert [a.header("x-request-id").encode() for a in answers] == names
    assert [a.json()["outputs"]["v"] for a in answers] == list(range(100))
    assert clean.stats()["in_flight_max"] == 1


def test_c9_garbage_behind_a_request(gateway):
    with gateway.connect() as wire:
        wire.send(GET % (1, b"before-garbage") + b"\x16\x03\x01 rubbish\r\n\r\n")
        assert wire.answer().status == 200
        try:
            assert wire.answer().status == 400
        except Closed:
            pass
        assert wire.is_closed()


# -- sizes (C10 to C13) --------------------------------------------------------------


@pytest.mark.parametrize("fields", [b"X-Long: " + b"a" * 17000 + b"\r\n", b"X-Long: " + b"a" * 100_000 + b"\r\n",
                                    b"X-A: b\r\n" * 101, b"X-A: b\r\n" * 10_000], ids=["17K", "100K", "101", "10000"])
def test_c10_a_head_too_large(gateway, fields):
    with gateway.connect() as wire:
        try:
            wire.send(ECHO + fields + EMPTY)
            assert wire.answer().status == 431
        except (Closed, ConnectionError):
            assert len(fields) > 20_000  # its answer may be lost in the reset: it was still sending


@pytest.mark.parametrize("length", [8193, 12_000, 100_000])
def test_c11_a_target_too_long(gateway, length):
    with gateway.connect() as wire:
        try:
            wire.send(b"GET /execute/f/echo?v=" + b"a" * length + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            assert wire.answer().status == 414
        except (Closed, ConnectionError):
            assert length > 20_000


def test_c12_a_body_too_large_by_its_length(gateway):
    with gateway.connect() as wire:
        answer = wire.send(ECHO + b"Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n").answer(interim=True)
        assert (answer.status, answer.code) == (413, "body_too_large")
        assert wire.is_closed()


def test_c12_a_body_too_large_by_chunks(clean, gateway):
    data = b"".join(b"1000\r\n" + b" " * 4096 + b"\r\n" for _ in range(17)) + b"0\r\n\r\n"
    answer = refused(gateway, chunked(data), 413)
    assert answer.code == "body_too_large"
    assert clean.executes() == []


BAD_CHUNKS = [b"0x2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"\r\n{}\r\n0\r\n\r\n",
              b"g\r\n{}\r\n0\r\n\r\n", b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n", b"2\r\n{}}\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n"]


@pytest.mark.parametrize("data", BAD_CHUNKS)
def test_c13_bad_chunks(clean, gateway, data):
    refused_or_closed(gateway, chunked(data), 400, 413)
    assert clean.executes() == []


def test_c13_no_last_chunk(clean, gateway):
    with gateway.connect() as wire:
        wire.send(chunked(b"2\r\n{}\r\n")).half_close()
        assert wire.is_closed()
    assert clean.executes() == []


def test_c13_huge_extensions_and_trailers(impatient):
    before = impatient.descriptors()
    for data in (b"2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\r\n0\r\nX-T: " + b"x" * 100_000 + b"\r\n\r\n"):
        with impatient.connect(10) as wire:
            try:
                wire.send(chunked(data))
                assert wire.answer().status in (200, 400, 408, 413, 431)
            except (Closed, ConnectionError):
                pass
        end = time.monotonic() + 10
        while impatient.descriptors() > before:
            impatient.get("/healthz")
            assert time.monotonic() < end, "the connection outlives its deadline"


# -- framing and syntax (C14 to C16); all of it is in the suites -------------------------


@pytest.mark.parametrize("fields", [
    b"Content-Length: 2\r\nContent-Length: 2", b"Content-Length: 2\r\nContent-Length: 3",
    b"Content-Length: 2\r\nTransfer-Encoding: chunked", b"Content-Length: +2", b"Content-Length: -1", b"Content-Length: 2,2",
    b"Content-Length: 0x2", b"Content-Length:", b"Content-Length: 99999999999999999999", b"Content_Length: 2",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"])
def test_c14_framing(clean, gateway, fields):
    refused_or_closed(gateway, ECHO + fields + b"\r\n\r\n", 400, 413)
    assert clean.executes() == []


@pytest.mark.parametrize("data", [
    b"POST /execute/f/echo HTTP/1.1\r\nHost: localhost\r\nX-A: a\rb\r\n" + EMPTY, ECHO + b"X-A: a\x01b\r\n" + EMPTY,
    ECHO + b"X A: b\r\n" + EMPTY, ECHO + b"no colon\r\n" + EMPTY, ECHO + b"X-A : b\r\n" + EMPTY,
    b"POST /execute/f/echo HTTP/1.1\r\n Host: localhost\r\n" + EMPTY,
    b"POST /execute/f/\x01echo HTTP/1.1\r\n" + HOST + EMPTY, b"POST /execute/f/\xffecho HTTP/1.1\r\n" + HOST + EMPTY,
    b"POST /execute/f/echo#x HTTP/1.1\r\n" + HOST + EMPTY])
def test_c15_syntax(clean, gateway, data):
    refused_or_closed(gateway, data, 400)
    assert clean.executes() == []


REQUEST_LINES = [
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400), (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost/path\r\n\r\n", 400), (b"GET /healthz HTTP/1.1\r\nHost: user@localhost\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost:http\r\n\r\n", 400), (b"GET /healthz HTTP/1.1\r\nHost: \r\n\r\n", 400),
    (b"GET http://localhost/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400), (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"CONNECT localhost:1 HTTP/1.1\r\n" + HOST + b"\r\n", 400), (b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    (b"GET /healthz HTTP/3.0\r\n" + HOST + b"\r\n", 400), (b"get /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    (b"GET /healthz\r\n\r\n", 400), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n" * 8, 400)]


@pytest.mark.parametrize("data,status", REQUEST_LINES)
def test_c16_odd_requests(gateway, data, status):
    refused_or_closed(gateway, data, status, 403, 505)


def test_c16_http_1_0(gateway):
    with gateway.connect() as wire:
        assert wire.send(b"GET /healthz HTTP/1.0\r\n\r\n").answer().status == 200
        assert wire.is_closed()


def test_c15_what_libmicrohttpd_hides(gateway):
    """It takes a NUL for the end of the text before it, and a field without a name for the end of the head."""
    for data in (b"GET /healthz\x00 HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: a\0b\r\n\r\n",
                 b"GET /healthz HTTP/1.1\r\n" + HOST + b": b\r\nX-A: b\r\n\r\n"):
        assert gateway.raw(data).status in (200, 400)


# -- web pages (C17, C18) ------------------------------------------------------------------


@pytest.mark.parametrize("headers,code", [
    ({"Host": "rebound.example"}, "host_refused"), ({"Host": "localhost.example:80"}, "host_refused"),
    ({"Host": "127.0.0.1.example"}, "host_refused"), ({"Host": "10.0.0.1"}, "host_refused"),
    ({"Origin": "https://page.example"}, "origin_refused"), ({"Origin": "null"}, "origin_refused"),
    ({"Sec-Fetch-Site": "cross-site"}, "origin_refused"), ({"Sec-Fetch-Site": "same-site"}, "origin_refused")])
def test_c17_pages_are_kept_out(clean, gateway, headers, code):
    answer = gateway.post("/execute/f/echo", b"v=1", {**headers, "Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.code) == (403, code)
    assert not [name for name, _ in answer.headers if name.startswith("access-control")]
    assert clean.executes() == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:8080", "[::1]", "[::1]:8080"])
def test_c17_local_hosts_are_served(gateway, host):
    answer = gateway.get("/healthz", {"Host": host, "Sec-Fetch-Site": "none"})
    assert answer.status == 200
    assert not [name for name, _ in answer.headers if name.startswith("access-control")]


def test_c18_types(gateway):
    for kind, status in (("text/plain", 415), ("multipart/form-data; boundary=x", 415), ("application/xml", 415),
                         ("application/json; charset=utf-16", 415), ("application/x-www-form-urlencoded", 200),
                         ("application/vnd.x+json", 200), ("APPLICATION/JSON ; charset=UTF-8", 200)):
        text = b"v=1" if "form-u" in kind else b'{"v":1}'
        assert gateway.post("/execute/f/echo", text, {"Content-Type": kind}).status == status, kind


# -- Expect (C19) -----------------------------------------------------------------------------


def test_c19_continue(gateway):
    with gateway.connect() as wire:
        head = ECHO + b"Expect: 100-continue\r\nContent-Length: 7\r\n\r\n"
        assert wire.send(head).answer(interim=True).status == 100
        assert wire.send(b'{"v":1}').answer().status == 200
        assert wire.send(head + b'{"v":2}').answer().json()["outputs"] == {"v": 2}  # one that does not wait


@pytest.mark.parametrize("line,fields,status", [
    (b"POST /execute/f/.. HTTP/1.1\r\n", b"", 400), (b"POST /nowhere HTTP/1.1\r\n", b"", 404),
    (b"DELETE /execute/f/echo HTTP/1.1\r\n", b"", 405), (b"POST /execute/f/echo HTTP/1.1\r\n", b"Content-Type: text/plain\r\n", 415),
    (b"POST /execute/f/echo?_timeout=x HTTP/1.1\r\n", b"", 400)])
def test_c19_no_continue_for_what_is_refused(gateway, line, fields, status):
    with gateway.connect() as wire:
        wire.send(line + HOST + fields + b"Expect: 100-continue\r\nContent-Length: 7\r\n\r\n")
        assert wire.answer(interim=True).status == status
        assert wire.is_closed()


def test_c19_other_expectations(gateway):
    refused(gateway, body(b"{}", b"Expect: miracles"), 400, 417)


# -- codings (C20) -------------------------------------------------------------------------------


@pytest.mark.parametrize("coding,pack", [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress),
                                         ("GZIP", gzip.compress), ("identity", bytes)])
def test_c20_codings(gateway, coding, pack):
    answer = gateway.post("/execute/f/echo", pack(b'{"v":1.0}'), {"Content-Encoding": coding})
    assert b'"outputs":{"v":1.0}' in answer.body


def test_c20_bombs(clean, gateway):
    for data in (gzip.compress(b" " * 65537), gzip.compress(b'{"v":"' + b"a" * 50_000_000 + b'"}')):
        answer = gateway.post("/execute/f/echo", data, {"Content-Encoding": "gzip"})
        assert (answer.status, answer.code) == (413, "body_too_large")
    assert clean.executes() == []


PACKED = gzip.compress(b'{"v":1}', mtime=0)  # the cases' names must not depend on the time


@pytest.mark.parametrize("data", [PACKED[:-1], PACKED[:15], PACKED[:5], PACKED + b"x", b'{"v":1}', PACKED[:-8] + b"\0" * 8])
def test_c20_broken_gzip(clean, gateway, data):
    answer = gateway.post("/execute/f/echo", data, {"Content-Encoding": "gzip"})
    assert answer.status == 400, answer
    assert clean.executes() == []


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "compress", "gzip;q=1", ","])
def test_c20_other_codings(gateway, coding):
    answer = gateway.post("/execute/f/echo", b'{"v":1}', {"Content-Encoding": coding})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


# -- names (C25) --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "..", ".", "%2e%2e", "%2E", ".%2e", "a%2Fb", "a%5Cb", "a\\b", "%00", "a%00b", "a%0d%0ab", "%7f", "%ff", "%c0%af", "%ed%a0%80",
    "a%", "a%2", "a%zz", "", "a" * 300, "a]b[", "a[1", "a[]x", "a%5b1"])
def test_c25_names_that_are_refused(clean, gateway, name):
    for path in (f"/execute/f/{name}", f"/execute/{name}/echo"):
        if name in ("a]b[", "a[1", "a[]x", "a%5b1") and path.endswith("/echo"):
            continue  # a bracket means a version only behind a service
        answer = gateway.post(path, b"{}")
        assert (answer.status, answer.code) == (400, "bad_locator"), path
    assert clean.executes() == []


@pytest.mark.parametrize("name", ["a;b", "a%3Bb", "a%3Fb", "a%23b", "a@b", "a:b", "a=b&c", "%25", "%252e%252e", "%252F", "a%20b",
                                  "a+b", "%C3%A9", "e%CC%81", "%E2%80%AEx", "...", "..a", "~", "%22", "'", "a" * 200])
def test_c25_names_that_are_encoded_again(clean, gateway, name):
    for folder, service in ((name, "echo"), ("f", name)):
        answer = gateway.post(f"/execute/{folder}/{service}", b'{"v":1}')
        assert answer.status == 200, answer
        sent = clean.executes(request_id=answer.header("x-request-id"))[0]
        parts = sent["path"].split("/")
        assert sent["query"] is None
        assert [urllib.parse.unquote(part) for part in parts] == [
            "", "my-tenant", "api", "v3", "folders", urllib.parse.unquote(folder), "services", urllib.parse.unquote(service), "execute"]


# -- injection (C26, C27) -------------------------------------------------------------------------


PLAIN_NAMES = {"host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "x-request-id",
               "x-tenant-name", "authorization", "traceparent", "expect", "content-encoding"}


@pytest.mark.parametrize("control", ["_correlation", "_source", "_purpose", "_version", "_tenant", "_date", "_outputs", "_compiler"])
@pytest.mark.parametrize("many", [False, True], ids=["v3", "v4"])
def test_c26_no_line_breaks_into_headers(clean, gateway, control, many):
    for evil in ("a%0d%0aX-Evil:%201", "a%0aX-Evil:%201", "a%00b"):
        answer = gateway.post(f"/execute/f/echo?{control}={evil}", b'[{"v":1}]' if many else b'{"v":1}')
        assert answer.status in (200, 400), answer
    for entry in clean.executes():
        assert {name.lower() for name in entry["header_names"]} <= PLAIN_NAMES


def test_c26_an_odd_request_id_is_replaced(clean, gateway):
    for odd in ("a b", 'a"b', "a,b", "\u00e9", "a" * 129, ""):
        answer = gateway.post("/execute/f/echo", b'{"v":1}', {"X-Request-Id": odd})
        assert answer.status == 200 and answer.header("x-request-id") != odd


def test_c27_only_listed_headers_go_up(clean, gateway):
    answer = gateway.post("/execute/f/echo", b'{"v":1}', {
        "Authorization": "Bearer caller", "Cookie": "a=b", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4",
        "x-tenant-name": "other", "x-synthetic-key": "caller-key", "Proxy-Authorization": "Basic x", "Via": "1.1 x",
        "Connection": "keep-alive, x-tenant-name", "Keep-Alive": "300", "Upgrade": "h2c", "Referer": "http://localhost/",
        "X-Request-Id": "forwarded"})
    assert answer.status == 200
    sent = clean.executes(request_id="forwarded")[0]
    assert {name.lower() for name in sent["header_names"]} <= PLAIN_NAMES
    assert sent["headers"]["x-tenant-name"] == "my-tenant"
    assert sent["credential"] == "bearer" and "caller" not in json.dumps(sent)


def test_c28_trace_gives_nothing_back(gateway):
    answer = gateway.request("TRACE", "/execute/f/echo", None, {"X-Probe": "canary"})
    assert answer.status == 405 and answer.header("allow") == "GET, POST"
    assert b"canary" not in answer.body


# -- floods (C29, C31) ----------------------------------------------------------------------------


def test_c29_connects_and_closes(gateway):
    before = gateway.descriptors()
    for n in range(1000):
        wire = gateway.connect()
        wire.reset() if n % 2 else wire.close()
    assert gateway.get("/healthz").status == 200
    end = time.monotonic() + 10
    while gateway.descriptors() > before + 4 and time.monotonic() < end:
        gateway.get("/healthz")
    assert gateway.descriptors() <= before + 4


def test_c29_more_connections_than_allowed(sim):
    request = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    with Gateway("workers = 1;" + LIMITS % "max_connections = 16;", env=sim.oauth_env()) as gateway:
        wires = [gateway.connect() for _ in range(16)]
        for wire in wires:
            assert wire.send(request).answer().status == 200
        waiting = [gateway.connect().send(request) for _ in range(32)]
        before, start = cpu_ns(gateway.pid), time.monotonic()
        assert not select.select([w.sock for w in waiting], [], [], 0.5)[0], "more than max_connections are served"
        used = (cpu_ns(gateway.pid) - before) / 1e9 / (time.monotonic() - start)
        assert used < 0.1, f"{used:.0%} of a core while there is nothing to do"
        assert wires[0].send(request).answer().status == 200
        for wire in wires:
            wire.close()
        for wire in waiting:
            assert wire.answer().status == 200
            wire.close()


def test_c31_names_do_not_become_series(clean, gateway):
    def ask(first, last):
        with gateway.connect() as wire:
            wire.send(b"".join(b"GET /execute/folder-%d/echo?v=1 HTTP/1.1\r\n" % n + HOST + b"\r\n" for n in range(first, last)))
            for _ in range(first, last):
                assert wire.answer().status == 200

    ask(0, 100)
    series, memory = len(gateway.metrics()), gateway.rss_kb()
    ask(100, 1100)
    assert len(gateway.metrics()) <= series + 5
    if "libasan" not in Path(f"/proc/{gateway.pid}/maps").read_text():  # it gives nothing back for a while
        assert gateway.rss_kb() < memory + 4096


# -- the caller's deadline (C32) --------------------------------------------------------------------


@pytest.mark.parametrize("value,status", [("0", 400), ("-1", 400), ("soon", 400), ("1e3", 400), ("", 400), ("600000", 200), ("1000000000", 400),
                                          ("99999999999999999999", 400)])
def test_c32_deadlines(gateway, value, status):
    answer = gateway.get(f"/execute/f/echo?v=1&_timeout={value}")
    assert (answer.status, answer.code) == (status, "bad_parameter" if status == 400 else None)


LOOK = """
import os, sys
while True:
    for fd in range(10, 60):
        try:
            os.readlink(f"/proc/{sys.argv[1]}/fd/{fd}")
        except FileNotFoundError:
            pass
"""


def test_who_looks_at_descriptors_does_no_harm(sim):
    """A socket that is closed lives on while somebody reads its name in /proc; its end must not be told to who is gone."""
    def ask(_):
        for _ in range(1000):
            gateway.get("/healthz")

    with Gateway(env=sim.oauth_env()) as gateway:
        lookers = [subprocess.Popen([sys.executable, "-c", LOOK, str(gateway.pid)], stderr=subprocess.DEVNULL) for _ in range(2)]
        try:
            together(4, ask)
        finally:
            for looker in lookers:
                looker.kill()
                looker.wait()
