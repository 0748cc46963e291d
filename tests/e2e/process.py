"""A server that a test starts, waits for, and ends with all its children."""

import os
import signal
import subprocess
import tempfile
import threading
import time


class Process:
    """Subclasses say in `is_ready()` when the server serves. `output()` is what it printed so far."""

    deadline = 180

    def __init__(self, command, env=None, cwd=None):
        self.command = command
        self.file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=self.file,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def is_ready(self):
        raise NotImplementedError

    def wait_ready(self):
        end = time.monotonic() + self.deadline
        tick = threading.Event()
        while not self.is_ready():
            if self.process.poll() is not None:
                raise self._failure(f"exited with {self.process.returncode}")
            if time.monotonic() > end:
                raise self._failure(f"is not ready after {self.deadline} s")
            tick.wait(0.05)

    def stop(self):
        """Ends the server's own session of processes, first with good words."""
        if self.process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                pass
        self._signal(signal.SIGKILL)
        self.process.wait()

    def output(self):
        size = os.fstat(self.file.fileno()).st_size
        return os.pread(self.file.fileno(), size, 0).decode("utf-8", "replace")

    def _failure(self, what):
        return RuntimeError(f"{self.command[0]} {what}:\n{self.output()[-4000:]}")

    def _signal(self, signo):
        try:
            os.killpg(self.process.pid, signo)
        except ProcessLookupError:
            pass
