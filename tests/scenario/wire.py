"""HTTP over a bare socket, for tests that must say exactly which bytes travel."""

import json
import socket


class Answer:
    """One HTTP answer: status, headers (lower-case names, in order), body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name, default=None):
        for key, value in self.headers:
            if key == name.lower():
                return value
        return default

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def code(self):
        """The `code` member of a problem, None for anything else."""
        if self.header("content-type", "").startswith("application/problem+json"):
            return self.json()["code"]
        return None

    def __repr__(self):
        return f"<Answer {self.status} {self.body[:300]!r}>"


class Closed(Exception):
    """The peer closed (or reset) the connection before the answer was complete."""


class Wire:
    """One connection. `answer()` reads exactly one answer and leaves what follows in the buffer."""

    def __init__(self, address, timeout=30.0, on_answer=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        if family == socket.AF_INET:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.on_answer = on_answer

    def send(self, data):
        self.sock.sendall(data)
        return self

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def answer(self, method="GET", interim=False):
        """The next answer; 1xx ones are skipped unless `interim`."""
        while True:
            head = self._until(b"\r\n\r\n")
            status, headers = parse_head(head)
            if status >= 200 or interim:
                break
        answer = Answer(status, headers, b"")
        if method != "HEAD" and status >= 200 and status not in (204, 304):
            answer.body = self._body(answer)
        if self.on_answer:
            self.on_answer(answer)
        return answer

    def is_closed(self):
        """Waits for the peer's close; False if it sends something instead. A time-out fails the test."""
        if self.buffer:
            return False
        try:
            self.buffer = self.sock.recv(65536)
        except ConnectionResetError:
            return True
        return not self.buffer

    def read_to_end(self):
        data, self.buffer = self.buffer, b""
        while True:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                return data
            if not more:
                return data
            data += more

    def reset(self):
        """Leaves with a RST instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _fill(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError as reset:
            raise Closed(self.buffer) from reset
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._fill()
        part, _, self.buffer = self.buffer.partition(mark)
        return part

    def _exactly(self, size):
        while len(self.buffer) < size:
            self._fill()
        part, self.buffer = self.buffer[:size], self.buffer[size:]
        return part

    def _body(self, answer):
        if answer.header("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = answer.header("content-length")
        return self.read_to_end() if length is None else self._exactly(int(length))

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self._until(b"\r\n"):
                    pass
                return body
            body += self._exactly(size)
            self._exactly(2)


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    version, status = lines[0].split(" ", 2)[:2]
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP/1 status line: {lines[0]!r}")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return int(status), headers
