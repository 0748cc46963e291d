"""Executing: every form of request, every format of answer, every parameter (contract, section 2)."""

import csv
import gzip
import io
import json
import re
import urllib.parse
import zlib

import pytest
from configured import CYLINDER, ECHO, csparkd
from needs import shared

SERVICE_ID = "b3cfea0c-aca4-471a-8500-26b887d14d69"
VERSION_ID = "91299a5d-9328-4435-911b-4e5f7783f5d4"
ONE = {"volume": 113.097}
TWO = [{"volume": 113.097}, {"volume": 3.142}]
JSON, NDJSON, CSV, FORM = ("application/json", "application/x-ndjson", "text/csv", "application/x-www-form-urlencoded")

FORMS = [
    pytest.param("GET", "?radius=3&height=4", None, None, ONE, id="get"),
    pytest.param("POST", "", JSON, b'{"radius":3,"height":4}', ONE, id="object"),
    pytest.param("POST", "", None, b' {"radius":3,"height":4}\n', ONE, id="no-type"),
    pytest.param("POST", "", "application/vnd.x+json; charset=utf-8", b'{"radius":3,"height":4}', ONE, id="plus-json"),
    pytest.param("POST", "", JSON, b'{"request_data":{"inputs":{"radius":3,"height":4}},"request_meta":{}}', ONE,
                 id="envelope"),
    pytest.param("POST", "", FORM, b"radius=3&height=4", ONE, id="form"),
    pytest.param("POST", "", FORM, b'{"radius":3,"height":4}', ONE, id="curl-d"),
    pytest.param("POST", "", FORM, b'[{"radius":3,"height":4},{"radius":1,"height":1}]', TWO, id="curl-d-list"),
    pytest.param("POST", "", JSON, b'[{"radius":3,"height":4},{"radius":1,"height":1}]', TWO, id="list"),
    pytest.param("POST", "", JSON, b'[{"radius":3,"height":4}]', TWO[:1], id="list-of-one"),
    pytest.param("POST", "", JSON, b'[["radius","height"],[3,4],[1,1]]', TWO, id="columns"),
    pytest.param("POST", "", NDJSON, b'{"radius":3,"height":4}\n{"radius":1,"height":1}\n', TWO, id="ndjson"),
    pytest.param("POST", "", "application/jsonl", b'{"radius":3,"height":4}\r\n\r\n{"radius":1,"height":1}', TWO, id="jsonl"),
    pytest.param("POST", "", CSV, b'radius,height\r\n3,4\r\n"1",1\r\n', TWO, id="csv"),
]


@pytest.fixture(scope="module")
def shared_gateway(running):
    with csparkd(running) as gateway:
        yield gateway


@pytest.fixture
def gateway(sim, shared_gateway):
    """One daemon for all tests of this file: they leave nothing behind in it."""
    yield shared_gateway


def ask(gateway, method, path, kind, body, **headers):
    if kind:
        headers["Content-Type"] = kind
    return gateway.request(method, path, body, headers)


def sent(sim, answer):
    """What Spark was sent for this answer."""
    (entry,) = sim.executes(request_id=answer.header("x-request-id"))
    return entry, json.loads(entry["body"])


# -- forms and formats ------------------------------------------------------------------


@pytest.mark.parametrize("method, query, kind, body, outputs", FORMS)
def test_every_form_of_request(sim, gateway, method, query, kind, body, outputs):
    answer = ask(gateway, method, CYLINDER + query, kind, body)
    assert answer.status == 200 and answer.header("content-type") == "application/json"
    assert answer.json()["outputs"] == outputs
    assert answer.header("x-spark-version") == "0.1.0" and answer.header("x-spark-call-id")
    assert answer.header("x-spark-warnings") is None and answer.header("x-spark-errors") is None
    assert re.fullmatch(r"total;dur=[\d.]+, queue;dur=[\d.]+, token;dur=[\d.]+, spark;dur=[\d.]+",
                        answer.header("server-timing"))
    entry, _ = sent(sim, answer)
    assert ("/api/v4/" in entry["path"]) == isinstance(outputs, list)


@pytest.mark.parametrize("method, query, kind, body, outputs", FORMS)
@pytest.mark.parametrize("choose", ["_format", "Accept"])
def test_every_form_in_every_format(gateway, method, query, kind, body, outputs, choose):
    def answer_in(name, accept):
        if choose == "Accept":
            return ask(gateway, method, CYLINDER + query, kind, body, Accept=accept)
        mark = "&" if query else "?"
        return ask(gateway, method, f"{CYLINDER}{query}{mark}_format={name}", kind, body)

    rows = outputs if isinstance(outputs, list) else [outputs]
    lines = answer_in("ndjson", "application/x-ndjson")
    assert [json.loads(line)["outputs"] for line in lines.text.splitlines()] == rows
    assert all(list(json.loads(line)) == ["outputs", "warnings", "errors", "process_time"]
               for line in lines.text.splitlines())
    table = answer_in("csv", "text/csv")
    assert list(csv.DictReader(io.StringIO(table.text))) == [{"volume": str(row["volume"])} for row in rows]
    text = answer_in("text", "text/plain")
    if len(rows) == 1:
        assert text.body == b"113.097\n"
    assert answer_in("json", "application/json").json()["outputs"] == outputs


@pytest.mark.parametrize("shape", ["simple", "alike", "original"])
@pytest.mark.parametrize("body", [b'{"radius":3,"height":4}', b'[{"radius":3,"height":4}]'])
def test_shapes(gateway, shape, body):
    answer = ask(gateway, "POST", f"{CYLINDER}?_shape={shape}", JSON, body).json()
    one = body[:1] == b"{"
    if shape == "simple" and one:
        assert list(answer) == ["outputs", "warnings", "errors", "service_chain", "process_time", "call_id", "service_id",
                                "version_id", "version", "compiler_version", "correlation_id", "request_timestamp"]
        assert answer["outputs"] == ONE and answer["version_id"] == VERSION_ID
    elif shape == "original" and one:
        assert answer["status"] == "Success" and answer["response_data"]["outputs"] == ONE
    else:
        assert answer["outputs"] == [ONE]


def test_a_format_wins_over_accept_and_nonsense_is_refused(gateway):
    answer = gateway.get(CYLINDER + "?radius=1&_format=json", {"Accept": "text/csv"})
    assert answer.header("content-type") == "application/json"
    assert gateway.get(CYLINDER + "?_format=xml").code == "bad_parameter"
    assert gateway.get(CYLINDER + "?_shape=round").code == "bad_parameter"
    assert gateway.get(CYLINDER, {"Accept": "image/png"}).status == 406


def test_text_has_room_for_one_output(gateway):
    answer = gateway.get(ECHO + "?a=1&b=2&_format=text")
    assert (answer.status, answer.code) == (406, "not_acceptable") and "_outputs" in answer.json()["detail"]
    assert gateway.get(ECHO + "?a=1&b=2&_format=text&_outputs=b").body == b"2\n"
    assert gateway.get(ECHO + "?a=two%20words&_format=text").body == b"two words\n"


def test_csv_answers_have_a_column_for_every_output(gateway):
    body = b'[{"a":1,"s":"x,\\"y\\"\\nz"},{"b":[1, 2],"a":null},{"fail":true}]'
    answer = ask(gateway, "POST", "/execute/any/picky?_format=csv", JSON, body)
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[0] == ["a", "s", "b", "_error"]
    assert rows[1] == ["1", 'x,"y"\nz', "", ""] and rows[2][2] == "[1, 2]"
    assert "#DIV/0!" in rows[3][3]


# -- golden answers -------------------------------------------------------------------------


def golden():
    for line in shared("golden", "volume-cylinder.ndjson").read_bytes().splitlines():
        inputs = re.match(rb'\{"inputs":(.*),"response":', line)[1]
        outputs = re.search(rb'"outputs":(\{[^{}]*\})', line)[1]
        warnings = re.search(rb'"warnings":(\[.*\])\},"response_meta"', line)
        yield inputs, outputs, warnings[1] if warnings else b"null"


def test_golden_answers_one_by_one(gateway):
    for inputs, outputs, warnings in golden():
        answer = ask(gateway, "POST", CYLINDER, JSON, inputs)
        assert answer.body.startswith(b'{"outputs":' + outputs + b',"warnings":' + warnings + b',"errors":null,'), inputs
        count = len(json.loads(warnings) or [])
        assert answer.header("x-spark-warnings") == (str(count) if count else None)


@pytest.mark.parametrize("kind, opening, comma, closing", [(JSON, b"[", b",", b"]"), (NDJSON, b"", b"\n", b"\n")])
def test_golden_answers_all_at_once(gateway, kind, opening, comma, closing):
    lines = list(golden())
    answer = ask(gateway, "POST", CYLINDER, kind, opening + comma.join(i for i, _, _ in lines) + closing)
    assert b'"outputs":[' + b",".join(o for _, o, _ in lines) + b"]" in answer.body
    assert b'"warnings":[' + b",".join(w for _, _, w in lines) + b"]" in answer.body


def test_golden_answers_as_lines(gateway):
    lines = list(golden())
    body = b"[" + b",".join(i for i, _, _ in lines) + b"]"
    answer = ask(gateway, "POST", CYLINDER + "?_format=ndjson", JSON, body)
    for got, (_, outputs, warnings) in zip(answer.body.splitlines(), lines, strict=True):
        assert got.startswith(b'{"outputs":' + outputs + b',"warnings":' + warnings + b',"errors":null,"process_time":')


# -- parameters -----------------------------------------------------------------------------

PARAMETERS = [
    ("_version=0.1.0", {"version": "0.1.0"}, {"service": "my-folder/volume-cylinder[0.1.0]"}),
    ("_date=2024-05-06", {"transaction_date": "2024-05-06"}, {"version_by_timestamp": "2024-05-06"}),
    ("_purpose=Trial", {"call_purpose": "Trial"}, {"call_purpose": "Trial"}),
    ("_source=me", {"source_system": "me"}, {"source_system": "me"}),
    ("_correlation=c%2F1", {"correlation_id": "c/1"}, {"correlation_id": "c/1"}),
    ("_outputs=volume", {"requested_output": "volume"}, {"output": "volume"}),
    ("_filter=%5Ev", {"requested_output_regex": "^v"}, None),
    ("_subservices=a,b", {"service_category": "a,b"}, {"subservice": "a,b"}),
    ("_compiler=type3", {"compiler_type": "Type3"}, None),
    ("_tables=t", {"array_outputs": "t"}, None),
    ("_echo=true", {"response_data_inputs": True}, None),
    ("_debug=true", {"debug_solve": True}, None),
    ("_excel=true", {"excel_file": True}, None),
    ("_meta=%7B%22parameterset_version_id%22%3A%22p%22%7D", {"parameterset_version_id": "p"},
     {"parameterset_version_id": "p"}),
]


@pytest.mark.parametrize("query, fields, _", PARAMETERS)
def test_parameters_of_one_record(sim, gateway, query, fields, _):
    answer = ask(gateway, "POST", f"{CYLINDER}?{query}", JSON, b'{"radius":3,"height":4}')
    assert answer.status == 200, answer
    _, body = sent(sim, answer)
    assert body["request_data"]["inputs"] == {"radius": 3, "height": 4}
    assert {name: body["request_meta"].get(name) for name in fields} == fields


@pytest.mark.parametrize("query, _, fields", PARAMETERS)
def test_parameters_of_many_records(sim, gateway, query, _, fields):
    answer = ask(gateway, "POST", f"{CYLINDER}?{query}", JSON, b'[{"radius":3,"height":4}]')
    if fields is None:
        assert (answer.status, answer.code) == (400, "bad_parameter") and query.split("=")[0] in answer.json()["detail"]
        assert sim.executes() == []
    else:
        assert answer.status == 200, answer
        _, body = sent(sim, answer)
        assert {name: body.get(name) for name in fields} == fields


def test_defaults(sim, gateway):
    _, body = sent(sim, ask(gateway, "POST", CYLINDER, JSON, b"{}"))
    assert body["request_meta"] == {"call_purpose": "Single Execution", "source_system": "csparkd",
                                    "compiler_type": "Neuron"}
    _, body = sent(sim, ask(gateway, "POST", CYLINDER, JSON, b"[{}]"))
    assert body == {"inputs": [{}], "service": "my-folder/volume-cylinder", "call_purpose": "Sync Batch Execution",
                    "source_system": "csparkd"}


def test_an_envelope_keeps_its_own_fields(sim, gateway):
    envelope = {"request_data": {"inputs": {"radius": 1}, "extra": 1}, "request_meta": {"call_purpose": "Mine", "x": [1]}}
    answer = gateway.post(CYLINDER + "?_purpose=Other&_source=s", envelope)
    _, body = sent(sim, answer)
    assert body["request_data"] == envelope["request_data"]
    assert body["request_meta"]["call_purpose"] == "Mine" and body["request_meta"]["x"] == [1]
    assert body["request_meta"]["source_system"] == "s"


def test_public_endpoints_need_no_credentials(sim, gateway):
    answer = gateway.get("/execute/my-folder/public-cylinder?_public=true&radius=3&height=4")
    assert answer.json()["outputs"] == ONE
    entry, _ = sent(sim, answer)
    assert "/public/" in entry["path"] and entry["credential"] == "none"


def test_tenants_are_chosen_by_name(sim, gateway):
    assert gateway.get(CYLINDER + "?_tenant=default").status == 200
    assert gateway.get(CYLINDER + "?_tenant=nobody").code == "bad_parameter"


# -- GET, literals, bytes -----------------------------------------------------------------------


@pytest.mark.parametrize("value, literal", [
    ("3", "3"), ("-1.5e3", "-1.5e3"), ("true", "true"), ("null", "null"), ("%223%22", '"3"'), ("1.0", "1.0"),
    ("123456789012345678901234567890", "123456789012345678901234567890"), ("007", '"007"'), ("+1", '" 1"'), ("1%2B1", '"1+1"'),
    ("NaN", '"NaN"'), ("True", '"True"'), ("", '""'), ("a+b", '"a b"'), ("%C3%A9", '"\u00e9"'), ("3%20", '"3 "'),
    ("%22%5C%22", '"\\"\\\\\\""'), ("2024-01-01", '"2024-01-01"')])
def test_values_in_a_query(sim, gateway, value, literal):
    answer = gateway.get(f"{ECHO}?x={value}")
    assert answer.status == 200, answer
    assert f'"outputs":{{"x":{literal}}}' in answer.text
    answer = ask(gateway, "POST", ECHO, FORM, f"x={value}".encode())
    assert f'"outputs":{{"x":{literal}}}' in answer.text


def test_cells_of_a_table(gateway):
    table = b'a,b,c\n3,007,\n"3",true,"x ""y"""\n'
    answer = ask(gateway, "POST", ECHO, CSV, table)
    assert b'"outputs":[{"a":3,"b":"007","c":null},{"a":3,"b":true,"c":"x \\"y\\""}]' in answer.body


@pytest.mark.parametrize("query, body, rows", [
    ("_separator=;&_decimal=,", b"a;b;c\r\n1234,5;1.234;x,y\r\n", [[1234.5, "1.234", "x,y"]]),
    ("_separator=%3B", b"\xef\xbb\xbfa;b;c\n1,5;1.5;\n", [["1,5", 1.5, None]]),
    ("_separator=tab", b'a\tb\tc\n1\t"2\t\n3"\t""\n', [[1, "2\t\n3", None]]),
    ("_separator=%7C&_decimal=.", b"a|b|c\n1|2|3\n4|5|6\n", [[1, 2, 3], [4, 5, 6]])])
def test_tables_written_otherwise(sim, gateway, query, body, rows):
    _, request = sent(sim, ask(gateway, "POST", f"{ECHO}?{query}", CSV, body))
    assert request["inputs"] == [["a", "b", "c"], *rows]


def test_a_dialect_is_refused_where_nothing_is_a_table(gateway):
    for query in ("_separator=;", "_decimal=,"):
        for answer in (gateway.get(f"{ECHO}?a=1&{query}"), ask(gateway, "POST", f"{ECHO}?{query}", JSON, b'{"a":1}')):
            assert (answer.status, answer.code) == (400, "bad_parameter") and "text/csv" in answer.text, answer
        assert gateway.get(f"{ECHO}?a=1&{query}&_format=csv").status == 200
    assert gateway.get(f"{ECHO}?a=1&_format=csv&_separator=:").code == "bad_parameter"


@pytest.mark.parametrize("body, words", [
    (b"a,b\n1\n", "line 2: 1 cells, but the header has 2"),
    (b"a,b\n1,2\n\n1,2,3\n", "line 4: more cells"),
    (b"a,a\n", 'names "a" twice'),
    (b"a,,b\n", "column 2 of the header has no name"),
    (b"a;b\n1;2\n", "_separator=;"),
    (b"a\nM\xfcller\n", "line 2: not UTF-8; convert the file first, it looks like Windows-1252"),
    ("\ufeffa,b\r\n".encode("utf-16-le"), "line 1: UTF-16; convert the file first: iconv -f UTF-16 -t UTF-8")])
def test_tables_that_are_none_are_refused_with_the_way_out(sim, gateway, body, words):
    answer = ask(gateway, "POST", ECHO, CSV, body)
    assert (answer.status, answer.code) == (400, "bad_csv") and words in answer.json()["detail"], answer
    assert sim.executes() == []


def test_names_with_an_underscore_are_inputs_if_unknown(gateway):
    assert gateway.get(f"{ECHO}?_mine=1&__x=2").json()["outputs"] == {"_mine": 1, "__x": 2}


BYTES = b'{ "b" : 1.0,\t"a":[ 1 , {"c":-0}],"b":1E5, "u":"\\u00e9\\/" ,"e":{}}'


def test_inputs_arrive_byte_for_byte(sim, gateway):
    answer = ask(gateway, "POST", ECHO, JSON, BYTES)
    assert b'"outputs":' + BYTES + b"," in answer.body
    assert BYTES.decode() in sent(sim, answer)[0]["body"]
    answer = ask(gateway, "POST", ECHO, JSON, b"[" + BYTES + b" ," + BYTES + b"]")
    assert answer.body.count(BYTES) == 2


@pytest.mark.parametrize("coding, pack", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_packed_bodies(gateway, coding, pack):
    body = pack(b'{"radius":3,"height":4}')
    assert ask(gateway, "POST", CYLINDER, JSON, body, **{"Content-Encoding": coding}).json()["outputs"] == ONE


@pytest.mark.parametrize("kind, coding", [("text/html", None), ("image/png", None), (JSON, "br"), (JSON, "x")])
def test_other_types_and_codings_are_refused(sim, gateway, kind, coding):
    headers = {"Content-Encoding": coding} if coding else {}
    answer = ask(gateway, "POST", CYLINDER, kind, b"{}", **headers)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert sim.executes() == []


# -- nothing, and too much ---------------------------------------------------------------------


@pytest.mark.parametrize("kind, body", [(JSON, b"[]"), (NDJSON, b"\n"), (CSV, b"radius,height\n"), (JSON, b'[["a","b"]]')])
def test_an_empty_list_asks_nobody(sim, gateway, kind, body):
    answer = ask(gateway, "POST", CYLINDER, kind, body)
    assert answer.status == 200 and answer.json()["outputs"] == []
    assert answer.header("x-cspark-attempts") == "0" and sim.executes() == []
    assert ask(gateway, "POST", CYLINDER + "?_format=ndjson", kind, body).body == b""


def test_an_empty_body_is_a_record_without_inputs(gateway):
    assert ask(gateway, "POST", CYLINDER, JSON, b"").json()["outputs"] == {"volume": 615.752}
    assert gateway.get(CYLINDER).json()["outputs"] == {"volume": 615.752}


@pytest.mark.parametrize("body", [b"{", b"{} x", b"{}{}", b'{"a":NaN}', b"{'a':1}", b'{"a":1,}', b"// x\n{}", b"\xef\xbb\xbf{}",
                                  b'{"a":01}', b'{"a":"\xff"}', b"3", b"[1]", b"[{},1]", b'{"a":\n "b}', b"null"])
def test_C21_bodies_that_are_no_json(sim, gateway, body):
    answer = ask(gateway, "POST", CYLINDER, JSON, body)
    assert (answer.status, answer.code) == (400, "bad_json"), answer
    assert sim.executes() == []


def test_C21_a_fault_is_told_with_line_and_column(gateway):
    detail = ask(gateway, "POST", CYLINDER, JSON, b'{"a":1,\n "b":x}').json()["detail"]
    assert re.search(r"line 2\b.*column 6\b", detail), detail


# -- strict --------------------------------------------------------------------------------------


def test_strict(gateway):
    bad = b'{"radius":"x","height":4}'
    assert ask(gateway, "POST", CYLINDER, JSON, bad).json()["outputs"] == {"volume": "#VALUE!"}
    for body in (bad, b"[" + bad + b"]"):
        answer = ask(gateway, "POST", CYLINDER + "?_strict=true", JSON, body)
        assert answer.status == 422 and answer.header("content-type") == "application/problem+json"
        assert answer.json()["outcome"] == "executed" and not answer.json()["retryable"]
    assert ask(gateway, "POST", CYLINDER + "?_strict=true", JSON, b'{"radius":3,"height":4}').status == 200


# -- services ------------------------------------------------------------------------------------


@pytest.mark.parametrize("locator", [
    "my-folder/volume-cylinder", "my-folder/volume-cylinder[0.1.0]", "my-folder/volume-cylinder%5B0.1.0%5D",
    "my%2Dfolder/volume%2Dcylinder", f"service/{SERVICE_ID}", f"version/{VERSION_ID}"])
def test_ways_to_name_a_service(gateway, locator):
    for body, outputs in ((b'{"radius":3,"height":4}', ONE), (b'[{"radius":3,"height":4}]', [ONE])):
        answer = ask(gateway, "POST", f"/execute/{locator}", JSON, body)
        assert answer.status == 200 and answer.json()["outputs"] == outputs, answer


def test_a_custom_endpoint_takes_one_record(gateway):
    assert gateway.get("/execute/proxy/volume-cylinder?radius=3&height=4").json()["outputs"] == ONE
    assert ask(gateway, "POST", "/execute/proxy/volume-cylinder", JSON, b"[{}]").status == 400


def test_C25_names_arrive_as_they_were_meant(sim, gateway):
    for name in ("a b", "\u00e9t\u00e9", "100%", "a+b", "a;b", "a@b", "x?y", "h#h", "\U0001f600", "a:b"):
        answer = gateway.get(f"/execute/{urllib.parse.quote(name, safe='')}/echo?x=1")
        assert answer.status == 200, name
        path = sent(sim, answer)[0]["path"]
        assert urllib.parse.unquote(path.split("/")[5]) == name and path.count("/") == 8


@pytest.mark.parametrize("path", ["/execute/a", "/execute/a/b/c", "/execute/../b", "/execute/a/%2e%2e", "/execute//b",
                                  "/execute/a/%00", "/execute/a/%0d%0aX", "/execute/%ff/b", "/execute/a%2/b", "/execute/a/."])
def test_C25_names_that_lead_astray_are_refused(sim, gateway, path):
    answer = gateway.get(path)
    assert answer.status in (400, 404) and answer.code in ("bad_locator", "no_such_route"), answer
    assert sim.executes() == []


def test_a_service_that_does_not_exist(gateway):
    answer = gateway.get("/execute/my-folder/nothing")
    assert (answer.status, answer.code) == (404, "spark_rejected")
    assert answer.json()["spark"]["body"]["error"]["message"] == "SERVICE_NOT_FOUND"


def test_C27_headers_of_callers_stay_here(sim, gateway):
    answer = gateway.post(CYLINDER, {"radius": 1}, {
        "Authorization": "Bearer x", "Cookie": "a=b", "X-Forwarded-For": "1.2.3.4", "x-tenant-name": "other",
        "x-synthetic-key": "k", "X-Other": "o"})
    entry, _ = sent(sim, answer)
    assert entry["credential"] == "bearer" and entry["headers"]["x-tenant-name"] == "my-tenant"
    assert not {"cookie", "x-forwarded-for", "x-synthetic-key", "x-other"} & set(entry["headers"])
