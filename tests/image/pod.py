"""What stands around a container: callers and Spark in its network, folders as the kubelet mounts them."""

import contextlib
import os
import shutil

from container import wait_for
from simulator import Simulator
from wire import Closed, Wire

REVISION = "0123456789abcdef"
CYLINDER = b"/execute/my-folder/volume-cylinder?radius=3&height=4"


class Spark(Simulator):
    """The simulator, which runs in a container."""

    def __init__(self, network, port=8081):
        super().__init__()
        self._network, self.url = network, f"http://127.0.0.1:{port}"
        wait_for(self._is_up, "the simulator")

    def _is_up(self):
        with contextlib.suppress(OSError):
            return self.stats()

    def _ask(self, *words, **options):
        with self._network.inside():
            return super()._ask(*words, **options)


class Caller:
    """A program in the same network."""

    def __init__(self, network, port=8080):
        self._network, self._address = network, ("127.0.0.1", port)

    def connect(self):
        with self._network.inside():
            return Wire(self._address)

    def get(self, path, headers=b""):
        with self.connect() as wire:
            return wire.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n").answer()

    def put(self, path, body):
        with self.connect() as wire:
            head = b"PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (path, len(body))
            return wire.send(head + body).answer()

    def sees(self, status, path=b"/readyz"):
        """Whether that is what it is answered now."""
        with contextlib.suppress(OSError, Closed):
            return self.get(path).status == status

    def is_turned_away(self):
        """Whether nobody listens any more."""
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def wait_ready(self):
        wait_for(lambda: self.sees(200), "a gateway that is ready")
        return self

    def is_served(self):
        answer = self.get(CYLINDER)
        assert answer.status == 200, answer
        return answer.json()["outputs"] == {"volume": 113.097}


class KubeletVolume:
    """A Secret or ConfigMap as the kubelet mounts it: names are links into a folder that is swapped as a whole."""

    def __init__(self, folder, files, mode=0o644, group=0):
        self.folder, self._mode, self._group = folder, mode, group
        self._version = 0
        folder.mkdir()
        self.write(files)
        for name in files:
            (folder / name).symlink_to(f"..data/{name}")

    def write(self, files):
        before, self._version = self._version, self._version + 1
        fresh = self.folder / f"..{self._version}"
        fresh.mkdir()
        for name, text in files.items():
            (fresh / name).write_text(text)
            os.chown(fresh / name, 0, self._group)
            (fresh / name).chmod(self._mode)
        link = self.folder / "..data_tmp"
        link.symlink_to(fresh.name)
        link.rename(self.folder / "..data")
        if before:
            shutil.rmtree(self.folder / f"..{before}")
