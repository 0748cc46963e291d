"""Callers, some hundred requests a second: half of them connect for each request, half keep their connection.

Run with a port; answers each line of its input with {"good": n, "bad": [...]}, and ends with its input.
"""

import json
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenario"))
from wire import Closed, Wire  # noqa: E402

CALLERS, EACH_PER_SECOND = 8, 50
BODY = b'{"radius": 3, "height": 4}'
REQUEST = (b"POST /execute/my-folder/volume-cylinder HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY


class Caller(threading.Thread):
    def __init__(self, address, keeps):
        super().__init__(daemon=True)
        self.address, self.keeps = address, keeps
        self.good, self.bad = 0, []
        self.wire = None
        self.over = threading.Event()

    def run(self):
        due = time.monotonic()
        while not self.over.wait(max(0, due - time.monotonic())):
            due = max(due, time.monotonic() - 1) + 1 / EACH_PER_SECOND
            try:
                self._check(self._ask())
            except (OSError, Closed) as error:
                self.bad.append(repr(error))
                self._drop()

    def _check(self, answer):
        if answer.status == 200 and answer.json()["outputs"] == {"volume": 113.097}:
            self.good += 1
        else:
            self.bad.append(repr(answer))
        if not self.keeps or answer.header("connection", "").lower() == "close":
            self._drop()

    def _ask(self):
        """A kept connection may end between two requests: what never was read may be sent again."""
        if self.wire:
            try:
                return self.wire.send(REQUEST).answer()
            except (Closed, OSError) as error:
                read_something = error.args and isinstance(error, Closed) and error.args[0]
                if read_something:
                    raise
                self._drop()
        self.wire = Wire(self.address)
        return self.wire.send(REQUEST).answer()

    def _drop(self):
        if self.wire:
            self.wire.close()
        self.wire = None


def main():
    address = ("127.0.0.1", int(sys.argv[1]))
    callers = [Caller(address, number % 2 == 1) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    for _ in sys.stdin:
        bad = [error for caller in callers for error in caller.bad]
        print(json.dumps({"good": sum(caller.good for caller in callers), "bad": bad}), flush=True)
    for caller in callers:
        caller.over.set()
    for caller in callers:
        caller.join()
    bad = [error for caller in callers for error in caller.bad]
    print(json.dumps({"good": sum(caller.good for caller in callers), "bad": bad}), flush=True)


if __name__ == "__main__":
    main()
