"""What a listener lets its callers do: groups of operations, names of services, and where files may come from."""

import gzip
import json
import urllib.parse

import pytest
from configured import csparkd
from gateway import free_port
from simulator import Simulator
from test_operations import CHUNKS, EVERYTHING, INPUTS, SERVICE_ID, VERSION_ID
from wire import Wire

T = "/my-tenant/api"
ENVELOPE = {"request_data": {"inputs": INPUTS}}
V4 = {"inputs": [INPUTS]}
PADDING = "x" * 300_000  # more than is kept in memory


class Listeners:
    """A daemon with several listeners, each with its own rules; ask(name, method, path ...) goes by one of them."""

    def __init__(self, sim, rules, **settings):
        self.ports = {name: free_port() for name in ["all", *rules]}
        listeners = [{"address": f"127.0.0.1:{self.ports[name]}", "allow": EVERYTHING, **rules.get(name, {})}
                     for name in self.ports]
        self.gateway = csparkd(sim, listeners=listeners, listen=False, port=self.ports["all"], **settings)

    def __enter__(self):
        self.gateway.__enter__()
        return self

    def __exit__(self, *failure):
        return self.gateway.__exit__(*failure)

    def ask(self, name, *request):
        self.gateway.port = self.ports[name]
        try:
            return self.gateway.request(*request)
        finally:
            self.gateway.port = self.ports["all"]


def is_refused(answer, *words):
    assert (answer.status, answer.code) == (403, "operation_disabled"), answer
    assert all(word in answer.json()["detail"] for word in words), answer
    assert answer.json()["outcome"] == "not_sent" and answer.header("x-cspark-attempts") == "0"
    return True


# -- groups ------------------------------------------------------------------------------------

OF_GROUP = {
    "execute": [("POST", "/execute/my-folder/volume-cylinder", INPUTS), ("GET", "/execute/my-folder/echo?a=1"),
                ("POST", "/validate/my-folder/volume-cylinder", {}), ("POST", "/batches?service=my-folder/echo"),
                ("POST", T + "/v4/execute", {"service": "my-folder/echo", **V4}), ("GET", "/batches/x/results")],
    "read": [("GET", "/services"), ("GET", "/services/my-folder/echo"), ("GET", "/platform/health"), ("GET", "/batches"),
             ("GET", T + "/v3/folders/my-folder/services/echo/exists"), ("POST", "/api/v1/product/list", {}),
             ("POST", "/logs/my-folder/echo/download"), ("GET", "/files?url=http://x/")],
    "manage": [("POST", "/folders?name=x"), ("DELETE", "/services/my-folder/echo"), ("PUT", "/services/f/s", b"PK"),
               ("DELETE", "/api/v1/product/delete/x"), ("POST", "/exports?folders=my-folder"),
               ("POST", T + "/v3/folders/f/services/s/upload", b"x"), ("PUT", "/transforms/f/t", {})],
    "raw": [("GET", T + "/v9/anything"), ("DELETE", T + "/v3/folders/x"), ("POST", "/api/v9/thing", {}),
            ("HEAD", T + "/v3/folders/f/services/s/exists")],
    "ops": [("GET", "/status"), ("GET", "/metrics")],
}


@pytest.fixture(scope="module")
def listeners(running):
    """One for each group alone, one that allows nothing by name, and one by default."""
    rules = {group: {"allow": [group]} for group in OF_GROUP}
    rules["default"] = {"allow": ["execute", "read", "ops"]}
    with Listeners(running, rules) as listeners:
        yield listeners


@pytest.mark.parametrize("group", OF_GROUP)
def test_a_group_is_one_listeners_and_no_others(listeners, sim, group):
    for other in OF_GROUP:
        for question in OF_GROUP[group]:
            answer = listeners.ask(other, *question)
            if other == group:
                assert answer.code != "operation_disabled" or "file_hosts" in answer.json()["detail"], (question, answer)
            elif question[0] == "HEAD":
                assert answer.status == 403
            else:
                assert is_refused(answer, f'add "{group}" to allow', str(listeners.ports[other])), (other, question)


def test_probes_need_no_group(listeners):
    for name in listeners.ports:
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert listeners.ask(name, "GET", path).status == 200, (name, path)


def test_what_is_refused_is_not_sent(listeners, sim):
    for group in OF_GROUP:
        for question in OF_GROUP[group]:
            if group != "read":
                listeners.ask("read", *question)
    assert [entry for entry in sim.ledger() if "/openid-connect/" not in entry["path"]] == []


def test_managing_and_raw_calls_are_asked_for(sim):
    with csparkd(sim) as gateway:
        for group, questions in OF_GROUP.items():
            for question in questions:
                answer = gateway.request(*question)
                refused = answer.status == 403 and "file_hosts" not in answer.text
                assert refused == (group in ("manage", "raw")), (question, answer)


# -- services ----------------------------------------------------------------------------------

ID = "00000000-1111-4222-8333-444444444444"
ONE = {"services": ["my-folder/volume-cylinder"]}
BY_ID = {"services": [f"service/{SERVICE_ID}", "version/*", "proxy/volume-*", "batches/*", "exports"]}
META = "/execute/my-folder/volume-cylinder?_meta="
CYLINDER = T + "/v3/folders/my-folder/services/volume-cylinder"


def meta(**members):
    return {**ENVELOPE, "request_meta": members}


def quoted(**members):
    return urllib.parse.quote(json.dumps(members))


TRANSFORM = T + "/v4/transforms/documents/vol/for/my-folder/volume-cylinder"
ALLOWED = [
    ("POST", TRANSFORM, INPUTS),
    ("POST", TRANSFORM, INPUTS, {"x-request-meta": "'{\"service_uri\":\"my-folder/volume-cylinder\"}'"}),
    ("POST", CYLINDER + "/validation"),
    ("POST", "/execute/my-folder/volume-cylinder", INPUTS),
    ("POST", "/execute/my-folder/volume-cylinder[0.1.0]", [INPUTS, INPUTS]),
    ("POST", "/execute/my%2Dfolder/volume%2dcylinder", INPUTS),
    ("POST", "/execute/my-folder/volume-cylinder", meta(service_uri="my-folder/volume-cylinder")),
    ("POST", "/execute", meta(service_uri="folders/my-folder/services/volume-cylinder[0.1.0]")),
    ("GET", META + quoted(service_uri="my-folder/volume-cylinder", call_purpose="x")),
    ("POST", "/validate/my-folder/volume-cylinder", {}),
    ("GET", "/services/my-folder/volume-cylinder/schema"),
    ("GET", "/services/my%2dfolder/volume-cylinder"),
    ("GET", "/logs/my-folder/volume-cylinder"),
    ("POST", CYLINDER + "/execute", ENVELOPE),
    ("POST", "/my-tenant/API/V3/Folders/my-folder/SERVICES/volume-cylinder/Execute", ENVELOPE),
    ("POST", CYLINDER + "/validation", {}),
    ("POST", CYLINDER + "/validation", {"padding": PADDING}),
    ("GET", "/api/v1/product/my-folder/engines/get/volume-cylinder"),
    ("POST", T + "/v4/execute", {"service": "my-folder/volume-cylinder", **V4}),
    ("POST", T + "/v3/execute", meta(service_uri="my-folder/volume-cylinder")),
    ("POST", "/batches", {"service": "my-folder/volume-cylinder"}),
    ("POST", "/batches?service=my-folder/volume-cylinder"),
    ("POST", T + "/v4/batch", {"service": "my-folder/volume-cylinder"}),
]
FORBIDDEN = [
    # by path
    ("POST", "/execute/my-folder/echo", INPUTS),
    ("POST", "/execute/my-folder/volume-cylinder2", INPUTS),
    ("POST", "/execute/My-Folder/volume-cylinder", INPUTS),
    ("POST", f"/execute/service/{SERVICE_ID}", INPUTS),
    ("POST", f"/execute/version/{VERSION_ID}", INPUTS),
    ("POST", "/execute/proxy/volume-cylinder", INPUTS),
    ("POST", "/validate/my-folder/echo", {}),
    ("POST", "/transform/my-folder/echo", INPUTS),
    ("POST", "/transform?using=my-folder/x", INPUTS),
    ("GET", "/services/my-folder/echo"),
    ("GET", "/services/my-folder/%65cho/schema"),
    ("DELETE", "/services/my-folder/echo"),
    ("GET", f"/service/{SERVICE_ID}/metadata"),
    ("GET", f"/version/{VERSION_ID}/file"),
    ("GET", "/logs/my-folder/echo"),
    ("POST", T + "/v3/folders/my-folder/services/echo/execute", ENVELOPE),
    ("POST", T + "/v3/public/folders/my-folder/services/public-echo/execute", ENVELOPE),
    ("POST", T + f"/v3/service/{SERVICE_ID}", ENVELOPE),
    ("POST", T + f"/v3/version/{VERSION_ID}", ENVELOPE),
    ("POST", T + "/v3/proxy/volume-cylinder", ENVELOPE),
    ("GET", T + "/v3/folders/my-folder/services/echo/exists"),
    ("GET", "/api/v1/product/my-folder/engines/get/echo"),
    # by metadata
    ("GET", META + quoted(service_uri="my-folder/echo")),
    ("GET", META + quoted(service_id=SERVICE_ID)),
    ("GET", META + quoted(version_id=VERSION_ID)),
    ("POST", META + quoted(version_id=VERSION_ID), [INPUTS]),
    ("POST", "/execute/my-folder/volume-cylinder", meta(version_id=VERSION_ID)),
    ("POST", "/execute/my-folder/volume-cylinder", meta(service_uri="my-folder/echo")),
    ("POST", "/validate/my-folder/volume-cylinder", meta(service_id=SERVICE_ID)),
    ("POST", CYLINDER + "/execute", meta(version_id=VERSION_ID)),
    ("POST", CYLINDER + "/validation", meta(service_uri="my-folder/echo")),
    ("POST", CYLINDER + "/validation", {"padding": PADDING, **meta(service_uri="my-folder/echo")}),
    # by body
    ("POST", "/execute", meta(service_uri="my-folder/echo")),
    ("POST", "/execute", meta(service_id=SERVICE_ID)),
    ("POST", "/execute", ENVELOPE),
    ("POST", T + "/v3/execute", meta(version_id=VERSION_ID)),
    ("POST", T + "/v3", meta(service_uri="folders/my-folder/services/echo")),
    ("POST", T + "/v4/execute", {"service": "my-folder/echo", **V4}),
    ("POST", T + "/v4/execute", {"service": SERVICE_ID, **V4}),
    ("POST", T + "/v4/execute", {"version_id": VERSION_ID, **V4}),
    ("POST", T + "/v4/execute", {"service": "my-folder/volume-cylinder", "version_id": VERSION_ID, **V4}),
    ("POST", T + "/v4/execute", {"service": ["my-folder/volume-cylinder"], **V4}),
    ("POST", T + "/v4/execute", V4),
    # so that two readers may understand it differently
    ("POST", T + "/v4/execute", b'{"service":"my-folder/echo","service":"my-folder/volume-cylinder","inputs":[{}]}'),
    ("POST", T + "/v4/execute", b'{"service":"my-folder/volume-cylinder","service":"my-folder/echo","inputs":[{}]}'),
    ("POST", T + "/v4/execute", b'{"service":"my-folder/volume-cylinder","\\u0073ervice":"my-folder/echo","inputs":[{}]}'),
    ("POST", T + "/v4/execute", {"service": "my-folder/volume-cylinder", "Version_Id": VERSION_ID, **V4}),
    ("POST", T + "/v3/execute", b'{"request_meta":{"service_uri":"my-folder/echo"},'
                                b'"request_meta":{"service_uri":"my-folder/volume-cylinder"}}'),
    ("POST", T + "/v3/execute", {"request_meta": {"service_uri": "my-folder/volume-cylinder"},
                                 "Request_Meta": {"version_id": VERSION_ID}}),
    ("POST", T + "/v4/execute", gzip.compress(json.dumps({"service": "my-folder/volume-cylinder", **V4}).encode(), mtime=0),
     {"Content-Encoding": "gzip"}),
    ("POST", T + "/v4/execute", b'{"service":"my-folder/volume-cylinder"'),
    # by a header
    *[("POST", TRANSFORM, INPUTS, {"x-request-meta": header.format(json.dumps({"version_id": VERSION_ID}))})
      for header in ("'{}'", "{}", "{} x")],
    ("POST", TRANSFORM, INPUTS, {"x-meta": json.dumps(json.dumps({"service": "my-folder/echo"}))}),
    # batches, and what has no name
    ("POST", "/batches", {"service": "my-folder/echo"}),
    ("POST", "/batches?service=my-folder/echo"),
    ("POST", f"/batches?version_id={VERSION_ID}"),
    ("POST", f"/batches?_version_id={VERSION_ID}", {"service": "my-folder/volume-cylinder"}),
    ("POST", "/batches?service=my-folder/volume-cylinder", {"version_id": VERSION_ID}),
    ("POST", "/batches"),
    ("POST", T + "/v4/batch", {"service": "my-folder/echo"}),
    ("GET", "/batches"),
    ("GET", f"/batches/{ID}/results"),
    ("POST", f"/batches/{ID}/chunks", CHUNKS),
    ("GET", "/services"),
    ("GET", "/folders"),
    ("GET", "/folders/my-folder/services"),
    ("DELETE", f"/folders/{ID}"),
    ("GET", f"/logs/{ID}"),
    ("POST", "/exports?services=my-folder/echo"),
    ("POST", "/exports", {"inputs": {"services": ["my-folder/echo"]}}),
    ("GET", f"/exports/{ID}/files"),
    ("POST", "/imports", b"PK"),
    ("GET", "/files?url=http://127.0.0.1/"),
    ("GET", T + "/v3/anything/my-folder/volume-cylinder"),
    ("POST", "/api/v1/product/list", {}),
    ("POST", "/hybrid/metadata", {"request_meta": {"service_id": SERVICE_ID}}),
]
BY_ID_ALLOWED = [
    ("POST", f"/execute/service/{SERVICE_ID}", INPUTS),
    ("POST", f"/execute/version/{VERSION_ID}", INPUTS),
    ("POST", "/execute/proxy/volume-cylinder", INPUTS),
    ("GET", f"/service/{SERVICE_ID}/metadata"),
    ("GET", f"/version/{VERSION_ID}/schema"),
    ("GET", f"/version/{VERSION_ID}/file"),
    ("POST", f"/validate/version/{VERSION_ID}", {}),
    ("POST", T + f"/v3/service/{SERVICE_ID}", ENVELOPE),
    ("POST", T + f"/v3/public/version/{VERSION_ID}", ENVELOPE),
    ("POST", T + "/v3/proxy/volume-cylinder", ENVELOPE),
    ("POST", T + f"/v3/version/{VERSION_ID}/validation", {}),
    ("POST", T + "/v4/execute", {"service": SERVICE_ID, **V4}),
    ("POST", T + "/v4/execute", {"version_id": VERSION_ID, **V4}),
    ("POST", f"/batches?version_id={VERSION_ID}"),
    ("GET", f"/batches/{ID}/status"),
    ("GET", "/exports"),
]
BY_ID_FORBIDDEN = [
    ("POST", "/execute/my-folder/volume-cylinder", INPUTS),
    ("POST", f"/execute/service/{ID}", INPUTS),
    ("POST", "/execute/proxy/echo", INPUTS),
    ("POST", T + f"/v3/service/{ID}", ENVELOPE),
    ("POST", T + "/v3/proxy/echo", ENVELOPE),
    ("POST", T + "/v4/execute", {"service": "my-folder/volume-cylinder", **V4}),
    ("GET", f"/exports/{ID}"),
    ("GET", "/imports"),
]


@pytest.fixture(scope="module")
def guarded(running):
    with Listeners(running, {"one": ONE, "by id": BY_ID, "folder": {"services": ["my-folder/*", "?x/y"]}}) as listeners:
        yield listeners


@pytest.mark.parametrize("name, questions", [("one", ALLOWED), ("by id", BY_ID_ALLOWED)])
def test_what_is_named_may_be_used(guarded, sim, name, questions):
    answers = [(question[:2], guarded.ask(name, *question)) for question in questions]
    wrong = [row for row in answers if row[1].code == "operation_disabled"]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("name, questions", [("one", FORBIDDEN), ("by id", BY_ID_FORBIDDEN)])
def test_what_is_not_named_may_not(guarded, sim, name, questions):
    wrong = []
    for question in questions:
        answer = guarded.ask(name, *question)
        if (answer.status, answer.code) != (403, "operation_disabled") or "services of the listener" not in answer.text:
            wrong.append((question[:2], str(question[2:3])[:200], answer))
    assert not wrong, "\n".join(map(str, wrong))
    assert [entry["path"] for entry in sim.ledger() if "/openid-connect/" not in entry["path"]] == []


@pytest.mark.parametrize("path", ["my-folder/volume-cylinder%2F..%2Fecho", "my-folder%2Fecho/x", "my-folder/..", "my-folder/%2e%2e",
                                  "my-folder/volume-cylinder/../echo", "my-folder//echo", "my-folder/a%00b", "my-folder/a%5cb"])
@pytest.mark.parametrize("before, after", [("/services/", "/schema"), ("/execute/", ""),
                                           ("/my-tenant/api/v3/folders/", "/execute")])
def test_names_cannot_be_hidden(guarded, sim, before, path, after):
    path = path.replace("/", "/services/", 1) if "folders" in before else path
    answer = guarded.ask("folder", "GET" if "schema" in after else "POST", before + path + after, None if "schema" in after else INPUTS)
    assert answer.status in (400, 403, 404), answer
    assert [entry for entry in sim.ledger() if "echo" in entry["path"]] == []


def test_a_glob_takes_a_whole_folder(guarded, sim):
    assert guarded.ask("folder", "POST", "/execute/my-folder/echo", {"a": 1}).status == 200
    assert is_refused(guarded.ask("folder", "POST", "/execute/other/echo", {"a": 1}), "other/echo")
    assert guarded.ask("folder", "POST", "/execute/ax/y", {}).code != "operation_disabled"


# -- files -------------------------------------------------------------------------------------


def files(url):
    return "/files?url=" + urllib.parse.quote(url, safe="")


@pytest.fixture(scope="module")
def elsewhere():
    """Another host: it has a file at its /health, as good as any."""
    with Simulator() as simulator:
        yield simulator


def test_files_come_from_spark_alone(sim, elsewhere):
    with csparkd(sim) as gateway:
        assert gateway.get(files(sim.url + "/health")).json() == {"status": "UP"}
        port = sim.port
        for url in (elsewhere.url + "/health", f"http://localhost:{port}/health", f"http://127.0.0.2:{port}/health",
                    f"https://127.0.0.1:{port}/health", "https://excel.my-env.coherent.global/x",
                    "http://169.254.169.254/latest/meta-data", "http://[::1]/x", f"http://127.0.0.1:{port}.evil.example/x",
                    "http://127.0.0.1/x"):
            assert is_refused(gateway.get(files(url)), "file_hosts"), url
        for url in (f"http://127.0.0.1:{port}@evil.example/x", f"http://a:b@127.0.0.1:{port}/health", "file:///etc/passwd",
                    "/health", "", f"http://127.0.0.1:{port}\\@evil/x", f"ftp://127.0.0.1:{port}/x", "http:///x",
                    f"http://127.0.0.1:{port}/a b", f"http://127.0.0.1:{port}/a\r\nX-Evil: 1"):
            assert gateway.get(files(url)).code == "bad_parameter", url
        assert gateway.get("/files").code == "bad_parameter"
        assert [e for e in elsewhere.ledger() if e["path"] == "/health"] == []


def test_a_listed_host_gets_no_credentials(sim, elsewhere):
    elsewhere.reset()
    host = f"127.0.0.1:{elsewhere.port}"
    with csparkd(sim, file_hosts=[host], private_files=True) as gateway:
        answer = gateway.get(files(elsewhere.url + "/health"), {"Authorization": "Bearer mine", "Cookie": "a=b"})
        assert answer.json() == {"status": "UP"}
        (entry,) = elsewhere.ledger()
        assert entry["credential"] == "none" and "cookie" not in [name.lower() for name in entry["header_names"]]
        assert "x-tenant-name" not in [name.lower() for name in entry["header_names"]]
    with csparkd(sim, file_hosts=[host]) as gateway:
        answer = gateway.get(files(elsewhere.url + "/health"))
        assert (answer.status, answer.json()["outcome"]) == (502, "not_sent") and "no public address" in answer.text
        assert len(elsewhere.ledger()) == 1


@pytest.mark.parametrize("mood", ["redirect-301", "redirect-302", "redirect-307", "redirect-file"])
def test_redirects_are_not_followed(sim, elsewhere, mood):
    elsewhere.reset()
    sim.mood("*", mood, path="/health", text=elsewhere.url + "/health")
    with csparkd(sim) as gateway:
        answer = gateway.get(files(sim.url + "/health"))
        assert (answer.status, answer.code) == (502, "spark_error") and "Redirects are not followed" in answer.text
    assert elsewhere.ledger() == [] and len(sim.ledger(path="/health")) == 1


def test_an_export_that_hands_out_a_foreign_address(sim):
    """What a job is told to fetch has the same rules."""
    foreign = json.dumps({"id": "x", "status": "closed", "errors": None, "outputs": {"files": [{"file": "http://127.0.0.9:9/x"}]}})
    with Listeners(sim, {}) as listeners:
        location = listeners.ask("all", "POST", "/exports?folders=my-folder", None, {"Prefer": "respond-async"}).header("location")
        sim.mood("*", "html", operation="exports.status", text=foreign)
        answer = listeners.ask("all", "GET", location + "/files")
        assert (answer.status, answer.code) == (403, "operation_disabled") and "download: 127.0.0.9:9 is no host" in answer.text


def test_a_list_that_names_another_service_is_refused_before_a_part_of_it_can_be_sent(sim):
    """Parts of a list leave while it still comes: nobody waits for its end to look at what the query says."""
    with Listeners(sim, {"one": ONE}) as listeners:
        with Wire(("127.0.0.1", listeners.ports["one"]), 30) as wire:
            wire.send(f"POST {META}{quoted(service='my-folder/echo')} HTTP/1.1\r\nHost: localhost\r\n"
                      "Content-Type: application/x-ndjson\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n".encode())
            assert wire.answer(interim=True).status == 403
        assert listeners.ask("one", "POST", META.partition("?")[0], [INPUTS] * 500).status == 200
