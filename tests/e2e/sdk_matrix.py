"""Calls every public method of the official SDK and prints, as JSON, what came of each call.

sdk_matrix.py PLACE, which is JSON:
    origin, tenant, auth                where the clients go, arguments of theirs
    hybrid, runner                      where the hybrid clients go, the tenant there
    control, hybrid_control             the simulators, which are made new before each case
    only                                a part of the names of cases that are run
    names                               what the table of operations calls methods
"""

import asyncio
import json
import logging
import sys
import warnings
from importlib import metadata

import httpx
import sdk_cases_hybrid  # noqa: F401
import sdk_cases_impex  # noqa: F401
import sdk_cases_local  # noqa: F401
import sdk_cases_saas  # noqa: F401
import sdk_cases_services  # noqa: F401
from sdk_case import CASES, World
from sdk_methods import called, methods
from sdk_outcome import Plain, is_unawaited, word


class Requests:
    """Notes where requests go, and their ids."""

    def __init__(self):
        for kind in (httpx.Client, httpx.AsyncClient):
            self.watch(kind)
        self.clear()

    def clear(self):
        self.hosts = set()
        self.ids = set()

    def watch(self, kind):
        send = kind.send

        def noted(client, request, **options):
            self.hosts.add(f"{request.url.scheme}://{request.url.netloc.decode()}")
            self.ids.add(request.headers.get("x-request-id", ""))
            return send(client, request, **options)
        kind.send = noted


REQUESTS = Requests()


class Calls:
    """Notes which functions are called while it is open."""

    def __enter__(self):
        self.seen = set()
        sys.setprofile(self.note)
        return self.seen

    def __exit__(self, *_):
        sys.setprofile(None)

    def note(self, frame, event, _):
        if event == "call":
            self.seen.add(frame.f_code)


async def outcome(case, world, plain):
    try:
        value = await world.come(case.run(world))
    except Exception as error:
        return plain.error(error)
    if is_unawaited(value):
        return {"error": "NeverAwaited", "status": None, "message": "the answer is a coroutine"}
    return plain.value(value)


async def run(case, flavour, function, place):
    world = World(place, flavour, case.hybrid)
    world.reset()
    REQUESTS.clear()
    try:
        with Calls() as seen:
            came = await outcome(case, world, Plain(place, [World.service_id, World.version_id]))
    finally:
        await world.close()
    return {"came": came, "word": word(came), "called": function.__code__ in seen,
            "hosts": sorted(REQUESTS.hosts), "requests": sorted(REQUESTS.ids)}


def is_wanted(case, name, only):
    return case.title == only if case.apart else only in f"{name} {case.title}"


def rows(found, place):
    for case in CASES:
        for flavour, name in case.names(found):
            if is_wanted(case, name, place["only"]):
                row = asyncio.run(run(case, flavour, found[name], place))
                yield {"method": name, "title": case.title, "fails": case.fails, "broken": case.broken,
                       "own": case.own, **row}


def main(place):
    warnings.simplefilter("ignore")  # about coroutines that the SDK forgot
    logging.disable(logging.CRITICAL)
    place = json.loads(place)
    found = methods()
    functions = {function: name for name, function in found.items()}
    named = {name for case in CASES for _, name in case.names(found)}
    json.dump({
        "version": metadata.version("cspark"),
        "methods": sorted(found),
        "names": {name: functions.get(called(name)) for name in place["names"]},
        "without case": sorted(set(found) - named),
        "without method": sorted(case.method for case in CASES if not list(case.names(found))),
        "rows": list(rows(found, place)),
    }, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
