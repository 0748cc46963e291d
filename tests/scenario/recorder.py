"""A server that remembers requests byte for byte and answers what it is told, byte for byte.

    with Recorder() as spark:
        spark.answer = answer_of(404, b"{}")
        ...
        (request,) = spark.requests
        assert request.target == "/x" and request.headers["content-type"] == "text/plain"
"""

import socket
import threading
from http import HTTPStatus


class Request:
    def __init__(self, head, body):
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = line.split(" ")
        self.fields = [tuple(part.strip() for part in field.split(":", 1)) for field in fields]
        self.headers = {name.lower(): value for name, value in self.fields}
        self.body = body


def answer_of(status=200, body=b"", **headers):
    """An answer's bytes; content_type="..." and the like become fields."""
    fields = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
    return head.encode("latin-1") + b"\r\n" + body


class Recorder:
    def __init__(self):
        self.requests = []
        self.answer = answer_of(200, b"{}", content_type="application/json")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def reset(self):
        self.__dict__.update(requests=[], answer=answer_of(200, b"{}", content_type="application/json"))

    def _accept(self):
        try:
            while True:
                threading.Thread(target=self._serve, args=(self._socket.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while head := b"".join(iter(stream.readline, b"\r\n")) if stream.peek(1) else b"":
                request = Request(head.removesuffix(b"\r\n"), b"")
                if "expect" in request.headers:
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.body = stream.read(int(request.headers.get("content-length", 0)))
                self.requests.append(request)
                connection.sendall(self.answer)
