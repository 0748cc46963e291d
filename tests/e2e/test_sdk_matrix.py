"""Every public method of the official SDK does through csparkd what it does when it talks to Spark.

Spark is the simulator, made new before each call. csparkd has Spark's credentials; the clients that go
through it have none. What came of the calls is compared without ids, times and addresses. The table is printed, and
docs/sdk-matrix.md is made of it with

    SDK_MATRIX_WRITE=1 python3 -m pytest tests/e2e/test_sdk_matrix.py
"""

import collections
import contextlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from gateway import BUILD, Gateway, free_port
from needs import TOP
from simulator import Simulator

MATRIX = Path(__file__).with_name("sdk_matrix.py")
DOCUMENT = TOP / "docs" / "sdk-matrix.md"
OAUTH = {"client_id": Simulator.client_id, "client_secret": Simulator.client_secret}
PLACEHOLDER = {"client_id": "any", "client_secret": "thing"}
RUNNER = "my-runner"
DEADLINE_S = 90
CREDENTIALS = f"""{{ client_id = "{OAUTH['client_id']}"; client_secret = "{OAUTH['client_secret']}"; }}"""


def config(simulator, hybrid, port, auth=CREDENTIALS):
    """The calls that must fail come all in a row, which a breaker would take for an outage."""
    return f"""
        listeners = ( {{ address = "127.0.0.1:{port}"; allow = [ "execute", "read", "manage", "ops" ]; }} );
        tenants = (
            {{
                base_url = "{simulator.base_url}";
                auth = {auth};
                retry = {{ max = 1; interval_ms = 10; }};
                rewrite_urls = true;
                breaker = false;
            }},
            {{
                name = "{RUNNER}";
                kind = "hybrid";
                base_url = "{hybrid.url}/{RUNNER}";
                auth = {{ open = true; }};
                retry = {{ max = 1; interval_ms = 10; }};
                breaker = false;
            }}
        );
    """


def run(python, simulator, hybrid, through=None, **more):
    """The methods, and rows of what came of each call; directly, or through a csparkd."""
    origin = through.url if through else simulator.url
    place = {
        "origin": origin, "control": simulator.url, "tenant": Simulator.tenant,
        "hybrid": through.url if through else hybrid.url, "hybrid_control": hybrid.url, "runner": RUNNER,
        "auth": {"oauth": OAUTH}, "oauth": OAUTH, "only": "", "names": [], **more,
    }
    done = subprocess.run([str(python), str(MATRIX), json.dumps(place)], env={"PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout)
    result["origin"] = origin
    return result


@pytest.fixture(scope="module")
def spark():
    with Simulator() as simulator, Simulator("--hybrid", "--tenant", RUNNER) as hybrid:
        yield simulator, hybrid


@pytest.fixture(scope="module")
def direct(sdk_python, spark):
    return run(sdk_python, *spark)


@contextlib.contextmanager
def a_gateway(spark):
    port = free_port()
    with Gateway(config(*spark, port), listen=False, port=port) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def operations():
    """The rows of the table of operations that name a method of the SDK."""
    told = subprocess.run([str(BUILD / "csparkctl"), "operations", "--json"], capture_output=True, check=True)
    return [row for row in json.loads(told.stdout) if row["sdk"]]


@pytest.fixture(scope="module")
def through(sdk_python, spark, direct, operations):
    """Besides the rows, what the access log calls each request."""
    names = [row["sdk"] for row in operations]
    with a_gateway(spark) as gateway:
        result = run(sdk_python, *spark, gateway, auth={"oauth": PLACEHOLDER}, oauth=PLACEHOLDER, names=names)
        result["log"] = {line["request_id"]: line["operation"] for line in gateway.access_log()}
    return result


def key(row):
    return row["method"], row["title"]


def name(row):
    return " - ".join(filter(None, key(row)))


def tell(found):
    return f"{len(found)}, such as\n" + "\n".join(json.dumps(item)[:2000] for item in list(found.items())[:20])


def by_key(result):
    return {key(row): row for row in result["rows"]}


def is_same(one, other):
    if one["own"]:
        return {**one["came"], "body": None} == {**other["came"], "body": None}
    return one["came"] == other["came"]


def differences(direct, through):
    first = by_key(direct)
    return {name(row): {"direct": first[key(row)]["came"], "through": row["came"]}
            for row in through["rows"] if not is_same(first[key(row)], row)}


# ---- the table ----

def table(direct, through):
    """A line for each method: how many calls of it there are, what comes of them, and whether it is the same."""
    second = by_key(through)
    found = collections.defaultdict(list)
    for row in direct["rows"]:
        found[row["method"]].append((row, second[key(row)]))
    yield "| method | calls | directly | through csparkd | same |"
    yield "|---|---|---|---|---|"
    for method in sorted(found):
        pairs = found[method]
        words = [", ".join(dict.fromkeys(pair[i]["word"] for pair in pairs)) for i in (0, 1)]
        same = all(is_same(one, other) for one, other in pairs)
        yield f"| `{method}` | {len(pairs)} | {words[0]} | {words[1]} | {'yes' if same else 'NO'} |"


def reasons(direct, kind):
    """A line for each reason, with the calls that it is the reason of."""
    found = collections.defaultdict(list)
    for row in direct["rows"]:
        if row[kind]:
            found[row[kind]].append(f"`{row['method']}`{' (' + row['title'] + ')' if row['title'] else ''}")
    return "\n".join(f"- {', '.join(calls)}: {why}." for why, calls in found.items())


def document(direct, through):
    same = len(direct["rows"]) - len(differences(direct, through))
    return f"""# Every method of the official SDK, directly and through csparkd

Made by `tests/e2e/test_sdk_matrix.py` from cspark {direct["version"]}; do not edit. Every public method, found by looking into
the package, is called against Spark (the simulator) and with the same arguments through csparkd, where the client holds a
placeholder instead of credentials. What comes of it, the answer or the exception, is compared without ids, times and
addresses. Methods of the hybrid runner's client begin with `wasm.`; a number is an HTTP status, a name the exception's.
csparkd's listener allows `execute`, `read` and `manage`, and its tenant has `rewrite_urls = true`, so that addresses in
answers, which some methods follow, lead back to it.

{len(direct["methods"])} methods, {len(direct["rows"])} calls, {same} the same.

## What the SDK can't do, wherever it goes

{reasons(direct, "broken")}

## What csparkd says in its own words

{reasons(direct, "own")}
- Credentials that Spark refuses are csparkd's, and the client can't renew them: instead of Spark's 401 it is told 502
  `credentials_refused`, which the SDK raises as `UnknownApiError`.

## The methods

{chr(10).join(table(direct, through))}
"""


# ---- the tests ----

def test_every_method_has_a_case(direct):
    for method in direct["without case"]:
        print(f"no case for {method}")
    assert not direct["without case"] and not direct["without method"]
    assert len(by_key(direct)) == len(direct["rows"])


def test_cases_do_what_they_say(direct):
    """The comparison below would also hold between two ruins."""
    wrong = {name(row): row["came"] for row in direct["rows"]
             if failed(row["came"]) != row["fails"] or not row["called"]}
    assert not wrong, tell(wrong)
    rows = by_key(direct)
    assert rows["Services.execute", "one record"]["came"]["data"]["outputs"] == [{"volume": 113.097}]
    assert rows["AsyncServices.execute", "many records"]["came"]["data"]["outputs"][0] == {"volume": 113.097}


def failed(came):
    return came["error"] if isinstance(came, dict) and "message" in came and "error" in came else None


def test_every_method_is_the_same_through_csparkd(direct, through):
    print("\n".join(table(direct, through)))
    different = differences(direct, through)
    assert not different, tell(different)


def test_nobody_goes_past_csparkd(through):
    """Not even for the files whose addresses are in answers."""
    past = {name(row): row["hosts"] for row in through["rows"]
            if row["title"] != "nobody is there" and set(row["hosts"]) - {through["origin"]}}
    assert not past, tell(past)
    assert len(through["rows"]) > 500


def test_operations_name_the_methods_that_ask_for_them(operations, through):
    """A job is no request of the SDK's; the keys for tokens are fetched by a library that sends no id; and what
    differs in the body alone, as closing and cancelling a batch, has one name in the log."""
    twins = collections.defaultdict(set)
    for row in operations:
        twins[row["method"], row["path"]].add(row["name"])
    asked = collections.defaultdict(set)
    for row in through["rows"]:
        asked[row["method"]] |= {through["log"].get(request) for request in row["requests"]}
    asked["JwtConfig.validate"] = set(through["log"].values())
    wrong = {row["name"]: row["sdk"] for row in operations
             if row["path"] and not twins[row["method"], row["path"]] & asked[through["names"][row["sdk"]]]}
    assert not wrong, tell(wrong)
    assert None not in through["names"].values(), through["names"]


@pytest.mark.parametrize("auth", [
    {"api_key": "open"},
    {"api_key": "any-key-of-the-caller"},
    {"token": "any-token-of-the-caller"},
], ids=["open", "api key", "token"])
def test_any_credentials_will_do(sdk_python, spark, direct, auth):
    with a_gateway(spark) as gateway:
        result = run(sdk_python, *spark, gateway, auth=auth, oauth=PLACEHOLDER)
    assert len(result["rows"]) == len(direct["rows"])
    different = differences(direct, result)
    assert not different, tell(different)


def test_refused_credentials_are_never_the_callers(sdk_python, spark):
    """Spark's 401 would make a client ask for another placeholder."""
    port = free_port()
    text = config(*spark, port, auth='{ api_key = "some-key"; }')
    with Gateway(text, listen=False, port=port) as gateway:
        through = run(sdk_python, *spark, gateway, only="refused credentials")
    assert [row["word"] for row in through["rows"]] == ["UnknownApiError"] * 2
    assert all('"credentials_refused"' in json.dumps(row["came"]) for row in through["rows"])


def test_the_document_is_up_to_date(direct, through):
    text = document(direct, through)
    if os.environ.get("SDK_MATRIX_WRITE"):
        DOCUMENT.write_text(text)
    assert DOCUMENT.read_text() == text, "make it anew: SDK_MATRIX_WRITE=1"
