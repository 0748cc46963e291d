"""How a case is written: @case(method) before a function that gets a World and makes the call.

A case stands for the method of the synchronous and of the asynchronous class alike; its function may be
asynchronous itself when it takes several steps, and then awaits `world.come(...)` of whatever a step gave.
"""

import dataclasses
import inspect
import io
import json
import random
import ssl
import types
import urllib.request
from collections.abc import Callable

import cspark.sdk
import cspark.wasm
import httpx

CASES = []
PATIENCE = {"max_retries": 5, "retry_interval": 0.001}  # of the SDK's polling
BIG = 5 << 20
TLS = ssl.create_default_context()  # made once: it takes longer than a call
UPLOAD = "the SDK looks at the body of the request that failed, and a file's can't be looked at any more"


@dataclasses.dataclass
class Case:
    run: Callable
    method: str
    title: str = ""
    fails: str = None  # class of the error that the call ends with, on both ways
    broken: str = None  # why the SDK itself can't do better
    own: str = None  # why csparkd says the error in its own words; the exception is the same all the same
    flavours: tuple = ("", "Async")  # the synchronous class and the other one
    apart: bool = False  # it is no part of the matrix, and run only when its title is asked for

    @property
    def hybrid(self):
        return self.method.startswith("wasm.")

    def names(self, methods):
        """("", "Services.execute") and ("Async", "AsyncServices.execute"), as far as there are such."""
        name = self.method.removeprefix("wasm.")
        for flavour in self.flavours:
            full = f"{'wasm.' if self.hybrid else ''}{flavour}{name}"
            if full in methods:
                yield flavour, full


def case(method, *rest, **more):
    """Members of Case, but for the function, which follows."""
    def add(run):
        CASES.append(Case(run, method, *rest, **more))
        return run
    return add


class World:
    """What a case finds: a client of its flavour, and where things are."""

    folder = "my-folder"
    service = "volume-cylinder"
    uri = f"{folder}/{service}"
    service_id = "b3cfea0c-aca4-471a-8500-26b887d14d69"
    version_id = "91299a5d-9328-4435-911b-4e5f7783f5d4"
    inputs = {"radius": 3, "height": 4}

    def __init__(self, place, flavour, hybrid):
        self.place = place
        self.flavour = flavour
        self.package = cspark.wasm if hybrid else cspark.sdk
        self.origin = place["hybrid" if hybrid else "origin"]
        self.tenant = place["runner"] if hybrid else place["tenant"]
        self.auth = place["auth"]
        self.client = self.new_client({"token": "open"} if hybrid else self.auth)
        self.config = self.client.config
        self.http = self.client.http_client

    def new_client(self, auth, **options):
        options = {"max_retries": 2, "retry_interval": 1, "timeout": 60000, "logger": False, **auth, **options}
        if self.package is cspark.sdk:
            base_url = cspark.sdk.BaseUrl(url=self.origin, tenant=self.tenant)
        else:
            base_url = f"{self.origin}/{self.tenant}"
        http = getattr(httpx, self.flavour + "Client")(timeout=60, verify=TLS)
        client = self.named("Client")(base_url=base_url, http_client=http, **options)
        client.config._retry_interval = PATIENCE["retry_interval"]  # it would make a second of a fraction
        return client

    def named(self, name):
        """The class of this flavour."""
        return getattr(self.package, self.flavour + name)

    async def come(self, value):
        return await value if inspect.isawaitable(value) else value

    async def close(self):
        await self.come(self.client.close())

    # -- what cases begin with ----------------------------------------------

    def workbook(self, size=2000):
        """A file like those that are uploaded; the same one every time."""
        file = io.BytesIO(b"PK\x03\x04" + random.Random(size).randbytes(size - 4))
        file.name = "workbook.xlsx"
        return file

    async def call_id(self, **options):
        answer = await self.come(self.client.services.execute(self.uri, **{"inputs": self.inputs, **options}))
        return answer.data["call_id"]

    async def batch(self, **options):
        answer = await self.come(self.client.batches.create(self.uri, **options))
        return self.client.batches.of(answer.data["id"])

    async def export_id(self):
        answer = await self.come(self.client.impex.exports.initiate(services=[self.uri]))
        return answer.data["id"]

    async def archive(self, **options):
        """An exported archive, as a file."""
        files = await self.come(self.client.impex.exp(**{"services": [self.uri], **options, **PATIENCE}))
        return io.BytesIO(files[0].buffer)

    async def runner_archive(self):
        """An archive for the runner, from the client of Spark itself."""
        spark = World(self.place, self.flavour, hybrid=False)
        spark.reset()
        try:
            return await spark.archive(file_filter="onpremises")
        finally:
            await spark.close()

    async def import_id(self):
        started = self.client.impex.imports.initiate(self.uri, await self.archive())
        return (await self.come(started)).data["id"]

    async def folder_id(self, name="a-folder"):
        """Of a folder made for this."""
        made = await self.come(self.client.folders.create(name))
        return made.data["data"]["id"]

    async def save_transform(self, **options):
        document = cspark.sdk.Transform(inputs="$", outputs="$", **options)
        return await self.come(self.client.transforms.save(folder="a-folder", name="same", transform=document))

    # -- the simulator ------------------------------------------------------

    def simulator(self, path, body):
        """One of its control routes."""
        origin = self.place["hybrid_control" if self.package is cspark.wasm else "control"]
        request = urllib.request.Request(origin + path, json.dumps(body).encode(), method="POST")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            return json.loads(answer.read())

    def reset(self):
        self.simulator("/_sim/reset", {})

    def job(self, kind, outcome):
        """All jobs of the kind succeed, fail or never end."""
        self.simulator("/_sim/job", {"kind": kind, "outcome": outcome})

    def mood(self, mood, times=-1, **more):
        self.simulator("/_sim/mood", {"service": "*", "mood": mood, "times": times, **more})


def example_response(status=200):
    """An answer without a server, for what only handles answers."""
    request = httpx.Request("GET", "http://host/path", headers={"x-request-id": "r"})
    return types.SimpleNamespace(request=request, response=httpx.Response(status, text="body", request=request))
