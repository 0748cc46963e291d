"""Public collections of hostile input, thrown at a csparkd: JSONTestSuite, the Big List of Naughty Strings, the request
heads of http-desync-guardian. They are read beside the project; see needs.py."""

import collections
import csv
import io
import json
import re
import urllib.parse

import pytest
import yaml
from gateway import Gateway
from needs import shared
from simulator import Simulator

JSON_TYPE = {"Content-Type": "application/json"}
ECHO = "/execute/f/echo"
OUTPUT = re.compile(rb'^\{"outputs":(.*),"warnings":null,"errors":null,"service_chain":null,', re.S)


@pytest.fixture(scope="module")
def sim():
    with Simulator("--any-service") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(sim):
    with Gateway('limits = { max_body = "4M"; };', env=sim.oauth_env()) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def keep(gateway):
    """Asks over one kept connection."""
    with gateway.connect() as wire:
        def ask(method, path, body=b"", headers=()):
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
            if method == "POST":
                head += b"Content-Length: %d\r\n" % len(body)
            for name, value in dict(headers).items():
                head += name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
            return wire.send(head + b"\r\n" + body).answer(method)
        yield ask


# -- JSONTestSuite ---------------------------------------------------------------


@pytest.fixture(scope="module")
def texts():
    return {path.name: path.read_bytes() for path in sorted(shared("data", "JSONTestSuite").glob("*.json"))}


def valid(name):
    """The suite's verdict; None: either will do."""
    return {"y": True, "n": False}.get(name[0])


def first_byte(text):
    return text.lstrip(b" \t\r\n")[:1]


def test_json_as_a_body(keep, texts):
    counts = collections.Counter()
    for name, text in texts.items():
        answer = keep("POST", ECHO, text, JSON_TYPE)
        counts[name[0], answer.status, answer.code] += 1
        if not text:
            assert answer.status == 200, name  # an empty body is one record without inputs
        elif valid(name) is False:
            assert (answer.status, answer.code) == (400, "bad_json"), (name, answer)
            assert re.match(r"line \d+, column \d+: ", answer.json()["detail"]), answer
        elif valid(name) and first_byte(text) == b"{":
            assert answer.status == 200, (name, answer)
            assert OUTPUT.match(answer.body)[1] == text.strip(), name
        elif valid(name):
            assert answer.status in (200, 400), (name, answer)
            if answer.status == 400:  # sound, but neither a record nor a list of records
                assert re.search("object|names|row", answer.json()["detail"]), (name, answer)
        else:
            assert answer.status in (200, 400), (name, answer)
    print(sorted(counts.items(), key=str))


def test_json_as_a_line(keep, texts):
    for name, text in texts.items():
        answer = keep("POST", ECHO, b'{"v":1}\n' + text + b"\n", {"Content-Type": "application/x-ndjson"})
        if valid(name) and first_byte(text) == b"{" and b"\n" not in text.strip():
            assert answer.status == 200, (name, answer)
            assert b'"outputs":[{"v":1},' + text.strip() + b"]" in answer.body
        elif valid(name) is False and text.strip(b" \t\r\n"):
            assert (answer.status, answer.code) == (400, "bad_json"), (name, answer)
            assert re.match(r"line [23456], column \d+: ", answer.json()["detail"]), answer
        else:
            assert answer.status in (200, 400), (name, answer)


def test_json_as_a_value(keep, texts):
    """The value comes back byte for byte; that also shows that nothing breaks out of the envelope."""
    counts = collections.Counter()
    for name, text in texts.items():
        answer = keep("POST", ECHO, b'{"v":' + text + b"}", JSON_TYPE)
        counts[name[0], answer.status] += 1
        if valid(name) is False:
            assert (answer.status, answer.code) == (400, "bad_json"), (name, answer)
        elif answer.status == 200:
            assert OUTPUT.match(answer.body)[1] == b'{"v":' + text + b"}", name
        else:
            assert valid(name) is not True and answer.status == 400, (name, answer)
    print(sorted(counts.items()))


# -- more JSON --------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    b'{"a":1}}', b'{"a":1}{"b":2}', b'{"a":1},{"b":2}', b'{}},"request_meta":{"version":"9"},"x":{"y":{}', b'{"a":1}\0', b'{"a":1} x',
    b'{"a":1}//', b'\xef\xbb\xbf{"a":1}', b'{"a":NaN}', b'{"a":Infinity}', b"{'a':1}", b'{"a":01}', b'{"a":.5}', b'{"a":"\n"}',
    b'{"a":"\x00"}', b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"\xf5":1}', b'[1]', b'[{},1]', b'[{}],{}', b'"a"',
    b"null", b"true", b" ", b"[[1],[2]]"])
def test_what_is_no_ask(sim, keep, text):
    sim.reset()
    answer = keep("POST", ECHO, text, JSON_TYPE)
    assert (answer.status, answer.code) == (400, "bad_json"), answer
    assert sim.executes() == []


@pytest.mark.parametrize("text,place", [
    (b'{\n  "a": 1,\n  "b": tru\n}', "line 3, column 11"), (b'{"a":1}\n\n  }', "line 3, column 3"),
    (b'{"a":"\xc3\xa9", }', "line 1, column"), (b'{"a":\r\n\r\n"b"', "line 3, column 4")])
def test_a_fault_has_its_place(keep, text, place):
    assert place in keep("POST", ECHO, text, JSON_TYPE).json()["detail"]


@pytest.mark.parametrize("text", [
    b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'{"big":123456789012345678901234567890,"e":1e400,"m":-0,"one":1.0}',
    rb'{"u":"\u0000\ud800\uD83D\uDE00\/"}', '{"\u202e":"\U0001f4a9"}'.encode(), b'{"a" : [ 1 ,\t2 ] }', b'{"":""}',
    b'{"request_data":1,"request_meta":2}', b'{"inputs":{"request_data":{}}}'])
def test_bytes_pass_as_they_are(keep, text):
    assert OUTPUT.match(keep("POST", ECHO, text, JSON_TYPE).body)[1] == text


@pytest.mark.parametrize("open_, close", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_costs_nothing(sim, gateway, keep, open_, close):
    sim.reset()
    for text in (b'{"v":' + open_ * 100_000, b'{"v":' + open_ * 100_000 + b"1" + close * 100_000 + b"}", open_ * 100_000):
        answer = keep("POST", ECHO, text, JSON_TYPE)
        assert (answer.status, answer.code) == (400, "bad_json")
    assert sim.executes() == []
    assert keep("GET", "/healthz").status == 200


def test_many_members(keep):
    text = b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(100_000)) + b"}"
    assert OUTPUT.match(keep("POST", ECHO, text, JSON_TYPE).body)[1] == text


# -- naughty strings ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def naughty():
    return json.loads(shared("data", "blns.json").read_text())


def echoed(answer, name, value):
    """A 200 that holds exactly this, or a clean 400."""
    assert answer.status in (200, 400), answer
    if answer.status == 200:
        assert json.loads(OUTPUT.match(answer.body)[1]) == {name: value}
    return answer.status == 200


def quoted(text):
    return urllib.parse.quote(text, safe="")


@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "raw"])
def test_naughty_values_and_names(keep, naughty, ascii_only):
    for text in naughty:
        for record in ({"v": text}, {text: 1}):
            body = json.dumps(record, ensure_ascii=ascii_only).encode()
            answer = keep("POST", ECHO, body, JSON_TYPE)
            assert answer.status == 200, (text, answer)
            assert OUTPUT.match(answer.body)[1] == body


def test_naughty_query_values(keep, naughty):
    passed = 0
    for text in naughty:
        answer = keep("GET", f"{ECHO}?v={quoted(text)}")
        assert answer.status == 200, (text, answer)
        got = json.loads(OUTPUT.match(answer.body)[1])["v"]
        passed += got == text
        if got != text:  # a JSON literal is that literal
            assert json.loads(text) == got
    assert passed > 450


def cell_meaning(text, comma):
    """What a cell stands for: a JSON literal is that literal, with the decimal mark that was said."""
    number = re.fullmatch(r"-?(0|[1-9]\d*)([.,]\d+)?([eE][+-]?\d+)?", text, re.ASCII)
    if number and number[2] and (number[2][0] == ",") != comma:
        return text
    if number:
        return json.loads(text.replace(",", "."))
    if text in ("", "null"):
        return None
    return json.loads(text) if text in ("true", "false") or re.fullmatch(r'"[^"]*"', text) else text


@pytest.mark.parametrize("separator, comma", [(",", False), (";", True), ("tab", False)])
def test_naughty_cells(keep, naughty, separator, comma):
    table = io.StringIO()
    csv.writer(table, delimiter={"tab": "\t"}.get(separator, separator), quoting=csv.QUOTE_ALL).writerows(
        [["n", "v"], *enumerate(naughty)])
    query = f"_separator={quoted(separator)}&_decimal={',' if comma else '.'}"
    answer = keep("POST", f"{ECHO}?{query}", table.getvalue().encode(), {"Content-Type": "text/csv"})
    assert answer.status == 200, answer
    assert answer.json()["outputs"] == [{"n": i, "v": cell_meaning(text, comma)} for i, text in enumerate(naughty)]


def test_naughty_query_names(keep, naughty):
    assert sum(echoed(keep("GET", f"{ECHO}?{quoted(text)}=x"), text, "x") for text in naughty if text) > 500


def test_naughty_folders_and_services(sim, keep, naughty):
    passed = 0
    for text in naughty:
        for path in (f"/execute/{quoted(text)}/echo", f"/execute/f/{quoted(text)}"):
            sim.reset()
            answer = keep("POST", path, b'{"v":1}', JSON_TYPE)
            assert answer.status in (200, 400, 404), (text, answer)
            assert answer.code in (None, "bad_locator", "spark_rejected"), (text, answer)
            sent = [urllib.parse.unquote(part, errors="strict") for e in sim.executes() for part in e["path"].split("/")]
            assert sent == [] or text in sent or "[" in text or text in ("service", "version", "proxy"), (text, sent)
            passed += answer.status == 200
    print(passed, "of", 2 * len(naughty))
    assert passed > 450


@pytest.mark.parametrize("many", [False, True], ids=["v3", "v4"])
def test_naughty_correlation_ids(sim, keep, naughty, many):
    for text in naughty:
        body = b'[{"v":1}]' if many else b'{"v":1}'
        answer = keep("POST", f"{ECHO}?_correlation={quoted(text)}", body, JSON_TYPE)
        assert answer.status == 200 or (answer.status, answer.code) == (400, "bad_parameter"), (text, answer)
        if answer.status == 200:
            assert answer.json()["correlation_id"] in (text, text or None), (text, answer)


def test_naughty_request_ids(gateway, naughty):
    kept = 0
    for text in naughty:
        value = text.encode()
        if re.search(rb"[\0\r\n]", value):
            continue  # that is another head; see the next section
        with gateway.connect() as wire:
            answer = wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: " + value + b"\r\n\r\n").answer()
        assert answer.status in (200, 400), (text, answer)
        kept += answer.header("x-request-id") == text.strip()
        assert re.fullmatch(r"[!-~]{1,128}", answer.header("x-request-id"))
    print(kept, "kept")
    assert kept > 100


# -- request heads ---------------------------------------------------------------------------


NUL = "libmicrohttpd takes a NUL for the end of a text, so nobody sees it"
NAMELESS = "libmicrohttpd takes a field without a name for the end of the head; what follows is refused and closed"
FIELD = "stricter: a field name is a token, a field value has no control character"
VERSION = "stricter: the version is 1.1 or 1.0"
CODING = "stricter: the only transfer coding is chunked, alone and once"
TARGET = "stricter: what a target cannot hold must be percent-encoded"

# Cases that end otherwise than their tier says, and why.
EXCEPTIONS = {
    "severe": {
        r"\0 in value is bad": NUL, r"\0 at the start of a line": NUL,
        r"\0 at the start of a value": NUL, r"\0 at the end of a value": NUL},
    "ambiguous": {"Empty header name": NAMELESS, "Header name starts with :": NAMELESS},
    "acceptable": {
        "No TE/CL headers, some others are non-compliant": FIELD, "TE and some others are non-compliant": FIELD,
        "A non-essential header with a non-printable character (x01)": FIELD, "CL and some others are non-compliant": FIELD,
        "Non-RFC, but OK HTTP/0.9": VERSION, "Empty version, which means HTTP/0.9": VERSION, "Unknown but OK HTTP/1.2": VERSION},
    "rfc-compliant": {
        "Different Transfer-Encoding headers": CODING, "Different Transfer-Encoding headers combined": CODING,
        "Transfer-Encoding with a param: chunked;custom_param": CODING,
        "Compliant URL": TARGET, "International in URI": TARGET, "Empty URI": TARGET},
}
REFUSALS = {400, 413, 431, 505}


def cases(name):
    return yaml.safe_load(shared("data", "desync", name + ".yaml").read_text())


def head_of(case):
    fields = [(h["name"] or "", "" if h["value"] is None else str(h["value"])) for h in case.get("headers") or []]
    if not any(name.strip().lower() == "host" for name, _ in fields):
        fields.insert(0, ("Host", "localhost"))
    lines = [f"{case['method']} {case['uri']} {case['version']}"] + [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), fields


def body_of(fields):
    named = {name.strip().lower(): value for name, value in fields}
    if "chunked" in named.get("transfer-encoding", ""):
        return b"0\r\n\r\n"
    length = named.get("content-length", "")
    return b" " * int(length) if length.isascii() and length.isdigit() and int(length) < 100_000 else b""


def verdict(gateway, case):
    """(statuses of all answers, whether the peer closed)"""
    head, fields = head_of(case)
    with gateway.connect(10) as wire:
        try:
            wire.send(head + body_of(fields)).half_close()
        except OSError:
            pass
        said = wire.read_to_end()
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+) ", said)], b"\r\nConnection: close\r\n" in said


@pytest.mark.parametrize("tier", EXCEPTIONS)
def test_request_heads(gateway, tier):
    """The services asked for do not exist: 404 means served. A refusal may say its head twice (libmicrohttpd 0.9.75 does
    for a Content-Length that is no number), but never is anything served besides."""
    wrong, counts, excepted = [], collections.Counter(), set()
    for case in cases(tier):
        statuses, closed = verdict(gateway, case)
        refused = bool(statuses) and set(statuses) <= REFUSALS and closed
        counts["refused" if refused else "served" if set(statuses) == {404} else "both" if statuses else "closed"] += 1
        if (refused or not statuses) if tier in ("severe", "ambiguous") else set(statuses) == {404}:
            continue
        excepted.add(case["name"])
        if case["name"] not in EXCEPTIONS[tier] or not statuses:
            wrong.append((case["name"], statuses, closed))
    print(tier, dict(counts))
    assert not wrong
    assert excepted == set(EXCEPTIONS[tier]), "some exceptions are none any more"
