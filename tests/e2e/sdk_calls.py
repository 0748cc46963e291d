"""Runs a fixed list of calls with the official SDK and prints, as JSON, what came of each.

sdk_calls.py ORIGIN TENANT AUTH IDS
AUTH and IDS are JSON: arguments of the SDK's client, and the service's two ids.
"""

import json
import sys

import cspark.sdk as spark

SERVICE = "my-folder/volume-cylinder"
INPUTS = {"radius": 3, "height": 4}
VARIES = {"call_id", "process_time", "request_timestamp", "engine_id", "spark_total_time"}


def calls(ids):
    """name: arguments of services.execute()"""

    def public(service):
        return spark.UriParams(folder="my-folder", service=service, public=True)

    return {
        "v3": dict(uri=SERVICE, inputs=INPUTS),
        "v3 as Spark says it": dict(uri=SERVICE, inputs=INPUTS, response_format="original"),
        "v3 with defaults": dict(uri=SERVICE),
        "v3 with a version": dict(uri=f"{SERVICE}[0.1.0]", inputs=INPUTS),
        "v3 with metadata": dict(uri=SERVICE, inputs=INPUTS, correlation_id="c-1", source_system="s",
                                 call_purpose="p"),
        "v3 by service id": dict(uri=f"service/{ids['service_id']}", inputs=INPUTS),
        "v3 by version id": dict(uri=f"version/{ids['version_id']}", inputs=INPUTS),
        "v3 in gzip": dict(uri=SERVICE, inputs=INPUTS, encoding="gzip"),
        "v3 in deflate": dict(uri=SERVICE, inputs=INPUTS, encoding="deflate"),
        "v3 public": dict(uri=public("public-cylinder"), inputs=INPUTS),
        "v3 not public": dict(uri=public("volume-cylinder"), inputs=INPUTS),
        "v4": dict(uri=SERVICE, inputs=[INPUTS, {"radius": 1}, {"radius": "x"}]),
        "v4 of one": dict(uri=SERVICE, inputs=[INPUTS]),
        "v4 as Spark says it": dict(uri=SERVICE, inputs=[INPUTS, INPUTS], response_format="original"),
        "v4 with a table": dict(uri=SERVICE, inputs=[["radius", "height"], [3, 4], [1, 1]]),
        "v4 public": dict(uri=public("public-cylinder"), inputs=[INPUTS]),
        "no such service": dict(uri="my-folder/no-such-service", inputs=INPUTS),
        "no such service, v4": dict(uri="my-folder/no-such-service", inputs=[INPUTS]),
        **{f"status {status}": dict(uri=f"my-folder/mood-status-{status}", inputs=INPUTS)
           for status in (400, 403, 404, 409, 415, 422, 429, 500, 503)},
    }


def steady(value):
    """The answer without what differs from call to call."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if key not in VARIES}
    return [steady(item) for item in value] if isinstance(value, list) else value


def outcome(services, arguments):
    try:
        return {"data": steady(services.execute(**arguments).data)}
    except spark.SparkError as error:
        return {"error": type(error).__name__, "status": getattr(error, "status", None)}


def main(base, tenant, auth, ids):
    client = spark.Client(base_url=spark.BaseUrl(url=base, tenant=tenant), max_retries=2, retry_interval=0.1,
                          timeout=60000, logger=False, **json.loads(auth))
    todo = calls(json.loads(ids))
    json.dump({name: outcome(client.services, arguments) for name, arguments in todo.items()}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
