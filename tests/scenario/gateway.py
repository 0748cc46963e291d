"""A csparkd under test.

    with Gateway(env={"CSPARK_BASE_URL": sim.base_url, ...}) as gateway:
        assert gateway.post("/execute/f/s", {"radius": 3}).status == 200

Leaving the block stops the daemon and checks what must hold after every test, whatever it did: exit code 0
on SIGTERM, no sanitizer report, exactly one access line for every answer seen and for every request counted,
no secret in any byte the daemon wrote, no descriptor left behind, and - given the simulator - no more requests
on Spark's side than attempts were told to the caller.
The programs come from $CSPARK_BUILD (default: build/ at the top of the tree).
"""

import collections
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from needs import TOP
from wire import Closed, Wire

BUILD = Path(os.environ.get("CSPARK_BUILD", TOP / "build"))

SECRET_VARIABLES = ("CSPARK_CLIENT_SECRET", "CSPARK_API_KEY", "CSPARK_BEARER_TOKEN")
SECRET_KEYS = re.compile(r'\b(?:client_secret|api_key|token)\s*=\s*"([^"]*)"')
LOG_FILE = re.compile(r'\blog\s*=\s*\{[^}]*\bfile\s*=\s*"([^"]+)"')
SANITIZER = re.compile(r"(Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|: runtime error: ")
METRIC = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """
    config_text  text of a csparkd.conf, written to a private file and given with -c
    env          the daemon's environment besides PATH and sanitizer options (nothing of ours leaks in)
    args         further arguments
    listen       False: the configuration names the listeners itself, `port` says where the helpers connect
    wait         "ready" (/readyz says 200), "live" (/healthz does), or None
    secrets      strings that the daemon must never write, besides those found in env and config_text
    exit_code    what the daemon must exit with, None if the test looks after that
    access_lines False when the configuration turns them off, or writes them elsewhere
    sim          the Simulator that stands behind it: its ledger is compared with what callers were told
    passed       [(name, listening socket)] that it gets as from a service manager
    """

    def __init__(self, config_text=None, env=None, args=(), listen=True, port=None, wait="ready",
                 secrets=(), exit_code=0, access_lines=True, preexec_fn=None, sim=None, passed=()):
        self.config_text = config_text
        self.env = dict(env or {})
        self.args = list(args)
        self.listen = listen
        self.port = port or free_port()
        self.wait = wait
        self.exit_code = exit_code
        self.access_lines = access_lines
        self.preexec_fn = preexec_fn
        self.passed = list(passed)
        self.sim = sim
        self.badge = {}  # headers for its own looks, where the listener wants a caller token
        self.secrets = [s.encode() for s in self._find_secrets(secrets)]
        self.process = None
        self.answered = collections.Counter()
        self.attempts = collections.Counter()
        self.seen = []
        self._lines = []
        self._parsed = 0

    # -- life ---------------------------------------------------------------

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self._kill()
            print(self.output()[-8000:])
            return
        try:
            if self.process.poll() is None and self.wait:
                self.check_quiet()
                self.check_shown()
            self.stop()
            self.check_invariants()
        except BaseException:
            print(self.output()[-8000:])
            raise
        finally:
            self._kill()

    def start(self):
        self.folder = tempfile.TemporaryDirectory(prefix="csparkd-test-")
        command = [str(BUILD / "csparkd")]
        if self.config_text is not None:
            command += ["-c", str(self.write_config(self.config_text))]
        if self.listen:
            command += ["--listen", f"127.0.0.1:{self.port}"]
        # Files, and not pipes: the daemon drops log lines when a reader does not keep up.
        self._stdout = open(Path(self.folder.name) / "stdout", "w+b")
        self._stderr = open(Path(self.folder.name) / "stderr", "w+b")
        self.process = subprocess.Popen(
            self._passing() + command + self.args, env=self._environment(), cwd=self.folder.name,
            preexec_fn=self.preexec_fn, pass_fds=[socket.fileno() for _, socket in self.passed],
            stdin=subprocess.DEVNULL, stdout=self._stdout, stderr=self._stderr)
        if self.wait:
            self.wait_until("/readyz" if self.wait == "ready" else "/healthz")
            self.baseline = self.descriptors() - self.connections()[1]

    def stop(self, signo=signal.SIGTERM, deadline=30):
        """Asks the daemon to end, waits for that, and gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signo)
        return self.wait_exit(deadline)

    def reload(self, config_text=None, event="reload", deadline=20):
        """SIGHUP, with another configuration if one is given; the log line that tells what came of it."""
        if config_text is not None:
            self.write_config(config_text)
        before = self._count(event)
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + deadline
        while self._count(event) == before:
            assert time.monotonic() < end, f"no line {event} in {deadline} s"
            breathe()
        return [line for line in self.log() if line.get("event") == event][-1]

    def write_config(self, text):
        """Whoever reads the file meanwhile sees the old one."""
        self.secrets += [secret.encode() for secret in SECRET_KEYS.findall(text) if secret not in ("", "open")]
        path = Path(self.folder.name) / "csparkd.conf"
        fresh = path.with_suffix(".new")
        if os.geteuid() != 0 and "core_dumps" not in text:
            text += "\ncore_dumps = true;\n"  # without it only root may look into the process
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        fresh.rename(path)
        return path

    def _count(self, event):
        return sum(line.get("event") == event for line in self.log())

    def wait_exit(self, deadline=30):
        return self.process.wait(deadline)

    def wait_until(self, path, status=200, deadline=20):
        """Polls `path` until it answers with `status`."""
        end = time.monotonic() + deadline
        last = None
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise self._failure(f"csparkd exited with {self.process.returncode}")
            try:
                last = self.get(path)
                if last.status == status:
                    return last
            except OSError as error:
                last = error
            breathe()
        raise self._failure(f"{path} did not answer {status} in {deadline} s, last: {last!r}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    # -- asking -------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, timeout=60):
        """One request on a connection of its own. A dict or list is sent as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        if body is not None:
            headers.setdefault("Content-Length", str(len(body)))
        headers.setdefault("Host", f"127.0.0.1:{self.port}")
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        with self.connect(timeout) as wire:
            wire.send(head.encode("latin-1") + (body or b""))
            return wire.answer(method)

    def get(self, path, headers=None, **options):
        return self.request("GET", path, None, headers, **options)

    def post(self, path, body=b"", headers=None, **options):
        return self.request("POST", path, body, headers, **options)

    def connect(self, timeout=30):
        return Wire(("127.0.0.1", self.port), timeout, self._note)

    def raw(self, data, timeout=30):
        """Sends these bytes as they are and reads one answer; raises wire.Closed when there is none."""
        with self.connect(timeout) as wire:
            return wire.send(data).answer()

    def _note(self, answer):
        self.seen.append(answer)
        if answer.header("x-request-id"):  # the HTTP library's own refusals have none
            self.answered[answer.header("x-request-id")] += 1
            self.attempts[answer.header("x-request-id")] += int(answer.header("x-cspark-attempts", "0"))

    # -- looking inside -----------------------------------------------------

    def log(self):
        """The log lines so far, parsed."""
        data = contents(self._stderr)
        whole = data.rfind(b"\n") + 1
        for line in data[self._parsed:whole].splitlines():
            entry = parse_log_line(line)
            if entry is not None:
                self._lines.append(entry)
        self._parsed = max(self._parsed, whole)
        return self._lines

    def access_log(self):
        return [line for line in self.log() if line.get("event") == "access"]

    def wait_log(self, event=None, deadline=10, **fields):
        """The first log line with this event and these fields; waits for it."""
        if event is not None:
            fields["event"] = event
        end = time.monotonic() + deadline
        while True:
            for line in self.log():
                if all(line.get(key) == value for key, value in fields.items()):
                    return line
            assert time.monotonic() < end, f"no log line with {fields} in {deadline} s"
            breathe()

    def metrics(self):
        """{(name, ((label, value), ...sorted)): number}"""
        result = {}
        for line in self.get("/metrics", self.badge).text.splitlines():
            match = METRIC.match(line)
            if match:
                labels = tuple(sorted(LABEL.findall(match[2] or "")))
                result[match[1], labels] = float(match[3])
        return result

    def metric(self, name, **labels):
        """Sum of a metric over all series that carry these labels; 0 when there is none."""
        wanted = set(labels.items())
        return sum(value for (key, have), value in self.metrics().items()
                   if key == name and wanted <= set(have))

    def status(self):
        return self.get("/status", self.badge).json()

    def rss_kb(self):
        return int(re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text(), re.M)[1])

    def descriptors(self):
        return len(self._fds())

    def _fds(self):
        """Names in /proc/PID/fd; none where only root may look."""
        try:
            return [Path(f"/proc/{self.pid}/fd", name) for name in os.listdir(f"/proc/{self.pid}/fd")]
        except PermissionError:
            return []

    def descriptor_names(self):
        """What each of them is, for who looks for the one too many."""
        names = []
        for fd in sorted(self._fds(), key=lambda fd: int(fd.name)):
            try:
                names.append(f"{fd.name}: {os.readlink(fd)}")
            except FileNotFoundError:
                pass
        return names

    def connections(self):
        """How many TCP connections it has: with callers, with others."""
        sockets = set()
        for fd in self._fds():
            try:
                sockets.add(os.readlink(fd))
            except FileNotFoundError:
                pass
        callers = others = 0
        for line in Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, *rest = line.split()
            if f"socket:[{rest[5]}]" not in sockets or remote.endswith(":0000"):
                continue
            if int(local.split(":")[1], 16) == self.port:
                callers += 1
            else:
                others += 1
        return callers, others

    def output(self):
        """All the daemon wrote to its standard channels."""
        return (contents(self._stdout) + contents(self._stderr)).decode("utf-8", "replace")

    # -- what must always hold ----------------------------------------------

    def check_quiet(self, deadline=10):
        """Once its callers are gone: nothing under way, no descriptor too many, every request counted and logged."""
        end = time.monotonic() + deadline
        try:
            while wrong := self._unrest():
                if time.monotonic() > end:
                    raise self._failure(f"csparkd does not come to rest: {wrong}")
                breathe()
        except (ConnectionError, Closed, FileNotFoundError):  # the last: in /proc
            pass  # it was told to leave; its exit code says the rest

    def check_shown(self):
        """What the kernel shows of the process has no secret."""
        for name in ("cmdline", "environ"):
            try:
                shown = Path(f"/proc/{self.pid}/{name}").read_bytes()
            except OSError:  # none of ours to see, or gone
                continue
            assert not any(secret in shown for secret in self.secrets), f"a secret in /proc/PID/{name}"

    def _unrest(self):
        mine = f"rest-{time.monotonic_ns()}"
        metrics = self.get("/metrics", {"X-Request-Id": mine, **self.badge}).text
        values = collections.Counter()
        for line in metrics.splitlines():
            match = METRIC.match(line)
            if match:
                values[match[1]] += float(match[3])
        callers, others = self.connections()
        found = {
            "in flight": values["cspark_in_flight"],
            "queued": values["cspark_queued"],
            "callers": callers,
            "descriptors": max(0, self.descriptors() - others - self.baseline - 2),
        }
        if found["descriptors"]:
            found["they are"] = self.descriptor_names()
        if self.access_lines:
            lines = sum(line.get("request_id") != mine for line in self.access_log())
            found["requests without a line"] = int(values["cspark_requests_total"]) - lines
        return {name: value for name, value in found.items() if value}

    def check_invariants(self):
        assert self.process.returncode is not None, "check_invariants() comes after stop()"
        if self.exit_code is not None:
            assert self.process.returncode == self.exit_code, f"csparkd exited with {self.process.returncode}"
        assert not SANITIZER.search(self.output()), "a sanitizer reported"
        if self.access_lines:
            self._check_access_lines()
        self._check_secrets()
        if self.sim:
            self._check_arrivals()

    def _check_arrivals(self):
        """A caller is told of every attempt that Spark saw."""
        arrived = collections.Counter(entry["request_id"] for entry in self.sim.ledger())
        wrong = {name: (told, arrived[name]) for name, told in self.attempts.items() if arrived[name] > told}
        assert not wrong, f"more arrived at Spark than callers were told of (request id: told, arrived): {wrong}"

    def _check_access_lines(self):
        logged = collections.Counter(line.get("request_id") for line in self.access_log())
        wrong = {name: (count, logged[name]) for name, count in self.answered.items()
                 if logged[name] != count}
        assert not wrong, f"{len(wrong)} answers and access lines disagree, as {list(wrong.items())[:3]}"

    def _check_secrets(self):
        written = [self.output().encode()]
        written += [path.read_bytes() for path in Path(self.folder.name).glob("*.log*")]
        written += [path.read_bytes() for name in LOG_FILE.findall(self.config_text or "")
                    for path in Path(name).parent.glob(Path(name).name + "*") if path.is_file()]
        for answer in self.seen:
            written.append(answer.body + repr(answer.headers).encode())
        for secret in self.secrets:
            assert not any(secret in data for data in written), "a secret was written"

    # -- inside -------------------------------------------------------------

    def _failure(self, what):
        return AssertionError(f"{what}\n{self.output()[-4000:]}")

    def _find_secrets(self, given):
        found = list(given) + [self.env.get(name, "") for name in SECRET_VARIABLES]
        found += SECRET_KEYS.findall(self.config_text or "")
        return [secret for secret in found if secret not in ("", "open")]

    def _passing(self):
        """A command that hands sockets over as systemd does; 3 is the first descriptor."""
        if not self.passed:
            return []
        fds = [sock.fileno() for _, sock in self.passed]
        moves = "".join(f" {fd + 100}<&{fd}" for fd in fds) + "".join(f" {fd}<&-" for fd in fds)
        moves += "".join(f" {3 + place}<&{fd + 100} {fd + 100}<&-" for place, fd in enumerate(fds))
        names = ":".join(name for name, _ in self.passed)
        return ["bash", "-c", f'LISTEN_PID=$$ LISTEN_FDS={len(fds)} LISTEN_FDNAMES={names} exec "$@" {moves}', "bash"]

    def _environment(self):
        kept = {name: value for name, value in os.environ.items()
                if name == "PATH" or name.endswith("SAN_OPTIONS") or name == "LD_LIBRARY_PATH"}
        kept.update(self.env)
        return kept

    def _kill(self):
        """Leaves nothing behind, whatever happened."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.wait_exit()


def contents(file):
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def breathe():
    """Between two looks at something that has a deadline."""
    threading.Event().wait(0.01)


def parse_log_line(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
