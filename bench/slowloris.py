#!/usr/bin/python3
"""What honest callers notice of a slowloris: many connections that send a head a byte at a time and never end it.

    bench/slowloris.py [--build DIR] [--connections N] [--seconds S] [--rounds N]

csparkd runs with its defaults in front of cspark-sim. Honest callers keep a pace that leaves the machine idle, so that the percentiles are
csparkd's and not a queue's; half of them keep their connection, half take a new one each time. Idle and attacked windows take turns. A
connection of the attacker that is closed is opened again at once. Everything is on loopback and ended by pid.
"""
import argparse
import multiprocessing
import os
import selectors
import socket
import statistics
import tempfile
import threading
import time

from compare import Process, free_port, wait_for, write

REQUEST = (b"POST /execute/f/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
           b'{"v":1}')
HONEST = 4
PACE_S = 0.01
CONFIG = """
workers = 2;
listeners = ( { address = "127.0.0.1:%(port)d"; } );
tenants = ( { base_url = "http://127.0.0.1:%(sim)d/my-tenant"; auth = { api_key = "demo-key"; }; } );
log = { file = "%(log)s"; };
"""


# -- the attacker, a process of its own ------------------------------------------------------


def open_slow(port, poll):
    slow = socket.socket()
    slow.connect(("127.0.0.1", port))
    slow.setblocking(False)
    slow.send(b"POST /execute/f/echo HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    poll.register(slow, selectors.EVENT_READ)


def attack(port, count, ready, over, reopened):
    """Holds `count` connections; each gets a byte a second."""
    poll = selectors.DefaultSelector()
    for _ in range(count):
        open_slow(port, poll)
    ready.set()
    drip = time.monotonic()
    while not over.is_set():
        for key, _ in poll.select(0.05):
            poll.unregister(key.fileobj)
            key.fileobj.close()
            open_slow(port, poll)
            reopened.value += 1
        if time.monotonic() - drip < 1:
            continue
        drip = time.monotonic()
        for key in list(poll.get_map().values()):
            try:
                key.fileobj.send(b"x")
            except OSError:
                pass  # it is closed: the next turn finds that


class Attack:
    def __init__(self, port, count):
        self.ready, self.over, self.reopened = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value("i")
        self.process = multiprocessing.Process(target=attack, args=(port, count, self.ready, self.over, self.reopened))

    def __enter__(self):
        self.process.start()
        if not self.ready.wait(60):
            raise SystemExit("the attacker's connections were not taken within a minute")
        return self

    def __exit__(self, *_):
        self.over.set()
        self.process.join()


# -- honest callers ---------------------------------------------------------------------------


def connect(port):
    wire = socket.create_connection(("127.0.0.1", port), 30)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def ask(wire):
    wire.sendall(REQUEST)
    got = b""
    while b'"outputs"' not in got or not got.endswith(b"}"):
        more = wire.recv(65536)
        if not more:
            raise ConnectionError("closed before the answer")
        got += more
    if not got.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(got[:40].decode())


def behave(port, keeps, until, times, failures):
    wire = connect(port)
    while time.monotonic() < until:
        begin = time.perf_counter()
        try:
            if not keeps:
                wire.close()
                wire = connect(port)
            ask(wire)
            times.append(time.perf_counter() - begin)
        except OSError as error:
            failures.append(str(error))
            wire = connect(port)
        time.sleep(PACE_S)
    wire.close()


def measure(port, seconds):
    """Sorted durations in ms, and what failed."""
    times, failures, until = [], [], time.monotonic() + seconds
    callers = [threading.Thread(target=behave, args=(port, n % 2 == 0, until, times, failures)) for n in range(HONEST)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return sorted(1000 * t for t in times), failures


def percentile(times, share):
    return times[min(len(times) - 1, int(len(times) * share))]


# -- the comparison ------------------------------------------------------------------------------


def start(build, folder):
    ports = {"port": free_port(), "sim": free_port(), "log": os.path.join(folder, "log")}
    sim = Process([os.path.join(build, "cspark-sim"), "--listen", f"127.0.0.1:{ports['sim']}"])
    wait_for(ports["sim"])
    gateway = Process([os.path.join(build, "csparkd"), "-c", write(folder, "csparkd.conf", CONFIG % ports)])
    wait_for(ports["port"], "/readyz")
    return ports["port"], [gateway, sim]


def show(name, windows, failures, cpu, seconds):
    p50 = statistics.median(percentile(times, 0.50) for times in windows)
    p99 = statistics.median(percentile(times, 0.99) for times in windows)
    print(f"{name:9} {sum(map(len, windows)):8} {p50:8.2f} {p99:8.2f} {len(failures):7} {100 * cpu / seconds:8.1f}")
    return p99


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build")
    options.add_argument("--connections", type=int, default=2000)
    options.add_argument("--seconds", type=float, default=12)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    windows, failures, cpu, reopened = {"idle": [], "attacked": []}, {"idle": [], "attacked": []}, {"idle": 0, "attacked": 0}, 0

    def window(name):
        before = processes[0].cpu_seconds()
        times, failed = measure(port, options.seconds)
        cpu[name] += processes[0].cpu_seconds() - before
        windows[name].append(times)
        failures[name] += failed

    with tempfile.TemporaryDirectory() as folder:
        port, processes = start(options.build, folder)
        try:
            measure(port, 1)
            for _ in range(options.rounds):
                window("idle")
                with Attack(port, options.connections) as attacker:
                    window("attacked")
                    reopened += attacker.reopened.value
        finally:
            for process in processes:
                process.stop()
    print("           requests   p50 ms   p99 ms  failed  CPU % of a core")
    idle = show("idle", windows["idle"], failures["idle"], cpu["idle"], options.seconds * options.rounds)
    attacked = show("attacked", windows["attacked"], failures["attacked"], cpu["attacked"], options.seconds * options.rounds)
    print(f"p99 attacked / idle: {attacked / idle:.2f}; {options.connections} connections, {reopened} opened again")


if __name__ == "__main__":
    main()
