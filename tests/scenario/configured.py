"""Gateways set up for the simulator, with short times.

    with csparkd(sim, retry={"max": 0}, limits={"max_in_flight": 1}) as gateway:
        ...
"""

import json
import threading
import time

from gateway import Gateway, breathe

# The first part of every token that the simulator issues.
TOKEN_MARK = "eyJhbGciOi"

CYLINDER = "/execute/my-folder/volume-cylinder"
ECHO = "/execute/any/echo"


def libconfig(value):
    """A Python value in libconfig's notation."""
    if isinstance(value, dict):
        return "{ " + " ".join(f"{name} = {libconfig(item)};" for name, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(libconfig(item) for item in value)
        return f"( {inside} )" if value and isinstance(value[0], dict) else f"[ {inside} ]"
    return json.dumps(value)


def tenant_of(sim, **settings):
    tenant = {
        "base_url": sim.base_url,
        "auth": {"client_id": sim.client_id, "client_secret": sim.client_secret},
        "timeout_ms": 5000,
        "retry": {"max": 2, "interval_ms": 10},
    }
    return {**tenant, **settings}


def config_of(tenants, limits=None, listeners=None, log=None, top=None, bulk=None):
    """The text of a configuration."""
    text = "".join(f"{name} = {libconfig(value)};\n" for name, value in (top or {}).items())
    for name, value in (("limits", limits), ("bulk", bulk), ("listeners", listeners), ("log", log)):
        if value:
            text += f"{name} = {libconfig(value)};\n"
    return text + f"tenants = {libconfig(tenants)};\n"


def csparkd(sim, limits=None, listeners=None, log=None, top=None, tenants=None, bulk=None, **settings):
    """Settings of a tenant by their names; everything that Gateway takes besides."""
    options = {name: settings.pop(name) for name in
               ("args", "env", "listen", "port", "wait", "secrets", "exit_code", "access_lines", "preexec_fn", "passed")
               if name in settings}
    text = config_of(tenants or [tenant_of(sim, **settings)], limits, listeners, log, top, bulk)
    options["secrets"] = [sim.client_secret, TOKEN_MARK, *options.get("secrets", ())]
    return Gateway(config_text=text, sim=sim, **options)


def together(count, work):
    """work(0), work(1), ... at the same time, each in a thread of its own; their results in order."""
    results = [None] * count
    failures = []

    def run(number):
        try:
            results[number] = work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def later(work):
    """Starts work() in a thread; calling what comes back waits for its result."""
    box = []
    thread = threading.Thread(target=lambda: box.append(work()))
    thread.start()

    def result():
        thread.join()
        assert box, "the thread failed"
        return box[0]

    return result


def wait_for(happened, what="it", deadline=10):
    """Until happened() is true; gives what it gave."""
    end = time.monotonic() + deadline
    while not (result := happened()):
        assert time.monotonic() < end, f"{what} has not come in {deadline} s"
        breathe()
    return result


def let_go(sim, calls):
    """Held calls go on, until so many have come and none is left."""
    def over():
        sim.release()
        stats = sim.stats()
        return stats["executes"] >= calls and stats["in_flight"] == 0

    wait_for(over, "the last call")
