"""nghttpx: TLS and HTTP/2 in front of a plain HTTP/1.1 server."""

import shutil
import socket

from gateway import free_port
from process import Process


def missing():
    return None if shutil.which("nghttpx") else "nghttpx not installed (scripts/install-deps e2e)"


class Nghttpx(Process):
    """`.origin`, and `.requests()`: (protocol, request line) of every request so far."""

    deadline = 20

    def __init__(self, folder, authority, backend_port):
        self.port = free_port()
        self.origin = f"https://127.0.0.1:{self.port}"
        self.access_log = folder / "access.log"
        super().__init__([
            "nghttpx", "--conf=/dev/null", "--workers=1", f"--frontend=127.0.0.1,{self.port}",
            f"--backend=127.0.0.1,{backend_port}", f"--accesslog-file={self.access_log}",
            "--accesslog-format=$alpn $method $path $status",
            str(authority.key_file), str(authority.cert_file)])

    def is_ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def requests(self):
        return [line.split() for line in self.access_log.read_text().splitlines()]
