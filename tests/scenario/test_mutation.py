"""Requests with a few bytes changed, by chance but bounded: the seed is printed, $CSPARK_SEED plays it again.

Whatever a caller sends, it gets an answer of the contract or its connection is closed; the daemon lives on.
"""

import collections
import os
import random
import socket
import time

from configured import csparkd
from wire import Closed, Wire

SEED = int(os.environ.get("CSPARK_SEED", time.time_ns() % 1000000))
SECONDS = 12
MUTATIONS = 20000
# What cannot be parsed as a head never gets further than the HTTP library, which has its own words for it.
LIBRARY_STATUSES = {400, 413, 431, 505}
OWN_FAULTS = {"internal", "overloaded", "draining", "circuit_open"}


def post(target, kind, body, *lines):
    head = [f"POST {target} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


SOUND = (
    b"GET /execute/my-folder/volume-cylinder?radius=3&height=4.5e0&_format=csv HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
    b"GET /execute/a%20b/echo[1.2.3]?x=%22a%22&_meta=%7B%22a%22:1%7D HTTP/1.1\r\nHost: localhost\r\n"
    b"Accept: text/csv;q=0.5, application/json\r\nX-Request-Id: abc-1\r\ntraceparent: 00-01-02-00\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
    post("/execute/any/echo", "application/json", b'{"a": [1, {"b": "\\u00e9"}], "c": -1.5e+3, "d": null}'),
    post("/execute/any/echo?_strict=1", "application/json", b'[["a","b"],[1,"x"],[true,null]]'),
    post("/execute/any/echo", "application/json", b'{"request_data":{"inputs":{"a":1}},"request_meta":{"call_purpose":"x"}}'),
    post("/execute/any/echo?_format=ndjson", "application/x-ndjson", b'{"a":1}\n{"a":"\\n"}\n\n{"b":2}'),
    post("/execute/any/echo?_format=csv", "text/csv; charset=utf-8", b'a,"b ""c"""\r\n1,"x\r\ny"\r\n,2\r\n'),
    post("/execute/service/5a3c1f8e?_timeout=900", "application/x-www-form-urlencoded", b"a=1&b=%C3%A9&c=+&d"),
    post("/execute/any/echo", "application/json", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabV*J-.\xcd)Q\xb2R\0\0", "Content-Encoding: gzip"),
    post("/my-tenant/api/v3/folders/any/services/echo/execute", "application/json", b'{"request_data":{"inputs":{}}}'),
    post("/my-tenant/api/v4/execute", "application/json", b'{"service":"any/echo","inputs":[{"a":1}]}'),
    b"POST /execute/any/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nX-End: 1\r\n\r\n",
    b"POST /execute/any/echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
)
PIECES = (b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b"%", b"%2F", b"%00", b"..", b"//", b"\\", b"\"", b"{", b"}",
          b"[", b"]", b",", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"-", b"9" * 30, b"1e999", b"A" * 300, b"[" * 500, b"&", b"=", b"?",
          b"#", b"HTTP/1.0", b"HTTP/2.0", b"\r\n x", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n")


def mutant(dice):
    data = bytearray(dice.choice(SOUND))
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5))):
        at = dice.randrange(len(data) + 1)
        what = dice.randrange(5)
        if what == 0:
            data[at:at + 1] = bytes([dice.randrange(256)])
        elif what == 1:
            del data[at:at + dice.choice((1, 1, 2, 10, 100))]
        elif what == 2:
            data[at:at] = dice.choice(PIECES)
        elif what == 3:
            data[at:at + 1] = dice.choice(PIECES)
        else:
            end = at + dice.randrange(40)
            data[at:at] = data[at:end]
    return bytes(data)


def answers(wire):
    """All that comes until the connection is closed."""
    wire.sock.shutdown(socket.SHUT_WR)
    try:
        while True:
            yield wire.answer()
    except (Closed, OSError):
        assert not wire.buffer.startswith(b"HTTP/1.1 2"), "an answer was torn"


def test_a_changed_request_is_answered_or_sent_away(sim):
    print(f"CSPARK_SEED={SEED}")
    dice = random.Random(SEED)
    with csparkd(sim, limits={"head_ms": 300, "body_ms": 300, "idle_ms": 300}, log={"level": "error"}, access_lines=False,
                 retry={"max": 0}) as gateway:
        end = time.monotonic() + SECONDS
        done, seen = 0, collections.Counter()
        while done < MUTATIONS and time.monotonic() < end:
            batch = [(mutant(dice), Wire(("127.0.0.1", gateway.port))) for _ in range(32)]
            for data, wire in batch:
                wire.send(data)
            for data, wire in batch:
                with wire:
                    for answer in answers(wire):
                        seen[answer.status, answer.code] += 1
                        known = answer.code or answer.status in LIBRARY_STATUSES
                        known = known or answer.header("content-type", "").startswith("application/json")  # Spark's own
                        assert answer.status < 400 or known, (data, answer)
                        assert answer.code not in OWN_FAULTS, (data, answer)
                done += 1
        print(f"{done} requests, {sorted(seen.items(), key=str)}")
        assert seen[200, None] and seen[400, "bad_json"]
        assert gateway.post("/execute/my-folder/volume-cylinder", {"radius": 3, "height": 4}).status == 200
