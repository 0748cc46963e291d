"""Containers of the images, run by crun as Docker and Kubernetes run them when they are told to be strict: a process that is
number 1 of its own, without privileges, on a root that cannot be written to, in a network that nobody else sees.

    with Network() as network, Container(image, network, env={...}, files={"/run/secrets/spark": "..."}) as gateway:
        gateway.exec("csparkctl", "health")
        gateway.kill("TERM")
        assert gateway.wait() == 0
"""

import ctypes
import fcntl
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from image import FOLDER

USER = (65532, 65532)
# This crun refuses machines that have control groups of both versions, though it is told to use none: one is hidden from it.
BEFORE = ("unshare", "--mount", "--propagation", "slave", "sh", "-c",
          'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi; exec "$@"', "sh")
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count(1)


def breathe():
    """Between two looks at something that has a deadline."""
    threading.Event().wait(0.002)


def wait_for(happened, what, deadline=30):
    """Until happened() is true; gives what it gave."""
    end = time.monotonic() + deadline
    while not (result := happened()):
        assert time.monotonic() < end, f"{what}: not within {deadline} s"
        breathe()
    return result


def _checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Network:
    """A loopback interface that the containers of one pod share. Within `with network.inside():` this thread is there, too."""

    def __enter__(self):
        self._outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _checked(libc.unshare(CLONE_NEWNET))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
            self._here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        finally:
            _checked(libc.setns(self._outside, CLONE_NEWNET))
        return self

    def __exit__(self, *_):
        os.close(self._here)
        os.close(self._outside)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self._here}"

    def inside(self):
        return _Inside(self._here, self._outside)


class _Inside:
    def __init__(self, here, outside):
        self._here, self._outside = here, outside

    def __enter__(self):
        _checked(libc.setns(self._here, CLONE_NEWNET))

    def __exit__(self, *_):
        _checked(libc.setns(self._outside, CLONE_NEWNET))


class Container:
    """
    image    what it is made of
    network  the Network it is in
    command  instead of the image's Cmd; entrypoint, instead of its Entrypoint
    env      variables besides the image's
    files    {path: text}: secrets and configurations; each folder of them is mounted from one here, readable by `user` alone
    mounts   {path: folder or file here}: the same for what exists already, under its own permissions
    tmpfs    {path: mount options}: what can be written to, besides the image's volumes
    hosts    names that are this machine's loopback
    user     (uid, gid) it runs as; groups: those it is in besides
    """

    def __init__(self, image, network, command=None, entrypoint=None, env=None, files=None, mounts=None, tmpfs=None, hosts=(),
                 user=USER, groups=()):
        self.name = f"csparkd-test-{os.getpid()}-{next(numbers)}"
        self.image, self.network, self.user, self.groups = image, network, user, list(groups)
        self.folder = Path(tempfile.mkdtemp(prefix="csparkd-image-test-"))
        self.folder.chmod(0o711)
        self.mounts = dict(mounts or {})
        for path, text in {**(files or {}), "/etc/hosts": f"127.0.0.1 localhost {' '.join(hosts)}\n"}.items():
            self.write(path, text)
        (self.folder / "config.json").write_text(json.dumps(self._runtime_config(command, entrypoint, env or {}, tmpfs or {})))
        self.process = None

    # -- life ---------------------------------------------------------------

    def __enter__(self):
        self._stdout, self._stderr = (open(self.folder / name, "w+b") for name in ("stdout", "stderr"))
        self.process = subprocess.Popen(self._crun("run", "--bundle", self.folder, self.name), stdin=subprocess.DEVNULL,
                                        stdout=self._stdout, stderr=self._stderr)
        return self

    def __exit__(self, kind, *_):
        if self._is_running():
            subprocess.run(self._crun("kill", self.name, "KILL"), capture_output=True, check=False)
        self.process.wait(30)
        subprocess.run(self._crun("delete", "--force", self.name), capture_output=True, check=False)
        if kind:
            print(f"{self.name} {self.image.name}:\n{self.output()[-6000:]}")
        shutil.rmtree(self.folder)

    def wait(self, deadline=30):
        """Its exit code."""
        return self.process.wait(deadline)

    def kill(self, signal):
        assert self._is_running(), self._end()
        subprocess.run(self._crun("kill", self.name, signal), check=True)

    def exec(self, *command):
        """As probes are run: inside, with all that the container has."""
        assert self._is_running(), self._end()
        return subprocess.run(self._crun("exec", "--user", "%d:%d" % self.user, "--cwd", "/", self.name, *command), capture_output=True, text=True, timeout=60,
                              check=False)

    # -- looking inside -----------------------------------------------------

    def output(self):
        return (self.folder / "stdout").read_text() + (self.folder / "stderr").read_text()

    def events(self, name):
        lines = [line for line in self.output().splitlines() if line.startswith("{")]
        return [entry for entry in map(json.loads, lines) if entry["event"] == name]

    def wait_event(self, name, deadline=30):
        return wait_for(lambda: self.events(name), f"an event {name}", deadline)[0]

    def write(self, path, text):
        """Makes a file, or swaps it for another."""
        folder, _, name = path.rpartition("/")
        here = self.folder / ("of" + folder.replace("/", "_"))
        here.mkdir(exist_ok=True)
        os.chown(here, *self.user)
        fresh = here / (name + ".fresh")
        fresh.write_text(text)
        os.chown(fresh, *self.user)
        fresh.chmod(0o400)
        fresh.rename(here / name)
        if folder == "/etc":
            self.mounts[path] = here / name
        else:
            self.mounts[folder] = here

    # -- inside -------------------------------------------------------------

    def _is_running(self):
        """Waits until it has been started; False if it has ended."""
        wait_for(lambda: self.process.poll() is not None or self._state() == "running", "the start of a container")
        return self.process.poll() is None

    def _state(self):
        said = subprocess.run(self._crun("state", self.name), capture_output=True, text=True, check=False).stdout
        return json.loads(said)["status"] if said else None

    def _end(self):
        return f"it ended with {self.process.poll()}:\n{self.output()[-3000:]}"

    def _crun(self, *words):
        return [*BEFORE, "crun", "--root", str(FOLDER / "crun"), "--cgroup-manager", "disabled", *map(str, words)]

    def _runtime_config(self, command, entrypoint, env, tmpfs):
        config = self.image.config
        start = entrypoint or config.get("Entrypoint") or []
        words = [*start, *(command if command is not None else [] if entrypoint else config.get("Cmd") or [])]
        variables = [*config["Env"], *(f"{name}={value}" for name, value in env.items())]
        writable = {**{path: "mode=1777" for path in config.get("Volumes") or {}}, **tmpfs}
        return {
            "ociVersion": "1.0.2",
            "hostname": "csparkd",
            "process": {"args": words, "env": variables, "cwd": config.get("WorkingDir") or "/", "noNewPrivileges": True,
                        "user": {"uid": self.user[0], "gid": self.user[1], "additionalGids": self.groups}, "capabilities": {}},
            "root": {"path": str(self.image.root), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
                {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
                *({"destination": path, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", *options.split(",")]}
                  for path, options in writable.items()),
                *({"destination": path, "type": "bind", "source": str(here), "options": ["bind", "ro"]}
                  for path, here in sorted(self.mounts.items())),
            ],
            "linux": {
                "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
                               {"type": "network", "path": self.network.path}],
                "maskedPaths": ["/proc/kcore", "/proc/keys"],
                "readonlyPaths": ["/proc/sys", "/proc/irq", "/proc/bus"],
            },
        }
