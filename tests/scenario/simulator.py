"""A cspark-sim under test.

    with Simulator("--latency-ms", "20") as sim:
        sim.mood("echo", "status-503", times=1)
        ...
        assert len(sim.ledger(request_id="abc")) == 2

The program comes from $CSPARK_BUILD (default: build/ at the top of the tree).
"""

import json
import os
import ssl
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CSPARK_BUILD", TOP / "build"))


class Simulator:
    tenant = "my-tenant"
    client_id = "demo"
    client_secret = "demo-secret"
    api_key = "demo-key"

    def __init__(self, *args, exit_code=0):
        self.args = [str(a) for a in args]
        self.exit_code = exit_code
        self.process = None
        self.tls = "--tls-cert" in self.args

    # -- life ---------------------------------------------------------------

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        code = self.stop()
        if kind is None and self.exit_code is not None:
            assert code == self.exit_code, f"cspark-sim exited with {code}: {self.stderr[-4000:]}"

    def start(self):
        args = self.args if "--listen" in self.args else ["--listen", "127.0.0.1:0", *self.args]
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(BUILD / "cspark-sim"), *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._log, text=True)
        guard = threading.Timer(20, self.process.kill)
        guard.start()
        line = self.process.stdout.readline()
        guard.cancel()
        if not line.startswith("listening on "):
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"cspark-sim did not start: {line!r} {self.stderr}")
        self.url = line.split()[2]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.address = ("127.0.0.1", self.port)
        return self

    def stop(self):
        """Ends it and gives its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        return code

    def crash(self):
        """Ends it as kill -9 does. start() brings it back at the same address, with nothing of what it knew."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if "--listen" not in self.args:
            self.args += ["--listen", f"127.0.0.1:{self.port}"]

    @property
    def stderr(self):
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    # -- where things are ---------------------------------------------------

    @property
    def base_url(self):
        return f"{self.url}/{self.tenant}"

    @property
    def token_url(self):
        return f"{self.url}/auth/realms/{self.tenant}/protocol/openid-connect/token"

    def oauth_env(self):
        """What a csparkd without a configuration file needs to use this simulator."""
        return {"CSPARK_BASE_URL": self.base_url,
                "CSPARK_CLIENT_ID": self.client_id, "CSPARK_CLIENT_SECRET": self.client_secret}

    # -- control ------------------------------------------------------------

    def _ask(self, method, path, body=None, timeout=620):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        context = ssl._create_unverified_context() if self.tls else None
        handlers = [urllib.request.ProxyHandler({})]
        if context:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from None

    def mood(self, service, mood, times=-1, **args):
        """Answers of `service` ("*", "folder/service" or "service") are in `mood`, `times` times or (-1) until
        cleared. Arguments: n (or ms, bytes, seconds, count), status, text, headers, delay_ms, percent, operation and
        path (patterns), after (so many calls go by first)."""
        return self._ask("POST", "/_sim/mood", {"service": service, "mood": mood, "times": times, **args})

    def clear(self, service="*"):
        return self._ask("POST", "/_sim/mood", {"service": service, "mood": None})

    def token(self, fault=None, times=-1, lifetime=None, secret=None, **args):
        """A fault (any mood or token fault) of the token endpoint, the lifetime of tokens and the client's secret from
        now on. With none of them: faults are cleared."""
        body = {} if secret is None else {"secret": secret}
        if lifetime is not None:
            body["lifetime"] = lifetime
        if fault is not None:
            body.update(fault=fault, times=times, **args)
        elif lifetime is None and secret is None:
            body["fault"] = None
        return self._ask("POST", "/_sim/token", body)

    def job(self, kind, outcome="succeed", times=-1, **args):
        """How jobs of this kind (compile, export, import, logs, events, batch) go from now on: "succeed", "fail" or
        "never" end. Arguments: polls (answered "not yet"), ms (they take at least), message; of batches also
        after (so many chunks the outcome comes), lose (every n-th result), withhold (so many pulls bring nothing),
        reverse."""
        return self._ask("POST", "/_sim/job", {"kind": kind, "outcome": outcome, "times": times, **args})

    def batch(self, id, status):
        """The batch is in this state, as in "closed_by_timeout"."""
        return self._ask("POST", "/_sim/batch", {"id": id, "status": status})

    def documents(self, lifetime=None, expire=False):
        """How many seconds download addresses work from now on; and whether those given out so far are gone."""
        return self._ask("POST", "/_sim/documents", {"lifetime": lifetime, "expire": expire})

    def limits(self, **values):
        """What the service bears from now on, and how long it takes: any of sim/limits.def, as in per_call_ms=50,
        per_record_ms=0.5, parallel=16, call_limit_ms=550; None is what is usual. Gives all of them."""
        return self._ask("POST", "/_sim/limits", values)

    def flaw(self, input=None, effect="fail", times=-1, **args):
        """Records that have this input (with value=..., only that value) fail, warn, are slow (ms=...), or have the
        whole call refused ("refuse", with status=422). Arguments: service, code, message, ms, status. Without an
        input: there are no such records any more."""
        body = {} if input is None else {"input": input, "effect": effect, "times": times, **args}
        return self._ask("POST", "/_sim/flaw", body)

    def revoke(self):
        """Every token issued so far is refused from now on."""
        return self._ask("POST", "/_sim/revoke")

    def release(self):
        """Calls in mood "hold" go on."""
        return self._ask("POST", "/_sim/release")

    def reset(self):
        """No moods, no faults, no flaws, limits as at the start, an empty ledger, counters at zero; folders, services, jobs as at the start. Tokens stay
        good."""
        return self._ask("POST", "/_sim/reset")

    # -- what it saw --------------------------------------------------------

    def ledger(self, request_id=None, service=None, path=None):
        query = "" if request_id is None else "?request_id=" + urllib.parse.quote(request_id, safe="")
        entries = self._ask("GET", "/_sim/ledger" + query)
        if service is not None:
            entries = [e for e in entries if e.get("service") in (service, f"my-folder/{service}")]
        if path is not None:
            entries = [e for e in entries if path in e["path"]]
        return entries

    def executes(self, **filters):
        """The ledger without token requests and the like."""
        return [e for e in self.ledger(**filters) if "/api/v" in e["path"]]

    def token_requests(self):
        return self.ledger(path="/openid-connect/token")

    def stats(self):
        return self._ask("GET", "/_sim/stats")

    def wait(self, timeout=10.0, **counters):
        """Waits until each counter of stats() is at least its value; `name_below=N`: until it is below N."""
        query = urllib.parse.urlencode({**counters, "timeout_ms": int(timeout * 1000)})
        return self._ask("GET", "/_sim/wait?" + query)

    def wait_inflight(self, n, timeout=10.0):
        return self.wait(timeout, inflight=n)

    # -- a client of its own ------------------------------------------------

    def fetch_token(self):
        """A good access token, for tests that talk to the simulator directly."""
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": self.client_id,
                                       "client_secret": self.client_secret}).encode()
        handlers = [urllib.request.ProxyHandler({})]
        if self.tls:
            handlers.append(urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))
        with urllib.request.build_opener(*handlers).open(self.token_url, form, timeout=20) as answer:
            return json.loads(answer.read())["access_token"]
