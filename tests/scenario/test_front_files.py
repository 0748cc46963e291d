"""Answers from files, and from files that still grow, of the front alone (tests/flow/front_echo.c)."""

import select
import signal
import socket
import threading
import time

import pytest
from front import HOST, Front, get
from wire import Closed, Wire

MB = 1_000_000
WAYS = ["/grow", "/sized?300000"]


def content(size):
    cycle = bytes(range(251))
    return (cycle * (size // 251 + 1))[:size]


def tell(front, path):
    """Lets the host do something to all files that grow."""
    with front.connect() as wire:
        assert wire.send(get(path)).answer().status == 200


def asked(front, path="/grow", **request):
    """A connection whose answer has begun to grow."""
    wire = front.connect()
    count = len(front.said("ready")) + 1
    wire.send(get(path, **request))
    front.wait("ready", count)
    return wire


def narrow(front):
    """A connection with a small window, so that what its caller does not read stays with the front."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    sock.settimeout(10)
    sock.connect(front.address)
    wire = Wire.__new__(Wire)
    wire.sock, wire.buffer, wire.on_answer = sock, b"", None
    return wire


# -- whole files -----------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 5 * MB])
def test_a_file_is_sent_as_it_is(size):
    with Front() as front, front.connect() as wire:
        answer = wire.send(get(f"/file?{size}")).answer()
        assert answer.header("content-length") == str(size) and answer.body == content(size)
        assert front.wait("done") == f"done ok {size} GET /file {size}"


def test_what_follows_a_file_is_answered():
    with Front() as front, front.connect() as wire:
        wire.send(get("/file?3000000") + get("/file?10") + get("/x") + get("/big?7"))
        assert wire.answer().body == content(3 * MB)
        assert wire.answer().body == content(10)
        assert "path /x" in wire.answer().text
        assert wire.answer().body == b"x" * 7
        assert wire.send(get("/file?100000")).answer().body == content(100_000)


def test_fifty_files_at_once_cost_no_memory():
    """8 MB each; the sum of the answers is fifty times what the host may take."""
    wrong = []

    def fetch(front):
        with front.connect(60) as wire:
            if wire.send(get("/file?8000000")).answer().body != content(8 * MB):
                wrong.append(1)

    with Front() as front:
        tell(front, "/file?8000000")
        before = front.peak_kib()
        threads = [threading.Thread(target=fetch, args=(front,)) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong and len(front.said("done ok 8000000")) == 51
        if not front.is_sanitized():
            assert front.peak_kib() - before < 8 * 1024


# -- files that grow -------------------------------------------------------------


def receive(wire, size):
    """<size> bytes of the chunks that have come, and no more."""
    body = b""
    while len(body) < size:
        length = int(wire._until(b"\r\n"), 16)
        body += wire._exactly(length)
        wire._exactly(2)
    return body


def test_what_is_there_is_sent_at_once():
    with Front() as front, asked(front) as wire:
        assert b"chunked" in wire._until(b"\r\n\r\n")
        body = b""
        for piece in [1, 10, 16_384, 300_000]:
            tell(front, f"/more?{piece}")
            body += receive(wire, piece)
        tell(front, "/finish")
        assert wire._exactly(5) == b"0\r\n\r\n" and body == content(316_395)
        assert front.wait("done ok 316395 GET /grow")
        assert "path /x" in wire.send(get("/x")).answer().text


def test_waiting_for_more_costs_nothing():
    with Front() as front:
        wires = [asked(front) for _ in range(20)]
        tell(front, "/more?100000")
        for wire in wires:
            wire._until(b"\r\n\r\n")
            receive(wire, 100_000)
        before = front.cpu_s(), front.wake_ups()
        assert not select.select([wire.sock for wire in wires], [], [], 1)[0]
        assert front.cpu_s() - before[0] < 0.01 and front.wake_ups() - before[1] <= 3
        tell(front, "/finish")
        assert [wire._exactly(5) for wire in wires] == [b"0\r\n\r\n"] * 20


def test_the_last_byte_of_a_known_length_waits_for_the_end():
    with Front() as front, asked(front, "/sized?1000") as wire:
        assert b"Content-Length: 1000\r\n" in wire._until(b"\r\n\r\n") + b"\r\n"
        tell(front, "/more?1000")
        assert wire._exactly(999) == content(999)
        assert not select.select([wire.sock], [], [], 0.2)[0] and not front.said("done ok 999 ")
        tell(front, "/finish")
        assert wire._exactly(1) == content(1000)[999:]
        assert front.wait("done ok 1000 GET /sized")
        assert "path /x" in wire.send(get("/x")).answer().text


def test_a_file_may_be_finished_before_it_is_sent():
    with Front() as front, narrow(front) as wire:
        wire.send(get("/grow"))
        front.wait("ready")
        tell(front, "/more?20000000")
        tell(front, "/finish")
        assert wire.answer().body == content(20 * MB)
        front.wait("done ok 20000000 GET /grow")


@pytest.mark.parametrize("way", WAYS)
def test_a_torn_file_cannot_be_taken_for_a_whole_one(way):
    with Front() as front, asked(front, way) as wire:
        tell(front, "/more?200000")
        wire._until(b"\r\n\r\n")
        assert (receive(wire, 200_000) if way == "/grow" else wire._exactly(200_000)) == content(200_000)
        tell(front, "/tear")
        assert wire.is_closed() and not wire.buffer
        front.wait(f"done torn 200000 GET {way.partition('?')[0]}")


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_ends_too_early_is_torn(way):
    """Whoever promised a length, and finishes before."""
    with Front() as front, asked(front, way) as wire:
        tell(front, "/more?1000")
        tell(front, "/finish")
        if way == "/grow":
            assert wire.answer().body == content(1000)
        else:
            with pytest.raises(Closed):
                wire.answer()
            front.wait("done torn 1000 GET /sized")


# -- HTTP/1.0 and HEAD -----------------------------------------------------------


def test_old_callers_get_no_chunks():
    with Front() as front, asked(front, version="1.0") as wire:
        tell(front, "/more?200000")
        tell(front, "/finish")
        answer = wire.answer()
        assert answer.header("transfer-encoding") is None and answer.body == content(200_000)
        front.wait("done ok 200000 GET /grow")


def test_old_callers_are_reset_when_it_tears():
    with Front() as front, asked(front, version="1.0") as wire:
        tell(front, "/more?1000")
        wire._until(b"\r\n\r\n")
        assert wire._exactly(1000) == content(1000)
        tell(front, "/tear")
        with pytest.raises(ConnectionResetError):
            wire.sock.recv(1)
        front.wait("done torn 1000 GET /grow")


def test_a_head_has_no_body():
    """Who lets a file grow for nobody is told to stop; a length that is not known costs the connection."""
    with Front() as front, front.connect() as wire:
        for path, length in [("/file?5000", "5000"), ("/sized?70", "70"), ("/grow", None)]:
            answer = wire.send(get(path).replace(b"GET", b"HEAD")).answer("HEAD")
            assert answer.status == 200 and answer.header("content-length") == length
        assert wire.is_closed()
        front.wait("done", 3)
        assert len(front.said("left")) == 2
        assert [line.split()[1:3] for line in front.said("done")] == [["ok", "0"]] * 3


# -- callers ---------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("way", WAYS)
def test_a_caller_that_leaves_while_it_waits_is_noticed(way, leave):
    with Front() as front:
        wire = asked(front, way)
        tell(front, "/more?1000")
        wire._until(b"\r\n\r\n")
        receive(wire, 1000) if way == "/grow" else wire._exactly(1000)
        getattr(wire, leave)()
        front.wait("left")
        front.wait("done caller_left 1000 GET " + way.partition("?")[0])


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_caller_that_leaves_while_it_is_written_is_noticed(leave):
    with Front() as front:
        wire = narrow(front)
        wire.send(get("/grow"))
        front.wait("ready")
        tell(front, "/more?20000000")
        wire._until(b"\r\n\r\n")
        getattr(wire, leave)()
        front.wait("left")
        line = front.wait("done caller_left")
        assert 0 < int(line.split()[2]) < 20 * MB


def test_half_a_close_ends_no_growth():
    with Front() as front, asked(front) as wire:
        wire.half_close()
        tell(front, "/more?1000")
        tell(front, "/finish")
        assert wire.answer().body == content(1000)
        assert not front.said("left")


# -- deadlines -------------------------------------------------------------------


def drink(wire, size, piece, pause):
    """Reads <piece> bytes, then rests, until there are <size>, or the end."""
    got = 0
    while got < size:
        end = min(got + piece, size)
        while got < end:
            data = wire.sock.recv(min(end - got, 16384))
            got += len(data)
            if not data:
                return got
        time.sleep(pause)
    return got


@pytest.mark.parametrize("way", ["/file?20000000", "/sized?20000000"])
def test_who_takes_a_file_steadily_may_be_slow(way):
    with Front(write_ms=300) as front, narrow(front) as wire:
        begin = time.monotonic()
        wire.send(get(way))
        front.wait("ready")
        if way.startswith("/sized"):
            tell(front, "/more?20000000")
            tell(front, "/finish")
        assert drink(wire, 20 * MB, MB, 0.1) >= 20 * MB
        assert time.monotonic() - begin > 1.5
        assert front.wait("done ok 20000000")


def test_a_unix_socket_has_the_same_patience(tmp_path):
    path = str(tmp_path / "socket")
    with Front(write_ms=300, unix=f"unix:{path}") as front, Wire(path) as steady, Wire(path) as idle:
        idle.send(get("/file?20000000"))
        steady.send(get("/file?20000000"))
        assert drink(steady, 20 * MB, MB, 0.1) >= 20 * MB
        front.wait("done ok 20000000")
        line = front.wait("done caller_slow", deadline=5)
        assert int(line.split()[2]) < MB


@pytest.mark.parametrize("sip", [0, 100])
def test_who_takes_next_to_nothing_is_cut(sip):
    with Front(write_ms=300) as front, narrow(front) as wire:
        wire.send(get("/file?20000000"))
        front.wait("ready")
        thirst = threading.Event()

        def drip():
            while sip and not thirst.wait(0.02) and wire.sock.recv(sip):
                pass

        drinker = threading.Thread(target=drip)
        drinker.start()
        line = front.wait("done caller_slow", deadline=5)
        thirst.set()
        drinker.join()
        assert int(line.split()[2]) < 20 * MB


def test_a_growing_file_that_is_not_taken_is_cut():
    with Front(write_ms=300) as front, narrow(front) as wire:
        wire.send(get("/grow"))
        front.wait("ready")
        tell(front, "/more?20000000")
        front.wait("left", deadline=5)
        front.wait("done caller_slow")


def test_the_time_that_the_file_takes_is_not_the_callers():
    with Front(write_ms=200) as front, asked(front) as wire:
        wire._until(b"\r\n\r\n")
        for _ in range(3):
            assert not select.select([wire.sock], [], [], 0.4)[0]
            tell(front, "/more?1000")
            receive(wire, 1000)
        tell(front, "/finish")
        front.wait("done ok 3000 GET /grow")


# -- the end of the front --------------------------------------------------------


def test_draining_waits_for_what_grows():
    with Front() as front, asked(front) as wire, front.connect() as more, front.connect() as finish:
        front.process.send_signal(signal.SIGTERM)
        front.wait("draining")
        assert more.send(get("/more?100000")).answer().header("connection") == "close"
        wire._until(b"\r\n\r\n")
        assert receive(wire, 100_000) == content(100_000)
        finish.send(get("/finish")).answer()
        assert wire._exactly(5) == b"0\r\n\r\n"
        assert wire.is_closed()
        front.wait("done ok 100000 GET /grow")


def test_stopping_cuts_what_grows():
    with Front() as front, asked(front) as waiting, narrow(front) as written, asked(front) as empty:
        written.send(get("/sized?20000000"))
        front.wait("ready", 3)
        tell(front, "/more?1000000")
        waiting._until(b"\r\n\r\n")
        receive(waiting, MB)
        front.process.send_signal(signal.SIGTERM)
        front.wait("draining")
        front.process.send_signal(signal.SIGTERM)
        front.wait("done stopped", 3)
        assert len(front.said("left")) == 3
        assert waiting.is_closed() and len(empty.read_to_end()) < 2 * MB


# -- limits of single bodies -----------------------------------------------------


def post(path, rest):
    return f"POST {path} HTTP/1.1\r\n".encode() + HOST + rest


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def test_a_body_can_have_a_limit_of_its_own():
    with Front() as front, front.connect() as wire:
        assert wire.send(post("/limit?5", b"Content-Length: 5\r\n\r\n12345")).answer().body == b"12345"
        assert wire.send(post("/limit?5", CHUNKED + b"5\r\n12345\r\n0\r\n\r\n")).answer().body == b"12345"
        assert wire.send(post("/echo", b"Content-Length: 6\r\n\r\n123456")).answer().body == b"123456"


@pytest.mark.parametrize("rest", [
    b"Content-Length: 6\r\n\r\n",
    b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\n",
    CHUNKED + b"6\r\n123456\r\n",
    CHUNKED + b"3\r\n123\r\n3\r\n123\r\n",
], ids=["length", "expect", "chunk", "chunks"])
def test_a_body_beyond_its_own_limit_is_refused(rest):
    with Front() as front, front.connect() as wire:
        answer = wire.send(post("/limit?5", rest)).answer(interim=True)
        assert answer.status == 413 and answer.header("connection") == "close"
        assert wire.is_closed()
        front.wait("ready body_too_large")
        front.wait("done ok")


def test_a_limit_of_its_own_raises_nothing():
    with Front(body=1000) as front, front.connect() as wire:
        assert wire.send(post("/limit?5000", b"Content-Length: 1001\r\n\r\n")).answer().status == 413


def test_a_steady_upload_may_be_slow():
    """A megabyte a second is far more than what earns a second."""
    with Front(body_ms=200) as front, front.connect() as wire:
        wire.send(post("/echo", b"Content-Length: 1000000\r\n\r\n"))
        for _ in range(10):
            wire.send(b"x" * 100_000)
            time.sleep(0.1)
        assert len(wire.answer().body) == MB
