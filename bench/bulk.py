#!/usr/bin/python3
"""What lists cost: the time beside a loop of short calls, memory and CPU for very many records, and what single requests feel.

    bench/bulk.py [--rounds N] [--records N] [--engine sync|batch|auto ...] [--sdk PYTHON]
                  [--build DIR] [loop|many|single ...]

loop    20,000 records against an upstream that takes 50 ms a call and 0.5 ms a record and does 16 calls at a time: csparkd, and
        20 records a call, one call after the other, as the examples of the official SDK do it: by the SDK itself, if --sdk names a
        Python that has it (pip install cspark), else by plain HTTP
many    --records (1,000,000) records, CSV and NDJSON in and out, against an upstream that takes no time
single  a single record now and then, alone and while such a list runs against an upstream that takes 5 ms a call and 0.1 ms a record

Each with lists that go by calls (sync) and by Spark's Batch API (batch), which has as many workers as the upstream does calls.

Everything listens on loopback, on free ports, and is ended by pid.
"""
import argparse
import http.client
import itertools
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

import compare
from transfer import forget_peak, tree_mb

SERVICE = "/execute/my-folder/echo"
V4 = "/my-tenant/api/v4/execute"
TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
MB = 1 << 20


class Simulator:
    def __init__(self, folder, name, options):
        port_file = os.path.join(folder, name)
        self.process = compare.Process([os.path.join(options.build, "cspark-sim"), "--listen", "127.0.0.1:0", "--port-file",
                                        port_file, "--no-ledger"])
        while not os.path.exists(port_file) or not os.path.getsize(port_file):
            time.sleep(0.01)
        self.port = int(open(port_file).read())

    def limits(self, **values):
        ask(self.port, "POST", "/_sim/limits", json.dumps(values), {"Content-Type": "application/json"})

    def stop(self):
        self.process.stop()


def ask(port, method, path, body=None, headers=None):
    """The length of an answer that must be good; a body may be a file."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    length = 0
    while piece := answer.read(MB):
        length += len(piece)
    connection.close()
    if answer.status != 200 or answer.getheader("X-Spark-Failed-Records"):
        raise SystemExit(f"{path}: {answer.status} {answer.reason}, {answer.getheader('X-Cspark-Reason')}")
    return length


def write_records(folder, form, count):
    path = os.path.join(folder, f"{count}.{form}")
    with open(path, "w") as out:
        if form == "csv":
            out.write("id,age,sum,code\r\n")
        for i in range(count):
            out.write(f"{i},{i % 80},{i * 1.5},A{i % 7}\r\n" if form == "csv" else
                      f'{{"id":{i},"age":{i % 80},"sum":{i * 1.5},"code":"A{i % 7}"}}\n')
    return path


def bulk(gateway, path, form, engine):
    began = time.monotonic()
    with open(path, "rb") as body:
        ask(gateway.port, "POST", f"{SERVICE}?_format={form}&_engine={engine}", body,
            {"Content-Type": TYPES[form], "Content-Length": str(os.path.getsize(path))})
    return time.monotonic() - began


def make_folder(*parts):
    path = os.path.join(*parts)
    os.mkdir(path)
    return path


def plain_loop(simulator, count):
    """One kept connection, 20 records a call."""
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=60)
    headers = {"Content-Type": "application/json", "x-synthetic-key": "demo-key", "x-tenant-name": "my-tenant"}
    for first in range(0, count, 20):
        inputs = [{"id": i, "age": i % 80, "sum": i * 1.5, "code": f"A{i % 7}"} for i in range(first, first + 20)]
        connection.request("POST", V4, json.dumps({"inputs": inputs, "service": "my-folder/echo"}), headers)
        answer = connection.getresponse()
        if answer.status != 200 or len(json.load(answer)["outputs"]) != 20:
            raise SystemExit(f"the loop was answered with {answer.status}")


# The same with the official SDK; run by a Python that has it.
SDK_LOOP = """
import sys
from cspark import sdk
port, count = map(int, sys.argv[1:])
base_url = sdk.BaseUrl(url=f"http://127.0.0.1:{port}", tenant="my-tenant")
with sdk.Client(base_url=base_url, api_key="demo-key", logger=False) as client:
    for first in range(0, count, 20):
        inputs = [{"id": i, "age": i % 80, "sum": i * 1.5, "code": f"A{i % 7}"} for i in range(first, first + 20)]
        answer = client.services.execute("my-folder/echo", inputs=inputs)
        assert len(answer.data["outputs"]) == 20
"""


def loop(simulator, count, python):
    """Seconds."""
    began = time.monotonic()
    if python:
        subprocess.run([python, "-c", SDK_LOOP, str(simulator.port), str(count)], check=True)
    else:
        plain_loop(simulator, count)
    return time.monotonic() - began


def run_loop(folder, simulator, gateway, options):
    count, path = 20000, write_records(folder, "csv", 20000)
    least = count * 0.0005 / 16
    simulator.limits(per_call_ms=50, per_record_ms=0.5, parallel=16, workers=16)
    slow = loop(simulator, count, options.sdk)
    for engine in options.engine:
        times = [bulk(gateway, path, "csv", engine) for _ in range(options.rounds)]
        best = statistics.median(times)
        print(f"loop    {engine}: {count} records: csparkd {best:.3f} s (first {times[0]:.3f}), {'SDK' if options.sdk else 'plain'} loop of 20 {slow:.1f} s: "
              f"{slow / best:.0f} x; {best / least:.2f} x the upstream's own limit of {least:.3f} s")
    simulator.limits(per_call_ms=None, per_record_ms=None, parallel=None, workers=None)


def run_many(folder, simulator, gateway, options):
    for engine, form in itertools.product(options.engine, TYPES):
        path = write_records(folder, form, options.records)
        process = gateway.process
        forget_peak(process)
        idle, cpu = tree_mb(process, "VmRSS"), process.cpu_seconds()
        seconds = bulk(gateway, path, form, engine)
        cpu = process.cpu_seconds() - cpu
        print(f"many    {engine}: {options.records} records, {form}: {seconds:.1f} s, {cpu / options.records * 1e6:.2f} us of CPU a record, "
              f"RSS {tree_mb(process, 'VmHWM') - idle:.1f} MB above idle ({idle:.1f})")


class Csparkd(compare.Csparkd):
    """One worker, so that nothing can get out of a list's way; single requests have an upstream of their own, which no list keeps
    busy."""

    workers = 1

    def tenants(self):
        return compare.tenant("default", self.upstream) + ", " + compare.tenant("single", self.options.single_port)


def singles(gateway, is_over):
    """Latencies in ms of one request after the other, with a pause between."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    times = []
    while not is_over():
        began = time.monotonic()
        connection.request("POST", SERVICE + "?_tenant=single", '{"id":1}', {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        times.append((time.monotonic() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"a single request was answered with {answer.status}")
        time.sleep(0.002)
    return sorted(times)


def beside(gateway, through, path, engine):
    """The same while a list goes through a daemon. A process of its own is its caller, whose work does not hold up the clock here."""
    caller = subprocess.Popen(["curl", "-fsS", "-T", path, "-X", "POST", "-H", "Content-Type: text/csv", "-o", "/dev/null",
                               f"http://127.0.0.1:{through.port}{SERVICE}?_format=csv&_engine={engine}"])
    times = singles(gateway, lambda: caller.poll() is not None)
    if caller.returncode:
        raise SystemExit(f"curl ended with {caller.returncode}")
    return times


def run_single(folder, simulator, gateway, options):
    path, end = write_records(folder, "csv", options.records), time.monotonic() + 10
    alone = singles(gateway, lambda: time.monotonic() > end)
    simulator.limits(per_call_ms=5, per_record_ms=0.1, parallel=16, workers=16)
    other = Csparkd(make_folder(folder, "other"), simulator.port, options)
    try:
        for engine in options.engine:
            apart, with_list = beside(gateway, other, path, engine), beside(gateway, gateway, path, engine)
            at = [times[int(len(times) * 0.99)] for times in (alone, apart, with_list)]
            print(f"single  {engine}: p99 alone {at[0]:.2f} ms; beside a list of {options.records} {at[2]:.2f} ms: {at[2] - at[0]:+.2f} ms, "
                  f"of which {at[1] - at[0]:+.2f} ms if the list goes through another daemon on the same processors; "
                  f"p50 {', '.join(f'{statistics.median(times):.2f}' for times in (alone, apart, with_list))}")
    finally:
        other.stop()
    simulator.limits(per_call_ms=None, per_record_ms=None, parallel=None, workers=None)


RUNS = {"loop": run_loop, "many": run_many, "single": run_single}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--engine", action="append", choices=["sync", "batch", "auto"], help="may be repeated (sync, batch)")
    parser.add_argument("--sdk", metavar="PYTHON", help="that has the official SDK")
    parser.add_argument("--build", default=os.path.join(compare.HERE, "..", "build"))
    parser.add_argument("runs", nargs="*", metavar="|".join(RUNS), help="which (all)")
    options = parser.parse_args()
    options.engine = options.engine or ["sync", "batch"]
    folder = tempfile.mkdtemp(prefix="csparkd-bench-", dir="/var/tmp")
    simulator = single = gateway = None
    try:
        simulator, single = Simulator(folder, "lists", options), Simulator(folder, "single", options)
        options.single_port = single.port
        gateway = Csparkd(folder, simulator.port, options)
        for name in options.runs or RUNS:
            RUNS[name](folder, simulator, gateway, options)
    finally:
        for each in (gateway, simulator, single):
            if each:
                each.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
