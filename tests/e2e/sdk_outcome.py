"""What came of a call, as JSON in which nothing is left of ids, times, addresses and lengths of time."""

import dataclasses
import hashlib
import inspect
import io
import json
import re
import urllib.parse
import zipfile

import cspark.sdk

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
DOCUMENT = re.compile(r"(/documents/versions/tokens/)[^/\"]+")
FILES = re.compile(r"<origin>/files\?url=([^\"\s&]+)(?:&_tenant=[^\"\s&]+)?")
VARIES = {"process_time", "spark_total_time", "CalcTime", "SparkTotalTime", "calcTime", "totalTime",
          "compute_time_ms", "batch_time_ms", "avg_compute_time_ms", "engine_id", "x-request-id",
          "access_token", "expires_in", "timestamp"}


class Plain:
    """Takes out what differs from run to run. An id seen twice stays recognizable as the same."""

    def __init__(self, place, known):
        self.origins = [place[name] for name in ("origin", "hybrid", "control", "hybrid_control")]
        self.ids = {value: value for value in known}

    def text(self, text):
        for origin in self.origins:
            text = text.replace(origin, "<origin>")
        text = FILES.sub(lambda match: self.text(urllib.parse.unquote(match[1])), text)
        text = UUID.sub(lambda match: self.ids.setdefault(match[0], f"<id {len(self.ids)}>"), text)
        return DOCUMENT.sub(r"\1<token>", TIME.sub("<time>", text))

    def json(self, value):
        if isinstance(value, dict):
            return {self.text(str(key)): "<varies>" if key in VARIES and item is not None else self.json(item)
                    for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.json(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def bytes(self, data):
        """JSON and text by what they say, an archive by what is in it, others by a hash."""
        if data[:4] == b"PK\x03\x04" and zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return {self.text(name): self.bytes(archive.read(name)) for name in archive.namelist()}
        try:
            return self.json(json.loads(data))
        except ValueError:
            pass
        try:
            return self.text(data.decode())
        except ValueError:
            return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def answer(self, answer):
        headers = {name: self.text(answer.headers[name]) for name in ("content-type", "content-disposition")
                   if name in answer.headers}
        outcome = {"status": answer.status, "data": self.json(answer.data), "headers": headers}
        if "json" not in headers.get("content-type", "") or answer.data is None:
            outcome["content"] = self.bytes(answer.buffer)
        return outcome

    def error(self, error):
        outcome = {"error": type(error).__name__, "status": getattr(error, "status", None),
                   "message": self.text(getattr(error, "message", None) or str(error))}
        cause = getattr(error, "cause", None)
        if isinstance(cause, cspark.sdk.ApiErrorCause) and cause.response:
            outcome["body"] = self.bytes(cause.response.raw)
        elif isinstance(cause, Exception):
            outcome["cause"] = self.error(cause)
        return outcome

    def value(self, value):
        if isinstance(value, cspark.sdk.HttpResponse):
            return self.answer(value)
        if isinstance(value, cspark.sdk.SparkError):
            return self.error(value)
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return self.json({key: self.value(item) for key, item in value.items()})
        if isinstance(value, bytes):
            return self.bytes(value)
        if value is None or isinstance(value, (bool, int, float, str)):
            return self.json(value)
        if dataclasses.is_dataclass(value):
            return {type(value).__name__: self.json(dataclasses.asdict(value))}
        return f"<{type(value).__name__}>"


def word(value):
    """The outcome in a word, for the table."""
    if isinstance(value, dict) and "error" in value and "message" in value:
        return value["error"]
    if isinstance(value, dict) and "headers" in value:
        return f"{value['status']}{' file' if 'content' in value else ''}"
    if isinstance(value, list) and value:
        return f"list of {word(value[0])}"
    if isinstance(value, bool):
        return str(value)
    return "nothing" if value is None else "a value"


def is_unawaited(value):
    """Some asynchronous methods give a coroutine where their caller expects the answer."""
    if not inspect.iscoroutine(value):
        return False
    value.close()
    return True
