"""A Debian 12 of its own, booted with systemd in a container that only sees its own loopback.

    with Container(packages) as container:
        container.run("systemctl", "start", "csparkd.socket")

The file system is made once by debootstrap, in $CSPARK_BUILD/system (default: build/). What a container changes is kept
in memory above it, and gone with the container.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CSPARK_BUILD", TOP / "build"))
FOLDER = BUILD / "system"

# What the packages depend on, and what tests use inside; the container has no network to fetch it from.
INSIDE = ("systemd", "systemd-sysv", "dbus", "procps", "curl", "ca-certificates", "logrotate", "libconfig9", "libcurl4", "libev4",
          "libjson-c5", "libmicrohttpd12", "libseccomp2")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PAGER": "cat", "SYSTEMD_COLORS": "0"}


class Impossible(Exception):
    """This machine cannot boot a container; the text says why."""


def breathe():
    """Between two looks at something that has a deadline."""
    threading.Event().wait(0.02)


def wait_for(happened, what, deadline=30):
    """Until happened() is true; gives what it gave."""
    end = time.monotonic() + deadline
    while not (result := happened()):
        assert time.monotonic() < end, f"{what}: not within {deadline} s"
        breathe()
    return result


def mirror():
    """Where this machine's apt has Debian 12 from; nothing if it does not say, for debootstrap's own idea."""
    try:
        said = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm"],
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return said.stdout.split()[:1]


def base():
    """The file system that containers have in common."""
    for tool in ("debootstrap", "systemd-nspawn", "nsenter"):
        if not shutil.which(tool):
            raise Impossible(f"there is no {tool} (scripts/install-deps system)")
    if os.geteuid() != 0:
        raise Impossible("only root can boot a container")
    root = FOLDER / "bookworm"
    if root.exists():
        return root
    FOLDER.mkdir(parents=True, exist_ok=True)
    fresh = FOLDER / "bookworm.new"
    shutil.rmtree(fresh, ignore_errors=True)
    made = subprocess.run(["debootstrap", "--variant=minbase", "--include=" + ",".join(INSIDE), "bookworm", str(fresh), *mirror()],
                          capture_output=True, text=True, check=False)
    if made.returncode:
        raise Impossible("debootstrap failed: " + (made.stdout + made.stderr)[-400:])
    fresh.rename(root)
    return root


class Groups:
    """Control groups of a name of its own, in the hierarchies that systemd uses: containers that share theirs disturb each other."""

    def __init__(self, name):
        self.folders = [folder / name for folder in self._mine() if os.access(folder, os.W_OK)]

    @staticmethod
    def _mine():
        """Where this process is: in systemd's own hierarchy of version 1, and in that of version 2."""
        groups = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            place, kind = (part.split() for part in line.split(" - "))
            name = "name=systemd" if "name=systemd" in kind[2].split(",") else "" if kind[0] == "cgroup2" else None
            if name in groups and place[3] == "/":
                yield Path(place[4]) / groups[name].lstrip("/")

    def enter(self):
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        for folder in self.folders:
            for inner, _, _ in os.walk(folder, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(inner)


def namespace_pid(pid):
    """The number that process `pid` has in its innermost namespace."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    raise LookupError(pid)


class Container:
    def __init__(self):
        self.name = f"csparkd-test-{os.getpid()}"
        self.groups = Groups(self.name)
        self.process = None
        self.leader = None  # its systemd, as this machine numbers it

    # -- life ---------------------------------------------------------------

    def __enter__(self):
        try:
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            # Nothing of it is wanted any more, and with its first process the kernel ends all others.
            os.kill(self.leader or self.process.pid, signal.SIGKILL)
            self.process.wait(60)
        self.groups.remove()
        shutil.rmtree(f"/run/systemd/nspawn/propagate/{self.name}", ignore_errors=True)

    def _boot(self):
        root = base()
        self._console = open(FOLDER / "console.log", "wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--link-journal=no",
             "--console=pipe", f"--machine={self.name}", f"--directory={root}", "--volatile=overlay"],
            stdin=subprocess.DEVNULL, stdout=self._console, stderr=subprocess.STDOUT, preexec_fn=self.groups.enter)
        self.leader = wait_for(self._find_leader, "the container's first process")
        wait_for(self._is_up, "the end of booting", 90)

    def _find_leader(self):
        if self.process.poll() is not None:
            said = (FOLDER / "console.log").read_text(errors="replace")
            raise Impossible("systemd-nspawn cannot boot here: " + said[-400:])
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((int(child) for child in children if namespace_pid(child) == 1), None)

    def _is_up(self):
        if self.process.poll() is not None:
            raise Impossible("systemd-nspawn ended: " + (FOLDER / "console.log").read_text(errors="replace")[-400:])
        return self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip() in ("running", "degraded")

    # -- doing things inside ------------------------------------------------

    def run(self, *command, check=True, text=None, timeout=120):
        done = subprocess.run(["nsenter", f"--target={self.leader}", "--all", "--", *command], input=text, env=ENVIRONMENT,
                              capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def spawn(self, *command, **options):
        """A program of this machine, in the container's network."""
        return subprocess.Popen(["nsenter", f"--target={self.leader}", "--net", "--", *command], **options)

    def path(self, path):
        """Where a file of the container is found here."""
        return Path(f"/proc/{self.leader}/root") / path.lstrip("/")

    def write(self, path, text, mode=0o644):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path(path + ".fresh")
        fresh.write_text(text)
        fresh.chmod(mode)
        fresh.rename(self.path(path))

    def install(self, *packages):
        """A changed conffile is kept, as unattended upgrades do."""
        for package in packages:
            shutil.copy(package, self.path("/root"))
        self.run("dpkg", "--force-confold", "-i", *(f"/root/{package.name}" for package in packages))

    # -- systemd ------------------------------------------------------------

    def systemctl(self, *words, check=True):
        return self.run("systemctl", "--no-pager", *words, check=check).stdout.strip()

    def show(self, unit, name):
        return self.systemctl("show", "-P", name, unit)

    def main_pid(self, unit="csparkd.service"):
        return int(self.show(unit, "MainPID"))

    def pid_here(self, inside):
        """The number here of a process of the container."""
        space = os.readlink(f"/proc/{self.leader}/ns/pid")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "ns/pid") == space and namespace_pid(folder.name) == inside:
                    return int(folder.name)
            except OSError:
                pass  # it has ended meanwhile
        raise LookupError(inside)

    # -- journal ------------------------------------------------------------

    def mark(self):
        """A place in the journal: what comes later comes after it."""
        said = self.run("journalctl", "-n", "0", "--show-cursor", "-q").stdout
        return said.split("cursor: ")[1].strip()

    def journal(self, since, unit=None, *matches):
        # Not --after-cursor, which passes over the first that matches as if it were the one at the cursor.
        said = self.run("journalctl", "-q", "-o", "json", "--all", f"--cursor={since}", *(["-u", unit] if unit else []), *matches)
        entries = [json.loads(line) for line in said.stdout.splitlines()]
        return [entry for entry in entries if entry["__CURSOR"] != since]

    def events(self, since, name=None, unit="csparkd.service"):
        """csparkd's own lines, made of the fields of their entries."""
        own = "CSPARKD_"
        found = [{field.removeprefix(own).lower(): int(value) if value.isdigit() else value
                  for field, value in entry.items() if field.startswith(own)}
                 for entry in self.journal(since, unit, *([f"{own}EVENT={name}"] if name else []))]
        return [line for line in found if line]

    def wait_event(self, since, name, count=1, unit="csparkd.service", deadline=30):
        return wait_for(lambda: len(found := self.events(since, name, unit)) >= count and found, f"{count} x {name}", deadline)

    def wait_said(self, since, words, deadline=60):
        """Until somebody says so, systemd for example."""
        return wait_for(lambda: [entry for entry in self.journal(since) if words in str(entry.get("MESSAGE", ""))], words, deadline)
