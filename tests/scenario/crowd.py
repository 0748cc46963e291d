"""Many callers that ask again and again."""

import threading
import time

from wire import Closed

FORMS = (
    (b'{"radius": 3, "height": 4}', {"volume": 113.097}),
    (b'[{"radius": 3, "height": 4}, {"radius": 1, "height": 1}]', [{"volume": 113.097}, {"volume": 3.142}]),
)
SERVICE = "/execute/my-folder/volume-cylinder"


def request(body):
    head = f"POST {SERVICE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Crowd:
    """Callers that ask again and again, each on one connection, until told to stop or sent away."""

    def __init__(self, gateway, callers):
        self.gateway = gateway
        self.news = threading.Condition()
        self.good = 0
        self.bad = []
        self.over = False
        self.threads = [threading.Thread(target=self._call, args=(i,), daemon=True) for i in range(callers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()

    def join(self, deadline=60):
        end = time.monotonic() + deadline
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
            assert not thread.is_alive(), "a caller waits for ever"

    def wait_good(self, count, deadline=60):
        """Waits until this many more answers were good."""
        with self.news:
            wanted = self.good + count
            assert self.news.wait_for(lambda: self.good >= wanted or self.bad, deadline)

    def _call(self, number):
        body, outputs = FORMS[number % len(FORMS)]
        with self.gateway.connect() as wire:
            while not self.over:
                try:
                    answer = wire.send(request(body)).answer()
                except (Closed, OSError) as error:
                    return self._note(False, error)
                self._note(answer.status == 200 and answer.json()["outputs"] == outputs, answer)
                if answer.header("connection", "").lower() == "close":
                    return None

    def _note(self, good, what):
        with self.news:
            if good:
                self.good += 1
            else:
                self.bad.append(what)
            self.news.notify_all()
