"""Callers at a pace that nothing slows down (an open loop): each request begins when it is due, whatever has become of those before it.
Every second one takes a connection of its own, the others a kept one that is free, or a new one if none is.

    load.py PORT [REQUESTS_A_SECOND [SECONDS]]

Each line of its input is answered with one of JSON that says how it goes; it ends with its input, or after the seconds (default: 600).
"""

import collections
import json
import os
import resource
import selectors
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenario"))
from wire import Answer, parse_head  # noqa: E402

BODY = b'{"radius": 3, "height": 4}'
REQUEST = (b"POST /execute/my-folder/volume-cylinder HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
DEFAULTS = 1000, 600
PATIENCE_S = 30
MAX_UNDER_WAY = 1000  # what is due while so many wait is left out, and counted


class Exchange:
    """One request on its way; afterwards, if its connection is kept, the place where the next one goes."""

    def __init__(self, callers, keeps, due):
        self.callers, self.keeps, self.due = callers, keeps, due
        self.fresh, self.sent, self.got = True, False, b""
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.connect_ex(callers.address)
        callers.poll.register(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def again(self, due):
        self.due, self.fresh, self.sent, self.got = due, False, False, b""
        self.go_on(selectors.EVENT_WRITE)

    def has_ended(self):
        """Whether the other side has closed it, which a caller looks at before it sends."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
            return True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def go_on(self, mask):
        try:
            if not self.sent and mask & selectors.EVENT_WRITE:
                self._send()
            if mask & selectors.EVENT_READ:
                self._receive()
        except BlockingIOError:
            pass
        except OSError as error:
            self.callers.broken(self, error)

    def _send(self):
        if self.sock.send(REQUEST) != len(REQUEST):
            raise OSError("the socket's buffer is too small for a request")
        self.sent = True
        if self.fresh:
            self.callers.poll.modify(self.sock, selectors.EVENT_READ, self)

    def _receive(self):
        more = self.sock.recv(65536)
        if not more or self not in self.callers.under_way:
            raise ConnectionResetError("closed")
        self.got += more
        head, mark, body = self.got.partition(b"\r\n\r\n")
        if not mark:
            return
        answer = Answer(*parse_head(head), body)
        if len(body) >= int(answer.header("content-length")):
            self.callers.answered(self, answer)

    def close(self):
        self.callers.poll.unregister(self.sock)
        self.sock.close()


class Callers:
    def __init__(self, port, rate):
        self.address = ("127.0.0.1", port)
        self.poll = selectors.DefaultSelector()
        self.began = self.next = time.monotonic()
        self.every = 1 / rate
        self.under_way, self.free = {}, []
        self.asked = self.good = self.left_out = self.resent = 0
        self.bad, self.times = [], []

    # -- what becomes of a request ------------------------------------------------

    def ask(self, due):
        self.asked += 1
        keeps = self.asked % 2 == 1
        while keeps and self.free and self.free[-1].has_ended():
            self.free.pop().close()
        if keeps and self.free:
            exchange = self.free.pop()
            self.under_way[exchange] = None
            exchange.again(due)
        else:
            self.under_way[Exchange(self, keeps, due)] = None

    def answered(self, exchange, answer):
        if answer.status == 200 and b'"volume":113.097' in answer.body:
            self.good += 1
            self.times.append(time.monotonic() - exchange.due)
        else:
            self.fail(exchange.due, repr(answer))
        self.under_way.pop(exchange)
        if exchange.keeps and answer.header("connection", "").lower() != "close":
            self.free.append(exchange)
        else:
            exchange.close()

    def broken(self, exchange, error):
        """A kept connection may end while nothing is asked on it; if that crosses with a request, that is sent again, and counted."""
        exchange.close()
        if exchange in self.under_way:
            self.under_way.pop(exchange)
            if exchange.fresh or exchange.got:
                self.fail(exchange.due, repr(error))
            else:
                self.resent += 1
                self.under_way[Exchange(self, True, exchange.due)] = None
        else:
            self.free.remove(exchange)

    def fail(self, due, why):
        self.bad.append((round(due, 6), why))

    # -- the loop -------------------------------------------------------------------

    def turn(self, asks):
        now = time.monotonic()
        while asks and self.next <= now:
            if len(self.under_way) < MAX_UNDER_WAY:
                self.ask(self.next)
            else:
                self.left_out += 1
            self.next += self.every
        heard = False
        for key, mask in self.poll.select(max(0, self.next - time.monotonic()) if asks else 0.05):
            if key.data:
                key.data.go_on(mask)
            else:
                heard = True
        # The first that is under way is the one that waits longest, but for those that were sent again.
        oldest = next(iter(self.under_way), None)
        if oldest and oldest.due < now - PATIENCE_S:
            self.broken(oldest, TimeoutError("no answer"))
        return heard

    def run(self, seconds):
        self.poll.register(sys.stdin, selectors.EVENT_READ, None)
        while time.monotonic() < self.began + seconds:
            if self.turn(True):
                asked = os.read(0, 4096)
                for _ in range(asked.count(b"\n")):
                    print(json.dumps(self.state()), flush=True)
                if not asked:
                    break
        self.poll.unregister(sys.stdin)
        lasted = time.monotonic() - self.began
        while self.under_way:
            self.turn(False)
        print(json.dumps(self.state() | self.figures(lasted)), flush=True)

    def state(self):
        return {"good": self.good, "bad": self.bad, "resent": self.resent, "under_way": len(self.under_way), "now": time.monotonic()}

    def figures(self, lasted):
        times = sorted(self.times) or [0]
        return {"asked": self.asked, "left_out": self.left_out, "per_second": round(self.asked / lasted),
                **{name: round(1000 * times[min(len(times) - 1, int(len(times) * share))], 1)
                   for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1))}}


def main():
    port, rate, seconds = (int(word) for word in [*sys.argv[1:], *DEFAULTS[len(sys.argv) - 2:]])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Callers(port, rate).run(seconds)


if __name__ == "__main__":
    main()
