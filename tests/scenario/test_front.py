"""The front alone (tests/flow/front_echo.c) over bare sockets: what it adds to libmicrohttpd, shown with and without.

front_bare is the same program with a guard that lets everything pass; a time of 0 stands for no deadline.
"""

import os
import select
import signal
import subprocess
import threading
import time

import pytest
from front import HOST, Front

POST = b"POST /echo HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
HUGE = 30_000


@pytest.fixture(scope="module")
def front():
    with Front() as front:
        yield front


@pytest.fixture(scope="module")
def bare():
    with Front("front_bare") as bare:
        yield bare


# -- the guard -------------------------------------------------------------------

FAULTS = {
    "field name": (POST + b"X[]: 1\r\nContent-Length: 0\r\n\r\n", 400),
    "control": (POST + b"X: a\x01b\r\nContent-Length: 0\r\n\r\n", 400),
    "two hosts": (POST + HOST + b"Content-Length: 0\r\n\r\n", 400),
    "host of another": (b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 403),
    "host with a path": (b"GET / HTTP/1.1\r\nHost: localhost/a\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", 400),
    "length and coding": (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "lower case": (b"post /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", 405),
    "trace": (b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "absolute form": (b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "asterisk": (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment": (b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "body of a get": (b"GET /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}", 400),
    "underscore": (POST + b"Transfer_Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400),
    "expectation": (POST + b"Expect: more\r\nContent-Length: 0\r\n\r\n", 400),
    "origin": (POST + b"Origin: https://page.example\r\nContent-Length: 0\r\n\r\n", 403),
    "cross-site": (POST + b"Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n", 403),
    "many fields": (POST + b"X: 1\r\n" * 101 + b"Content-Length: 0\r\n\r\n", 431),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
}


@pytest.mark.parametrize("data,status", FAULTS.values(), ids=FAULTS.keys())
def test_the_guard_refuses_what_libmicrohttpd_takes(front, bare, data, status):
    with bare.connect() as wire:
        assert wire.send(data).answer().status == 200
    with front.connect() as wire:
        answer = wire.send(data).answer()
        assert answer.status == status, answer
        assert wire.is_closed()


def test_an_unknown_coding_is_answered_at_once(front, bare):
    data = POST + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with bare.connect() as wire:
        wire.send(data)
        assert not select.select([wire.sock], [], [], 0.3)[0], "it waits for the end of the connection"
    with front.connect() as wire:
        assert wire.send(data).answer().status == 400
        assert wire.is_closed()


def test_the_target_comes_as_it_was_sent(front):
    with front.connect() as wire:
        answer = wire.send(b"GET /a%2Fb%00c;d?x=%20&y?z HTTP/1.1\r\n" + HOST + b"\r\n").answer()
    assert "path /a%2Fb%00c;d\nquery x=%20&y?z\n" in answer.text


# -- deadlines -------------------------------------------------------------------

PHASES = {
    "head": (b"", b"GET / HTTP/1.1\r\nX: " + b"a" * 200),
    "body": (POST + b"Content-Length: 1000\r\n\r\n", b"a" * 200),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 100),
}


def drip(wire, data, seconds):
    """A byte each 10 ms. Whether the peer had enough within <seconds>."""
    end = time.monotonic() + seconds
    for byte in data:
        if time.monotonic() > end:
            return False
        wire.send(bytes([byte]))
        if select.select([wire.sock], [], [], 0.01)[0]:
            return True
    return False


@pytest.mark.parametrize("start,rest", PHASES.values(), ids=PHASES.keys())
def test_a_drip_is_ended_by_its_deadline_and_by_nothing_else(start, rest):
    with Front(head_ms=0, body_ms=0) as patient, patient.connect() as wire:
        assert not drip(wire.send(start), rest, 1)
    with Front(head_ms=300, body_ms=300) as front, front.connect() as wire:
        assert drip(wire.send(start), rest, 1.5)


def test_a_slow_body_is_told_so(front):
    with Front(body_ms=200) as front, front.connect() as wire:
        answer = wire.send(POST + b"Content-Length: 10\r\n\r\nabc").answer()
        assert answer.status == 408 and answer.header("connection") == "close"
        wire.send(b"defghij")  # it is too late, but no reset
        assert wire.is_closed()
        front.wait("done caller_slow")


def test_an_idle_connection_ends_without_a_word():
    with Front(idle_ms=200) as front, front.connect() as wire:
        assert wire.send(GET).answer().status == 200
        assert wire.is_closed()


def test_an_answer_that_is_not_read_ends():
    with Front(write_ms=300) as front, front.connect() as wire:
        wire.send(b"GET /big?50000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        front.wait("done caller_slow 0")


# -- full buffers ----------------------------------------------------------------

STUFFING = {"extension": b"2;" + b"x" * HUGE, "trailer": b"0\r\nX: " + b"x" * HUGE}


@pytest.mark.parametrize("data", STUFFING.values(), ids=STUFFING.keys())
def test_a_full_buffer_costs_no_cpu_and_ends(data):
    with Front(body_ms=1000) as front, front.connect() as wire:
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        front.wait("begin")
        before = front.cpu_s()
        wire.send(data)
        wire.read_to_end()
        front.wait("done", deadline=20)
        assert front.cpu_s() - before < 0.2


# -- callers that leave ----------------------------------------------------------


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_parked_caller_that_leaves_is_noticed(leave):
    with Front() as front:
        wire = front.connect()
        wire.send(b"GET /park HTTP/1.1\r\n" + HOST + b"\r\n")
        front.wait("ready")
        getattr(wire, leave)()
        front.wait("left")
        assert front.wait("done").startswith("done caller_left 0 GET /park")


def test_half_a_close_is_answered():
    with Front() as front, front.connect() as wire, front.connect() as other:
        wire.send(b"GET /park HTTP/1.1\r\n" + HOST + b"\r\n").half_close()
        front.wait("ready")
        other.send(b"GET /release HTTP/1.1\r\n" + HOST + b"\r\n").answer()
        assert wire.answer().status == 200
        assert not front.said("left")


def test_a_connection_is_watched_once_in_its_life():
    """Two epoll_ctl of libmicrohttpd a parked request; none for the watch."""
    with Front() as front, front.connect() as wire, front.connect() as other:
        trace = subprocess.Popen(["strace", "-f", "-e", "trace=epoll_ctl", "-p", str(front.process.pid)],
                                 stderr=subprocess.PIPE, text=True)
        while "attached" not in trace.stderr.readline():
            assert trace.poll() is None
        for count in range(1, 21):
            wire.send(b"GET /park HTTP/1.1\r\n" + HOST + b"\r\n")
            front.wait("ready", 2 * count - 1)
            other.send(b"GET /release HTTP/1.1\r\n" + HOST + b"\r\n").answer()
            wire.answer()
            front.wait("done", 2 * count)
        trace.send_signal(signal.SIGINT)
        calls = [line for line in trace.stderr if "epoll_ctl(" in line]
    assert len(calls) <= 2 * 20 + 2 * 5


# -- refusals arrive -------------------------------------------------------------

LATE = {
    "length": (POST + b"Content-Length: 4000000\r\n\r\n", b"a" * 4_000_000),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n"),
}


@pytest.mark.parametrize("head,piece", LATE.values(), ids=LATE.keys())
def test_a_body_too_large_is_refused_and_no_reset_overtakes(front, head, piece):
    with front.connect() as wire:
        wire.send(head)
        for _ in range(1 if len(piece) > 1_000_000 else 40):
            wire.send(piece)
        assert wire.answer().status == 413
        assert wire.is_closed()


def test_an_early_answer_arrives_while_the_body_does(front):
    with front.connect() as wire:
        wire.send(b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n" + b"a" * 500_000)
        assert wire.answer().body == b"early\n"
        wire.send(b"a" * 500_000)
        assert wire.is_closed()


def test_continue_is_said_only_to_who_is_welcome(front):
    expect = b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with front.connect() as wire:
        assert wire.send(POST + expect).answer(interim=True).status == 100
        assert wire.send(b"{}").answer().body == b"{}"
    with front.connect() as wire:
        assert wire.send(POST + b"X[]: 1\r\n" + expect).answer(interim=True).status == 400


# -- many requests ---------------------------------------------------------------


def test_a_hundred_in_one_packet_are_answered_in_order(front):
    with front.connect() as wire:
        wire.send(b"".join(POST + b"Content-Length: 3\r\n\r\n%03d" % n for n in range(100)))
        assert [wire.answer().body for _ in range(100)] == [b"%03d" % n for n in range(100)]


def test_chunks_are_put_together(front):
    body = os.urandom(100_000)
    with front.connect() as wire:
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 997):
            piece = body[at:at + 997]
            wire.send(b"%x;x=y\r\n%s\r\n" % (len(piece), piece))
        assert wire.send(b"0\r\nX: trailer\r\n\r\n").answer().body == body


# -- limits ----------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"connections": 5}, {"descriptors": 20}], ids=["connections", "descriptors"])
def test_at_a_limit_callers_wait_and_cost_nothing(limit):
    with Front(**limit) as front:
        wires = [front.connect() for _ in range(40)]
        for wire in wires:
            wire.send(GET)
        inside = []
        for wire in wires:
            if not select.select([wire.sock], [], [], 0.05)[0]:
                break
            inside.append(wire)
            assert wire.answer().status == 200
        assert 0 < len(inside) < 20
        before = front.cpu_s()
        assert not select.select([wire.sock for wire in wires[len(inside):]], [], [], 1)[0]
        assert front.cpu_s() - before < 0.1
        waiting = [wire for wire in wires if wire not in inside]
        while inside:
            inside.pop().close()
            served = waiting.pop(0)
            assert served.answer().status == 200
            if len(waiting) > 0:
                inside.append(served)
            else:
                break


# -- draining --------------------------------------------------------------------


def test_draining_answers_everyone_and_closes_the_silent():
    with Front() as front:
        parked, idle, kept = front.connect(), front.connect(), front.connect()
        parked.send(b"GET /park HTTP/1.1\r\n" + HOST + b"\r\n")
        front.wait("ready")
        assert idle.send(GET).answer().status == 200
        assert kept.send(GET).answer().status == 200
        front.process.send_signal(signal.SIGTERM)
        front.wait("draining")
        answer = kept.send(b"GET /release HTTP/1.1\r\n" + HOST + b"\r\n").answer()
        assert answer.status == 200 and answer.header("connection") == "close"
        assert parked.answer().status == 200
        assert parked.is_closed() and kept.is_closed() and idle.is_closed()
        with pytest.raises(ConnectionRefusedError):
            front.connect()


def test_draining_lets_in_who_waits_at_the_door():
    with Front() as front:
        os.kill(front.process.pid, signal.SIGSTOP)
        wires = [front.connect().send(GET) for _ in range(30)]
        os.kill(front.process.pid, signal.SIGTERM)
        os.kill(front.process.pid, signal.SIGCONT)
        # The loop wakes to the callers and to the signal at once and takes them
        # in any order: who is answered before it drains is closed as idle.
        for wire in wires:
            assert wire.answer().status == 200
            assert wire.is_closed()


def test_draining_loses_no_request_of_a_kept_connection():
    lost, answered = [], []

    def call(wire):
        try:
            while wire.send(GET).answer().header("connection") != "close":
                answered.append(1)
        except Exception as fault:
            lost.append(repr(fault))

    with Front(verbose=0) as front:
        wires = [front.connect() for _ in range(8)]
        for wire in wires:
            assert wire.send(GET).answer().status == 200
        threads = [threading.Thread(target=call, args=(wire,)) for wire in wires]
        for thread in threads:
            thread.start()
        while len(answered) < 500:
            time.sleep(0.001)
        front.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
    assert not lost, lost
