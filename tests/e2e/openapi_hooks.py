"""What schemathesis cannot find in the document: things that are there, and how bodies of other types are written.

Valid requests are led to what exists, three out of four times; invalid ones stay as they are. $CSPARK_KNOWN is a
JSON object: {operationId or "*": {"path": {name: value}, "query": {name: value}, "body": JSON, "file": base64}}.
"""

import base64
import json
import os
import zlib

import schemathesis
from schemathesis import GenerationMode

KNOWN = json.loads(os.environ["CSPARK_KNOWN"])
ENOUGH_MS = 5000
TEXTS = "application/x-ndjson", "application/jsonl", "text/csv"


@schemathesis.serializer(*TEXTS, "application/octet-stream")
def write_text(_, value):
    return value if isinstance(value, bytes) else str(value).encode()


class Dice:
    """Thrown the same way in each run, whatever ids the things have this time."""

    def __init__(self, case):
        self.seed = repr((case.operation.label, case.path_parameters, case.query, case.body))

    def __call__(self, name, sides):
        return zlib.crc32(f"{self.seed} {name}".encode("utf-8", "replace")) % sides


def lead(place, known, dice):
    for name in place or ():
        if name in known and dice(name, 4):
            place[name] = known[name]


def lead_body(case, known, dice):
    if case.media_type == "application/octet-stream" and "file" in known:
        case.body = base64.b64decode(known["file"])
    elif case.media_type == "application/json" and "body" in known and dice("body", 2):
        case.body = known["body"]


def spoil(case, query, operation):
    """What is wrong as a value need not be as text: then something else is made wrong."""
    if case.media_type in TEXTS and not isinstance(case.body, (str, bytes)):
        case.body = b"\xff"
    if any(parameter.get("explode") for parameter in operation.get("parameters", ())):
        case.query = {**query, "_timeout": "none"}


@schemathesis.hook
def before_call(context, case, kwargs):
    query = case.query or {}
    if str(query.get("_timeout", "")).isdigit() and int(query["_timeout"]) < ENOUGH_MS:
        del query["_timeout"]  # else it may be right to answer 504
    operation = case.operation.definition.raw
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        spoil(case, query, operation)
        return
    query.pop("_tenant", None)  # there is one
    if case.operation.method.lower() == "delete":
        return
    dice, known = Dice(case), KNOWN.get(operation["operationId"], {})
    lead(case.path_parameters, {**KNOWN["*"]["path"], **known.get("path", {})}, dice)
    lead(query, KNOWN["*"]["query"], dice)
    if dice("query", 4):
        query.update(known.get("query", {}))
        case.query = query
    lead_body(case, known, dice)
    # A job takes time; one in eight is waited for.
    if "202" in operation["responses"] and dice("job", 8):
        case.headers = {**(case.headers or {}), "Prefer": "respond-async"}
