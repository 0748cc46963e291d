"""Spark's own paths, byte for byte: only credentials are another's (contract, 3)."""

import gzip
import json
import zlib

import pytest
from gateway import Gateway, free_port
from configured import csparkd, libconfig, tenant_of
from recorder import Recorder, answer_of
from test_operations import EVERYTHING, INPUTS

API = "/my-tenant/api"
EXISTS = API + "/v3/folders/my-folder/services/volume-cylinder/exists"
EXECUTE = API + "/v3/folders/my-folder/services/volume-cylinder/execute"
UPLOAD = API + "/v3/folders/my-folder/services/new/upload"
JSON = {"Content-Type": "application/json"}
KEY = "the-key-of-the-gateway"

# An execution is read as it comes back; other answers are stored and passed on.
BOTH = [("POST", EXECUTE, b'{"request_data":{"inputs":{}}}'), ("GET", EXISTS, None)]


@pytest.fixture(scope="module")
def recorder():
    with Recorder() as recorder:
        yield recorder


def tenant_at(recorder, **settings):
    return {"base_url": recorder.url + "/my-tenant", "auth": {"api_key": KEY}, "timeout_ms": 5000, "breaker": False,
            "retry": {"max": 0, "interval_ms": 1}, **settings}


def gateway_for(*tenants):
    port = free_port()
    listeners = [{"address": f"127.0.0.1:{port}", "allow": EVERYTHING}]
    text = f"listeners = {libconfig(listeners)};\ntenants = {libconfig(list(tenants))};\n"
    return Gateway(config_text=text, listen=False, port=port, secrets=[KEY])


@pytest.fixture(scope="module")
def daemon(recorder):
    with gateway_for(tenant_at(recorder)) as gateway:
        yield gateway


@pytest.fixture
def gateway(daemon, recorder):
    recorder.reset()
    return daemon


# -- requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method, target, body, headers", [
    ("GET", EXISTS, None, {}),
    ("GET", EXISTS + "?a=b&&c=%2f+%2F&d&=e", None, {}),
    ("GET", "/my-tenant/API/v3/Folders/my%2dfolder/SERVICES/a%20b/ExiSts", None, {}),
    ("POST", EXECUTE, b' { "request_data" : {"inputs":{"x":1.0e00, "x":1}} }\n', JSON),
    ("POST", API + "/v4/execute?x=1", b'{"service":"f/s","inputs":[{}]}', {"Content-Type": "application/json; charset=utf-8"}),
    ("POST", EXECUTE, gzip.compress(b"{}", mtime=0), {**JSON, "Content-Encoding": "gzip"}),
    ("POST", API + "/v4/transforms/f/t/run", zlib.compress(b"{}"), {**JSON, "Content-Encoding": "deflate"}),
    ("POST", "/api/v1/product/list", b'{"page":1}', JSON),
    ("POST", "/api/v1/product/create", b"Name=a+b&Name=c", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("POST", "/api/v1/product/isproductexists/f", b"", {}),
    ("DELETE", "/api/v1/product/delete/x", b"null", JSON),
    ("PATCH", API + "/v4/batch/x", b'{"batch_status":"closed"}', JSON),
    ("PUT", API + "/v9/anything/at%20all", b"\0\1\2\xff" * 100_000, {"Content-Type": "application/octet-stream"}),
    ("GET", "/health", None, {}),
    ("POST", UPLOAD, b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + b"\r\n-" * 200_000 + b"\r\n--b--\r\n",
     {"Content-Type": 'multipart/form-data; boundary="b"'}),
    ("POST", UPLOAD, b"--b--", {"Content-Type": "multipart/form-data; boundary=b"}),
])
def test_a_request_arrives_as_it_was_sent(gateway, recorder, method, target, body, headers):
    answer = gateway.request(method, target, body, headers)
    assert (answer.status, answer.body) == (200, b"{}"), answer
    (request,) = recorder.requests
    assert (request.method, request.target, request.body) == (method, target, body or b"")
    if body:
        assert request.headers.get("content-type") == headers.get("Content-Type", request.headers.get("content-type"))
        assert request.headers.get("content-encoding") == headers.get("Content-Encoding")
        assert request.headers["content-length"] == str(len(body))
    assert request.headers["x-request-id"] == answer.header("x-request-id")


@pytest.mark.parametrize("method, target, body", BOTH)
def test_credentials_and_what_is_between_neighbours_do_not_pass(gateway, recorder, method, target, body):
    secrets = {"Authorization": "Bearer mine-0", "x-synthetic-key": "mine-1", "Cookie": "a=mine-2", "X-Cspark-Token": "mine-3",
               "Proxy-Authorization": "mine-4", "Keep-Alive": "timeout=mine-5",
               "X-HTTP-Method-Override": "mine-6", "X-Original-URL": "/mine-7", "X-Forwarded-Host": "mine-8", "Referer": "mine-9",
               "x-Tenant-Name": "my-tenant"}
    answer = gateway.request(method, target, body, {**JSON, **secrets})
    assert answer.status == 200
    (request,) = recorder.requests
    assert not [field for field in request.fields if "mine" in field[1]]
    assert [value for name, value in request.fields if name.lower() == "x-synthetic-key"] == [KEY]
    assert [value for name, value in request.fields if name.lower() == "x-tenant-name"] == ["my-tenant"]
    assert request.headers["host"] == recorder.url.removeprefix("http://")


def test_a_body_in_chunks_arrives_whole(gateway, recorder):
    head = f"POST {UPLOAD} HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
    with gateway.connect() as wire:
        wire.send(head.encode() + b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: x\r\n\r\n")
        assert wire.answer().status == 200
    assert recorder.requests[0].body == b"hello!"


def test_codings_that_spark_does_not_take(gateway, recorder):
    assert gateway.post(EXECUTE, b"{}", {**JSON, "Content-Encoding": "zstd"}).code == "unsupported_media_type"
    assert recorder.requests == []


# -- answers ------------------------------------------------------------------------------------

BODY = b' {"a" : 1.0e0,\t"text":"\xc3\xbc","url":"http://127.0.0.1:1/api/v1/x"} \n'


@pytest.mark.parametrize("method, target, body", BOTH)
@pytest.mark.parametrize("status", [200, 201, 202, 400, 403, 404, 405, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504])
def test_an_answer_is_passed_on_as_it_came(gateway, recorder, method, target, body, status):
    recorder.answer = answer_of(status, BODY, content_type="application/json; charset=utf-8; x=y", set_cookie="a=b",
                                server="Kestrel", retry_after="0", x_powered_by="ASP.NET")
    answer = gateway.request(method, target, body, JSON)
    assert (answer.status, answer.body) == (status, BODY), answer
    assert answer.header("content-type") == "application/json; charset=utf-8; x=y"
    assert answer.header("set-cookie") is None and answer.header("x-powered-by") is None
    if status in (429, 503):
        assert answer.header("retry-after") == "0"
    assert len(recorder.requests) == 1 and answer.header("x-cspark-attempts") == "1"


@pytest.mark.parametrize("method, target, body", BOTH)
def test_an_answer_need_not_be_json(gateway, recorder, method, target, body):
    recorder.answer = answer_of(400, b"<html>no</html>", content_type="text/html")
    answer = gateway.request(method, target, body, JSON)
    assert (answer.status, answer.body, answer.header("content-type")) == (400, b"<html>no</html>", "text/html")
    recorder.answer = answer_of(503, b"")
    answer = gateway.request(method, target, body, JSON)
    assert (answer.status, answer.body) == (503, b"")


@pytest.mark.parametrize("size", [0, 1, 200_000, 400_000])
def test_a_file_has_its_name(gateway, recorder, size):
    disposition = "attachment; filename=\"a b.xlsx\"; filename*=UTF-8''%C3%BC.xlsx"
    recorder.answer = answer_of(200, b"\0\xff" * (size // 2), content_type="application/x-thing", content_disposition=disposition)
    answer = gateway.get(EXISTS)
    assert answer.body == b"\0\xff" * (size // 2) and answer.header("content-length") == str(size // 2 * 2)
    assert (answer.header("content-type"), answer.header("content-disposition")) == ("application/x-thing", disposition)


def test_nothing_is_an_answer(gateway, recorder):
    recorder.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    answer = gateway.request("DELETE", "/api/v1/product/delete/x")
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("method, target, body", BOTH)
def test_a_caller_never_sees_a_401_that_is_about_us(gateway, recorder, method, target, body):
    recorder.answer = answer_of(401, b"{}", content_type="application/json", www_authenticate="Bearer")
    answer = gateway.request(method, target, body, JSON)
    assert (answer.status, answer.code) == (502, "credentials_refused") and answer.header("www-authenticate") is None


def test_a_head_tells_the_length(gateway, recorder):
    recorder.answer = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 12345\r\n\r\n"
    answer = gateway.request("HEAD", EXISTS)
    assert (answer.status, answer.body, answer.header("content-type")) == (200, b"", "a/b")
    assert recorder.requests[0].method == "HEAD"
    assert answer.header("content-length") == "12345"


# -- tenants ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target, headers, wanted", [
    ("/my-tenant/api/v3/x", {}, "my-tenant"), ("/other/api/v3/x", {}, "other"),
    ("/api/v1/x", {}, "my-tenant"), ("/api/v1/x", {"x-tenant-name": "other"}, "other"),
    ("/api/v1/x", {"X-Tenant-Name": "second"}, "other"), ("/api/v1/x", {"x-tenant-name": "nobody"}, None),
    ("/nobody/api/v3/x", {}, None), ("/other/api/v3/x", {"x-tenant-name": "my-tenant"}, "other"),
])
def test_the_tenant_is_in_the_path_or_in_a_field(recorder, target, headers, wanted):
    recorder.reset()
    second = tenant_at(recorder, name="second", base_url=recorder.url + "/other", auth={"api_key": "another-key"})
    with gateway_for(tenant_at(recorder), second) as gateway:
        answer = gateway.get(target, headers)
        if wanted is None:
            assert (answer.status, answer.code, recorder.requests) == (404, "no_such_route", [])
        else:
            (request,) = recorder.requests
            assert (request.headers["x-tenant-name"], request.target) == (wanted, target)
            assert request.headers["x-synthetic-key"] == (KEY if wanted == "my-tenant" else "another-key")


# -- addresses in answers -------------------------------------------------------------------------


def test_addresses_are_left_alone_unless_asked(sim):
    location = "/services/my-folder/volume-cylinder"
    for rewrites in (False, True):
        with csparkd(sim, rewrite_urls=rewrites) as gateway:
            path = EXECUTE.removesuffix("execute") + "log/downloadjson"
            job = gateway.post(path, {}).json()["response_data"]["job_id"]
            answers = [gateway.get(f"{path}/status/{job}").json()["response_data"]["download_url"] for _ in range(2)]
            assert answers[1].startswith(gateway.url if rewrites else sim.url), answers
            if rewrites:
                assert gateway.get(answers[1].removeprefix(gateway.url)).body.startswith(b"PK")
            assert gateway.get(location + "/file").status == 200


def test_what_is_no_json_is_never_changed(recorder):
    recorder.reset()
    with gateway_for(tenant_at(recorder, rewrite_urls=True)) as gateway:
        url = recorder.url.encode() + EXISTS.encode()
        for body, type in ((b'"%s"' % url, "text/plain"), (b'{"a":"%s"' % url, "application/json"),
                           (b'{"a":1,"b":"http:x"}', "application/json")):
            recorder.answer = answer_of(200, body, content_type=type)
            assert gateway.get(EXISTS).body == body
        recorder.answer = answer_of(200, b'{"%s":"%s"}' % (b"http-key", url), content_type="application/json")
        assert gateway.get(EXISTS).json() == {"http-key": gateway.url + EXISTS}


# -- the simulator's word ---------------------------------------------------------------------------


def test_a_session_of_an_sdk(sim):
    """Token, folder, upload, compilation, publication, execution, log, deletion; all with Spark's own words."""
    port = free_port()
    listeners = [{"address": f"127.0.0.1:{port}", "allow": EVERYTHING}]
    with csparkd(sim, tenants=[tenant_of(sim)], listeners=listeners, listen=False, port=port) as gateway:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        token = gateway.post("/auth/realms/my-tenant/protocol/openid-connect/token", b"grant_type=x", form).json()["access_token"]
        mine = {"Authorization": f"Bearer {token}"}
        assert gateway.post("/api/v1/product/create", b"Name=sdk", {**form, **mine}).json()["status"] == "Success"
        service = API + "/v3/folders/sdk/services/motor"
        parts = (b'--b\r\nContent-Disposition: form-data; name="engineUploadRequestEntity"\r\n\r\n{"request_data":{}}\r\n'
                 b'--b\r\nContent-Disposition: form-data; name="serviceFile"; filename="m.xlsx"\r\n\r\nPK!\r\n--b--\r\n')
        upload = gateway.post(service + "/upload", parts, {"Content-Type": "multipart/form-data; boundary=b", **mine}).json()
        upload = upload["response_data"]
        while gateway.get(f"{service}/getcompilationprogess/{upload['nodegen_compilation_jobid']}", mine).json()[
                "response_data"]["progress"] < 100:
            pass
        wish = {name: upload[name] for name in ("original_file_documentid", "engine_file_documentid")}
        assert gateway.post(service + "/publish", {"request_data": wish}, mine).json()["status"] == "Success"
        answer = gateway.post(service + "/execute", {"request_data": {"inputs": INPUTS}}, mine)
        call = answer.json()["response_meta"]["call_id"]
        assert answer.header("x-spark-call-id") == call
        assert call in gateway.get(f"{API}/v3/log/getexecutionhistorybycallid/{call}", mine).text
        assert gateway.get("/api/v1/product/sdk/engines/motor/download/", mine).body == b"PK!"
        assert gateway.request("DELETE", "/api/v1/product/sdk/engines/delete/motor", b"null", {**JSON, **mine}).json()["data"] is None
        refused = gateway.post(service + "/execute", {}, mine)
        assert refused.status >= 400 and refused.code is None and json.loads(refused.body)
        assert {entry["credential"] for entry in sim.executes()} == {"bearer"}
        assert token not in json.dumps(sim.ledger())
