"""What an operator has: a host with csparkd's packages, a Spark to talk to, and programs that call."""

import contextlib
import itertools
import json
import subprocess
from pathlib import Path

from container import wait_for

PORT = 8080
SIMULATOR = 8081
SECRET = "demo-secret"
UNITS = ("csparkd.socket", "csparkd.service", "csparkd@a.socket", "csparkd@a.service", "csparkd@b.socket", "csparkd@b.service")
CYLINDER = "/execute/my-folder/volume-cylinder"

CONFIGURATION = """
{more}
tenants = ( {{
    base_url = "http://127.0.0.1:%d/my-tenant";
    auth = {{ client_id = "demo"; client_secret_file = "{secret}"; }};
}} );
""" % SIMULATOR


NUMBERS = itertools.count()  # a unit that has stopped keeps its name for a moment
FIGURES = []  # what became of each load, for the end of the run


class Load:
    """1,000 requests a second; none may fail but those that `excused` names by the moment when they were due."""

    def __init__(self, container, name):
        self.container, self.name = container, name
        self.excused = lambda due: False
        self.said = {}

    def __enter__(self):
        self.process = self.container.spawn("/usr/bin/python3", str(Path(__file__).with_name("load.py")), str(PORT),
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.flow()
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
            self.process.wait()
            return
        self.process.stdin.close()
        self.said = json.loads(self.process.stdout.readlines()[-1])
        self.process.wait(30)
        FIGURES.append("{}: {} requests, {} a second, {} failed, {} sent again, {} left out; ms: p50 {}, p99 {}, max {}".format(
            self.name, self.said["asked"], self.said["per_second"], len(self.said["bad"]),
            *(self.said[key] for key in ("resent", "left_out", "p50_ms", "p99_ms", "max_ms"))))
        assert not self._unexcused(self.said), (FIGURES[-1], self._unexcused(self.said)[:3])

    def _unexcused(self, said):
        return [(due, why) for due, why in said["bad"] if not self.excused(due)]

    def look(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def flow(self, count=200):
        """Until so many more have been answered well."""
        before = self.look()["good"]

        def enough():
            now = self.look()
            assert not self._unexcused(now), now["bad"][:3]
            return now["good"] >= before + count
        wait_for(enough, f"{count} more answers", 60)


class Host:
    def __init__(self, container):
        self.container = container
        self.systemctl = container.systemctl

    def reset(self):
        """Nothing runs but the simulator, which is fresh; the configuration is the usual one."""
        container = self.container
        self.systemctl("disable", "--quiet", *UNITS, check=False)
        self.systemctl("stop", *UNITS, "sim-*.service", check=False)
        container.run("sh", "-c", "rm -rf /etc/systemd/system/csparkd*.d /etc/csparkd/[ab].* /etc/csparkd/csparkd.secrets/*")
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed")
        container.run("systemd-run", f"--unit=sim-{next(NUMBERS)}", "--quiet", "cspark-sim", "--listen", f"127.0.0.1:{SIMULATOR}")
        wait_for(lambda: self.simulator("GET", "stats", check=False).returncode == 0, "the simulator")
        self.configure()
        self.secret(SECRET)

    def configure(self, name="csparkd", more="", secret="credential:secret_spark"):
        self.container.write(f"/etc/csparkd/{name}.conf", CONFIGURATION.format(more=more, secret=secret))

    def secret(self, text, name="csparkd"):
        self.container.path(f"/etc/csparkd/{name}.secrets").mkdir(mode=0o700, exist_ok=True)
        self.container.write(f"/etc/csparkd/{name}.secrets/spark", text + "\n", 0o600)

    def secrets_in_place(self):
        """The folder for them, empty."""
        self.container.run("sh", "-c", "find /etc/csparkd/secrets -mindepth 1 -delete")
        return "/etc/csparkd/secrets"

    def drop_in(self, unit, text):
        """What "systemctl edit" writes."""
        self.container.write(f"/etc/systemd/system/{unit}.d/override.conf", text)
        self.systemctl("daemon-reload")

    def simulator(self, method, what, body=None, check=True):
        words = ["-d", json.dumps(body)] if body else []
        return self.container.run("curl", "-sf", "-X", method, *words, f"http://127.0.0.1:{SIMULATOR}/_sim/{what}", check=check)

    def accept_only(self, secret):
        """Tokens that were issued stay good."""
        self.simulator("POST", "token", {"secret": secret})

    def stat(self, name):
        return json.loads(self.simulator("GET", "stats").stdout)[name]

    def ask(self, path=CYLINDER, body='{"radius": 3, "height": 4}', where=(), check=True):
        """The body of the answer, after the status and a blank."""
        words = ["-d", body, "-H", "Content-Type: application/json"] if body else []
        return self.container.run("curl", "-s", "-m", "60", "-w", "\n%{http_code}", *words, *where,
                                  f"http://localhost:{PORT}{path}", check=check).stdout

    def reloads(self):
        """What csparkd itself says of them; of entries in the journal some may be lost under load."""
        return json.loads(self.ask("/status", None).rsplit("\n", 1)[0])["reloads"]

    def serves(self, where=()):
        answer = self.ask(where=where).rsplit("\n", 1)
        assert answer[1] == "200", answer
        return json.loads(answer[0])["outputs"] == {"volume": 113.097}

    @contextlib.contextmanager
    def load(self, name):
        with Load(self.container, name) as load:
            yield load
