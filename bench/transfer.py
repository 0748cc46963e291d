#!/usr/bin/python3
"""Move a large file up and down through nginx and through csparkd: time, CPU and memory, beside no proxy.

Both receive an upload whole before they send it on (nginx: proxy_request_buffering), and keep it on disk. They take turns
within each round; the table shows medians over the rounds, and the highest peak of memory.

    bench/transfer.py [--rounds N] [--megabytes M] [--build DIR]

Everything listens on loopback, on free ports, and is ended by pid.
"""
import argparse
import contextlib
import os
import re
import shutil
import socket
import statistics
import tempfile
import threading
import time

import compare

UP = "/my-tenant/api/v3/folders/my-folder/services/big/upload"
DOWN = "/api/v1/product/my-folder/engines/big/download/"
MB = 1 << 20


class Upstream:
    """Takes all that it is sent, and sends as much; a token for who asks for one."""

    def __init__(self, size):
        self.piece, self.size = bytes(MB), size
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.socket.accept()[0],), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            while head := read_head(connection):
                skip(connection, length_of(head[0]) - len(head[1]))
                if b"download" in head[0].split(b"\r\n")[0]:
                    connection.sendall(answer_head(self.size, "application/octet-stream"))
                    for _ in range(self.size // MB):
                        connection.sendall(self.piece)
                else:
                    connection.sendall(answer_head(len(compare.TOKEN), "application/json") + compare.TOKEN.encode())


def answer_head(length, type):
    return f"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {length}\r\n\r\n".encode()


def read_head(connection):
    """(head, what followed it), or None at the end; who waits for our word to send gets it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    if b"100-continue" in head.lower():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return head, rest


def length_of(head):
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0


def skip(connection, length):
    place = memoryview(bytearray(MB))
    while length > 0:
        got = connection.recv_into(place, min(length, MB))
        if not got:
            raise SystemExit("the connection ended too early")
        length -= got


def ask(port, method, path, size=0):
    """Seconds from the first byte sent to the last one read."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
                           f"Content-Length: {size}\r\n\r\n".encode())
        for _ in range(size // MB):
            connection.sendall(bytes(MB))
        head, rest = read_head(connection)
        if b" 200 " not in head.split(b"\r\n")[0] + b" ":
            raise SystemExit(head.decode() + rest.decode())
        skip(connection, length_of(head) - len(rest))
    return time.monotonic() - began


class Nginx(compare.Contestant):
    name = "nginx"

    def start(self):
        conf = compare.write(self.folder, "nginx.conf", f"""
worker_processes 1;
daemon off;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {self.folder}/access.log;
  client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  client_max_body_size 0;
  upstream spark {{ server 127.0.0.1:{self.upstream}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{ proxy_pass http://spark; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer bench-token"; proxy_request_buffering on; proxy_max_temp_file_size 4096m; }}
  }}
}}
""")
        self.process = compare.Process([shutil.which("nginx") or "/usr/sbin/nginx", "-c", conf])
        compare.wait_for(self.port)


class Csparkd(compare.Contestant):
    name = "csparkd"

    def start(self):
        conf = compare.write(self.folder, "csparkd.conf", f"""
workers = 1;
state_dir = "{self.folder}";
listeners = ( {{ address = "127.0.0.1:{self.port}"; allow = [ "execute", "read", "manage", "ops" ]; }} );
tenants = ( {{ name = "default"; base_url = "http://127.0.0.1:{self.upstream}/my-tenant";
  auth = {{ client_id = "demo"; client_secret = "demo-secret"; }}; }} );
limits = {{ max_upload = "4G"; max_download = "4G"; }};
log = {{ format = "json"; file = "{self.folder}/access.log"; }};
""")
        log = open(os.path.join(self.folder, "stderr"), "w")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CSPARK_")}
        self.process = compare.Process([os.path.join(self.options.build, "csparkd"), "-c", conf], log=log, env=clean)
        compare.wait_for(self.port, "/readyz")


def tree_mb(process, name):
    """Of all its processes together."""
    total = 0
    for pid in process.pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
            total += int(re.search(rf"{name}:\s+(\d+)", status.read())[1])
    return total / 1024


def forget_peak(process):
    for pid in process.pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")


def measure(contestant, direction, size, samples):
    process = contestant.process
    if process:
        forget_peak(process)
        idle, cpu = tree_mb(process, "VmRSS"), process.cpu_seconds()
    samples["s"].append(ask(contestant.port, "POST", UP, size) if direction == "up" else ask(contestant.port, "GET", DOWN))
    if process:
        samples["cpu"].append(process.cpu_seconds() - cpu)
        samples["grown"].append(tree_mb(process, "VmHWM") - idle)


def table(results):
    print(f"{'':15} {'seconds':>8} {'CPU s':>7} {'x nginx':>8} {'RSS above idle, MB':>19}")
    for (name, direction), samples in sorted(results.items(), key=lambda item: item[0][1], reverse=True):
        row = f"{direction:4} {name:10} {statistics.median(samples['s']):8.2f} "
        if samples["cpu"]:
            cpu = statistics.median(samples["cpu"])
            nginx = statistics.median(results["nginx", direction]["cpu"])
            row += f"{cpu:7.2f} {cpu / nginx:8.2f} {max(samples['grown']):19.1f}"
        print(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=199)
    parser.add_argument("--build", default=os.path.join(compare.HERE, "..", "build"))
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="csparkd-bench-", dir="/var/tmp")
    os.chmod(folder, 0o777)
    size = options.megabytes * MB
    upstream = Upstream(size)
    contestants, results = [], {}
    try:
        for kind in (compare.Direct, Nginx, Csparkd):
            contestants.append(kind(folder, upstream.port, options))
        for _ in range(options.rounds):
            for contestant in contestants:
                for direction in ("up", "down"):
                    samples = results.setdefault((contestant.name, direction), {"s": [], "cpu": [], "grown": []})
                    measure(contestant, direction, size, samples)
        table(results)
    finally:
        for contestant in contestants:
            contestant.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
