"""The front alone, as a server (tests/flow/front_echo.c): every line it prints is an event to wait for."""

import signal
import subprocess
import threading
from pathlib import Path

from gateway import BUILD
from wire import Wire

HOST = b"Host: localhost\r\n"


def get(path, version="1.1", more=b""):
    return f"GET {path} HTTP/{version}\r\n".encode() + HOST + more + b"\r\n"


class Front:
    def __init__(self, program="front_echo", **options):
        self.options = [f"{name}={value}" for name, value in options.items()]
        self.program = program
        self.lines = []
        self.news = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen([str(BUILD / "tests/flow" / self.program), *self.options],
                                        stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        name = self.wait("listening")[10:]
        self.address = ("127.0.0.1", int(name.rpartition(":")[2]))
        self.wait("running")
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "it did not stop"
        self.reader.join()
        if kind is None:
            assert code == 0

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.strip())
                self.news.notify_all()

    def wait(self, start, count=1, deadline=10):
        """The last of <count> lines that begin so."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.said(start)) >= count, deadline), self.lines[-20:]
            return self.said(start)[count - 1]

    def said(self, start):
        return [line for line in self.lines if line.startswith(start)]

    def connect(self, timeout=10):
        return Wire(self.address, timeout)

    def cpu_s(self):
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def peak_kib(self):
        """The most that was resident at any time."""
        return self._status("VmHWM")

    def wake_ups(self):
        return self._status("voluntary_ctxt_switches")

    def _status(self, name):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def is_sanitized(self):
        return "libasan" in Path(f"/proc/{self.process.pid}/maps").read_text()
