"""The simulator's operations beyond execution: folders, services, files, and what goes wrong with them."""

import io
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import pytest

from simulator import TOP, Simulator

T = "/my-tenant"
V1, V3, V4 = "/api/v1", T + "/api/v3", T + "/api/v4"
SEEDED = "/folders/my-folder/services/volume-cylinder"
VERSION = "91299a5d-9328-4435-911b-4e5f7783f5d4"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def zip(self):
        return zipfile.ZipFile(io.BytesIO(self.body))


def form(*parts):
    """multipart/form-data of (name, content) and (name, file name, content)."""
    out = b""
    for name, *file, content in parts:
        disposition = f'form-data; name="{name}"' + "".join(f'; filename="{f}"' for f in file)
        content = content if isinstance(content, bytes) else content.encode()
        out += b"--b0undary\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"
    return out + b"--b0undary--\r\n", "multipart/form-data; boundary=b0undary"


class Spark:
    """A client of the simulator with good credentials."""

    def __init__(self, sim):
        self.sim = sim
        self.headers = {"Authorization": "Bearer " + sim.fetch_token()}

    def __call__(self, method, path, body=None, type="application/json", **headers):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        given = {**self.headers, **({"Content-Type": type} if body is not None else {}), **headers}
        url = path if path.startswith("http") else self.sim.url + path
        request = urllib.request.Request(url, body, {k: v for k, v in given.items() if v is not None}, method=method)
        try:
            with OPENER.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def key(self, method, path, body=None, **rest):
        credentials = {"Authorization": None, "x-synthetic-key": "demo-key", "x-tenant-name": "my-tenant"}
        return self(method, path, body, **credentials, **rest)

    def multipart(self, path, *parts):
        body, type = form(*parts)
        return self("POST", path, body, type)

    def folder(self, name):
        answer = self.multipart(V1 + "/product/create", ("Name", name))
        return answer.json["data"]["folderId"]

    def upload(self, folder, service, content=b"PK workbook", **wish):
        return self.multipart(f"{V3}/folders/{folder}/services/{service}/upload",
                              ("engineUploadRequestEntity", json.dumps({"request_data": wish})),
                              ("serviceFile", f"{service}.xlsx", content))

    def compilation(self, folder, service, job):
        return self("GET", f"{V3}/folders/{folder}/services/{service}/getcompilationprogess/{job}").json

    def publish(self, folder, service, upload, **wish):
        wish = {"original_file_documentid": upload["original_file_documentid"],
                "engine_file_documentid": upload["engine_file_documentid"], **wish}
        return self("POST", f"{V3}/folders/{folder}/services/{service}/publish", {"request_data": wish})

    def create(self, folder, service, content=b"PK workbook", **wish):
        upload = self.upload(folder, service, content, **wish).json["response_data"]
        while self.compilation(folder, service, upload["nodegen_compilation_jobid"])["response_data"]["progress"] < 100:
            pass
        return self.publish(folder, service, upload, **wish).json["response_data"]["version_id"]


@pytest.fixture(scope="module")
def running():
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(running):
    running.reset()
    return running


@pytest.fixture
def spark(sim):
    return Spark(sim)


# -- folders and categories -------------------------------------------------------


def test_a_folder_is_created_found_changed_and_deleted(spark):
    created = spark.multipart(V1 + "/product/create", ("Name", "pricing"), ("Description", "models"),
                              ("CoverImage", "c.png", b"\x89PNG")).json
    assert created["status"] == "Success" and created["errorCode"] is None
    folder = spark("GET", created["data"]["get_product_url"]).json["data"]
    assert (folder["id"], folder["name"], folder["description"]) == (created["data"]["folderId"], "pricing", "models")
    assert folder["calculationEngines"]["next"] == "False" and folder["category"] == "Other"
    assert spark("GET", folder["coverImagePath"]).body == b"\x89PNG"
    assert spark("POST", V1 + "/product/isproductexists/pricing").json["data"] is True
    listed = spark("POST", V1 + "/product/list", {"search": [{"field": "name", "value": "PRIC"}], "page": 1,
                                                  "pageSize": 100, "sort": "-updated"}).json
    assert [f["name"] for f in listed["data"]] == ["pricing"] and listed["count"] == 1
    change = {"description": "other", "category": "Term", "shouldTrackUserAction": True}
    assert spark("POST", f"{V1}/product/update/{folder['id']}", change).json["data"] is None
    assert spark.multipart(V1 + "/product/uploadcoverimage", ("id", folder["id"]), ("coverImage", "d.png", b"2")).json["status"] == "Success"
    folder = spark("GET", V1 + "/product/GetProduct/pricing").json["data"]
    assert (folder["description"], folder["category"]) == ("other", "Term")
    assert spark("DELETE", f"{V1}/product/delete/{folder['id']}", b"null").json["status"] == "Success"
    assert spark("POST", V1 + "/product/isproductexists/pricing").json["data"] is False


def test_a_folder_is_created_from_an_urlencoded_form(spark):
    body = urllib.parse.urlencode({"Name": "a b", "Category": "Term", "StartDate": "2025-01-01T00:00:00"}).encode()
    answer = spark("POST", V1 + "/product/create", body, "application/x-www-form-urlencoded").json
    folder = spark("GET", answer["data"]["get_product_url"]).json["data"]
    assert (folder["name"], folder["category"], folder["startDate"]) == ("a b", "Term", "2025-01-01T00:00:00")


def test_v1_says_no_with_200(spark):
    spark.folder("pricing")
    answer = spark.multipart(V1 + "/product/create", ("Name", "pricing"))
    assert answer.status == 200
    assert answer.json == {"status": "Error", "data": None, "message": "a folder with this name exists",
                           "errorCode": "PRODUCT_ALREADY_EXISTS"}
    assert spark("POST", V1 + "/product/update/nothing", {}).json["errorCode"] == "PRODUCT_NOT_FOUND"
    assert spark("GET", V1 + "/product/f/engines/getversions/s").json["errorCode"] == "SERVICE_NOT_FOUND"


def test_keys_may_not_change_folders(spark):
    for method, path in (("POST", "product/create"), ("POST", "product/update/x"), ("DELETE", "product/delete/x"),
                         ("GET", "product/GetProduct/my-folder"), ("POST", "lookup/savecategory"),
                         ("DELETE", "lookup/deletecategory/x"), ("GET", "config/GetSparkConfiguration")):
        answer = spark.key(method, f"{V1}/{path}")
        assert (answer.status, answer.body, answer.headers["www-authenticate"]) == (401, b"", "Bearer"), path
    assert spark.key("POST", V1 + "/product/list", {}).json["count"] == 1


def test_categories(spark):
    keys = lambda: [c["key"] for c in spark("GET", V1 + "/lookup/getcategories").json["data"]]
    before = keys()
    saved = spark("POST", V1 + "/lookup/savecategory", {"key": "pets", "value": "Pets"}).json
    assert saved["data"]["Metadata.ProductCategories"][-1] == {"Key": "pets", "Value": "Pets", "Icon": "other.svg"}
    assert keys() == before + ["pets"]
    spark("DELETE", V1 + "/lookup/deletecategory/pets")
    assert keys() == before


# -- the life of a service --------------------------------------------------------


def test_a_service_is_uploaded_compiled_published_and_deleted(spark):
    spark.folder("pricing")
    exists = lambda: spark("GET", V3 + "/folders/pricing/services/motor/exists").json["response_data"]
    upload = spark.upload("pricing", "motor", b"workbook bytes", version_difference="major").json
    assert upload["response_meta"]["version"] == "1.0.0" and upload["response_meta"]["call_id"] is None
    assert exists()["is_exists"] is False and exists()["id"] is None
    job = upload["response_data"]["nodegen_compilation_jobid"]
    first, second = (spark.compilation("pricing", "motor", job)["response_data"] for _ in range(2))
    assert first == {"status": "InProgress", "last_error_message": "null", "progress": 50}
    assert second == {"status": "Success", "last_error_message": "null", "progress": 100}
    published = spark.publish("pricing", "motor", upload["response_data"], version_difference="major",
                              version_label="first", release_note="note", tags="a,b").json
    version = published["response_data"]["version_id"]
    assert version == upload["response_meta"]["version_id"]
    assert (exists()["version"], exists()["latest_version_id"], exists()["service_status"]) == ("1.0.0", version, "active")
    listed = spark("GET", V1 + "/product/pricing/engines/getversions/motor").json["data"]
    assert [(v["revision"], v["versionLabel"], v["releaseNote"], v["tags"], v["originalFileName"]) for v in listed] == [
        ("1.0.0", "first", "note", "a,b", "motor.xlsx")]
    answer = spark("POST", V3 + "/folders/pricing/services/motor/execute", {"request_data": {"inputs": {"a": 1}}}).json
    assert answer["response_data"]["outputs"] == {"a": 1} and answer["response_meta"]["version_id"] == version
    download = spark("GET", V1 + "/product/pricing/engines/motor/download/?filename=&type=")
    assert download.body == b"workbook bytes" and "motor.xlsx" in download.headers["content-disposition"]
    assert spark("DELETE", V1 + "/product/pricing/engines/delete/motor").json["data"] is None
    assert exists()["is_exists"] is False


def test_versions_follow_each_other(spark):
    spark.folder("f")
    old = spark.create("f", "s", b"one")
    new = spark.create("f", "s", b"two", version_difference="patch")
    numbers = [v["revision"] for v in spark("GET", V1 + "/product/f/engines/getversions/s").json["data"]]
    assert numbers == ["0.1.1", "0.1.0"]
    download = lambda version: spark("GET", f"{V1}/product/f/engines/s/download/{version}?filename=x&type=withmetadata").body
    assert (download(old), download(new), download("")) == (b"one", b"two", b"two")
    run = lambda **meta: spark("POST", V3 + "/folders/f/services/s/execute", {"request_meta": meta})
    assert run().json["response_meta"]["version_id"] == new
    assert run(version="0.1.0").json["response_meta"]["version_id"] == old
    assert run(version="7").status == 400
    assert run(transaction_date="1999-01-01").status == 400
    assert spark("POST", f"{V3}/version/{old}", {}).json["response_meta"]["version"] == "0.1.0"
    v4 = spark("POST", V4 + "/execute", {"service": "f/s[0.1.0]", "inputs": [{}]}).json
    assert v4["version_id"] == old


def test_recompilation_needs_no_publication(spark):
    spark.folder("f")
    spark.create("f", "s", b"one")
    answer = spark("POST", V3 + "/folders/f/services/s/recompilenodgen",
                   {"request_data": {"versionId": None, "upgradeType": "patch", "releaseNotes": "again"}}).json["response_data"]
    assert answer["revision"] == "0.1.1"
    while spark.compilation("f", "s", answer["jobId"])["response_data"]["progress"] < 100:
        assert len(spark("GET", V1 + "/product/f/engines/getversions/s").json["data"]) == 1
    versions = spark("GET", V1 + "/product/f/engines/getversions/s").json["data"]
    assert [v["id"] for v in versions][0] == answer["versionId"] and versions[0]["releaseNote"] == "again"
    assert spark("GET", V1 + "/product/f/engines/s/download/").body == b"one"


def test_what_cannot_be_uploaded_or_published_is_refused(spark):
    def refused(answer, status, message):
        assert (answer.status, answer.json["error"]["message"]) == (status, message)

    refused(spark.upload("nowhere", "s"), 400, "FOLDER_NOT_FOUND")
    spark.folder("f")
    refused(spark.upload("f", "s", b""), 400, "INVALID_REQUEST_DATA")
    refused(spark.upload("f", "s", version_difference="huge"), 400, "INVALID_REQUEST_DATA")
    refused(spark("POST", V3 + "/folders/f/services/s/upload", b"--b\r\nrubbish", "multipart/form-data; boundary=b"), 400, "INVALID_REQUEST_DATA")
    upload = spark.upload("f", "s").json["response_data"]
    refused(spark.publish("f", "s", upload), 400, "COMPILATION_NOT_FINISHED")
    refused(spark.publish("f", "s", {**upload, "engine_file_documentid": "x"}), 400, "DRAFT_NOT_FOUND")
    refused(spark("GET", V3 + "/folders/f/services/s/getcompilationprogess/nothing"), 400, "INVALID_JOB_ID")


def test_what_a_service_is(spark):
    schema = spark("GET", V1 + "/product/my-folder/engines/get/volume-cylinder").json["data"]
    assert schema["bookSummary"]["bookRevision"] == "0.1.0" and schema["xlInputs"][0]["name"] == "height"
    assert schema["metadata"]["xInputTable"][0]["Input Name"] == "height"
    for method, path in (("POST", f"{V3}/GetEngineDetailByVersionId/versionid/{VERSION}"),
                         ("GET", f"{V1}/product/my-folder/engines/get/volume-cylinder/{VERSION}"),
                         ("GET", f"{V1}/product/my-folder/engines/getbyversionid/volume-cylinder/{VERSION}")):
        assert spark(method, path).json["data"] == schema
    for path in (SEEDED, f"/version/{VERSION}", "/public/folders/my-folder/services/public-cylinder"):
        outputs = spark("GET", f"{V3}{path}/metadata").json["response_data"]["outputs"]
        assert outputs["Metadata.Font"] == "Arial"
    validation = spark("POST", f"{V3}/version/{VERSION}/validation", {"request_meta": {"validation_type": "default_values"}}).json
    assert validation["response_data"]["outputs"]["radius"]["validation_type"] == "static"
    for path in (f"{SEEDED}/downloadswagger/All/False/", f"{SEEDED}/downloadswagger/All/true/{VERSION}"):
        assert spark("GET", V3 + path).json["swagger"] == "2.0"
    found = spark("POST", V3 + "/services/search", {"request_data": {"page": 1, "page_size": -1, "fields": ["foldername", "filename"],
                                                                   "search": [{"field": "filename", "value": "cylinder"}]}}).json
    assert found["response_data"] == [{"folderName": "my-folder", "fileName": n} for n in ("volume-cylinder", "public-cylinder")]
    assert found["response_meta"]["count"] == 2
    listed = spark("POST", V1 + "/product/my-folder/engines", {"page": 1, "pageSize": 2, "search": [], "sort": "name1"}).json
    assert len(listed["data"]) == 2 and listed["count"] == 6 and listed["data"][0]["serviceName"] == "volume-cylinder"


def test_files_of_what_is_built_in(spark):
    workbook = spark("GET", V1 + "/product/my-folder/engines/volume-cylinder/download/")
    assert b"radius" in workbook.zip.read("xl/worksheets/sheet1.xml") and workbook.zip.testzip() is None
    for path in (SEEDED, f"/version/{VERSION}"):
        assert "volume-cylinder.wasm" in spark("GET", f"{V3}/nodegen/getnodegenzipbyid{path}").zip.namelist()
    public = spark("GET", f"{V3}/nodegen/public/getnodegenzipbyId/folders/my-folder/services/public-cylinder", Authorization=None)
    assert public.status == 200
    private = spark("GET", f"{V3}/nodegen/public/getnodegenzipbyId{SEEDED}", Authorization=None)
    assert private.status == 403


def test_what_lies_around_the_api(spark, sim):
    assert spark("GET", "/health", Authorization=None).json == {"status": "UP"}
    configuration = spark("GET", V1 + "/config/getsparkconfiguration").json["data"]
    assert configuration["Batch_Chunk_Size"] == "100" and configuration["EnablePublicAPI"] == "True"
    assert spark("GET", V1 + "/config/GetAllSparkConfiguration").json["data"][0]["tenant"] == "my-tenant"
    certs = spark("GET", "/auth/realms/my-tenant/protocol/openid-connect/certs", Authorization=None).json
    assert certs["keys"][0]["alg"] == "RS256"
    assert spark("GET", "/my-tenant/API/V3/Folders/my-folder/SERVICES/volume-cylinder/EXISTS").status == 200
    answer = spark("DELETE", V1 + "/product/GetProduct/x")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_the_manual_names_every_operation():
    routes = (TOP / "sim" / "routes.def").read_text()
    manual = (TOP / "docs" / "cspark-sim.1").read_text()
    listed = re.search(r"\.Sh OPERATIONS\n(.*?)\.Sh MOODS", manual, re.DOTALL)[1]
    assert set(re.findall(r"[a-z]+\.[a-z_0-9]+", listed)) == set(re.findall(r'ROUTE\("([a-z]+\.[a-z_0-9]+)"', routes))


def test_199_megabytes_go_up_and_come_down(spark):
    content = os.urandom(1 << 20) * 199
    spark.folder("f")
    spark.create("f", "big", content)
    assert spark("GET", V1 + "/product/f/engines/big/download/").body == content


def test_names_may_hold_anything_but_a_slash(spark):
    folder, service = 'a "b" 100% \u00e9', "c'd\\[x]?#"
    spark.folder(folder)
    quoted = urllib.parse.quote(folder, safe=""), urllib.parse.quote(service, safe="")
    version = spark.create(*quoted)
    for method, path in (("GET", V1 + "/product/%s/engines/getversions/%s"), ("GET", V1 + "/product/%s/engines/get/%s"),
                         ("GET", V3 + "/folders/%s/services/%s/metadata"), ("GET", V3 + "/folders/%s/services/%s/exists"),
                         ("GET", V3 + "/folders/%s/services/%s/downloadswagger/All/false/")):
        assert spark(method, path % quoted).json, path
    found = spark("POST", V3 + "/services/search", {"request_data": {"page_size": -1}}).json["response_data"]
    assert [f["fileName"] for f in found if f["folderName"] == folder] == [service]
    assert export(spark, inputs={"version_ids": [version]})["outputs"]["services"][0]["folder_source"] == folder


# -- what goes wrong --------------------------------------------------------------


def test_moods_meet_operations(spark, sim):
    exists = lambda: spark("GET", V3 + SEEDED + "/exists").status
    sim.mood("*", "status-503", times=1, operation="services.ex*", after=1)
    assert [exists() for _ in range(3)] == [200, 503, 200]
    sim.mood("*", "status-429", times=1, path="*/EXISTS")
    assert [exists() for _ in range(2)] == [429, 200]
    sim.mood("volume-cylinder", "html", times=1)
    assert spark("GET", V3 + SEEDED + "/metadata").headers["content-type"] == "text/html"
    sim.mood("*", "status-500", operation="health.check")
    assert spark("GET", "/health").status == 500 and exists() == 200
    sim.clear()
    answer = spark("GET", V3 + "/folders/my-folder/services/mood-status-404/metadata")
    assert answer.status == 404


def test_what_is_refused_has_not_been_done(spark, sim):
    sim.mood("*", "fail-n=2", operation="folders.create")
    id = {"x-request-id": "r1"}
    body, type = form(("Name", "once"))
    answers = [spark("POST", V1 + "/product/create", body, type, **id) for _ in range(3)]
    assert [a.status for a in answers] == [503, 503, 200] and answers[2].json["status"] == "Success"


def test_a_compilation_can_fail_or_never_end(spark, sim):
    spark.folder("f")
    sim.job("compile", "fail", times=1, polls=0, message="circular reference")
    upload = spark.upload("f", "s").json["response_data"]
    status = spark.compilation("f", "s", upload["nodegen_compilation_jobid"])["response_data"]
    assert status == {"status": "Failed", "last_error_message": "circular reference", "progress": 100}
    assert spark.publish("f", "s", upload).status == 400
    sim.job("compile", "never", times=1)
    job = spark.upload("f", "s").json["response_data"]["nodegen_compilation_jobid"]
    assert {spark.compilation("f", "s", job)["response_data"]["progress"] < 100 for _ in range(5)} == {True}
    sim.job("compile", polls=3, times=1)
    job = spark.upload("f", "s").json["response_data"]["nodegen_compilation_jobid"]
    assert [spark.compilation("f", "s", job)["response_data"]["progress"] for _ in range(4)] == [25, 50, 75, 100]
    sim.job("compile", polls=0, ms=50)
    job = spark.upload("f", "s").json["response_data"]["nodegen_compilation_jobid"]
    assert spark.compilation("f", "s", job)["response_data"]["status"] == "InProgress"


# -- logs -------------------------------------------------------------------------


def run(spark, inputs, service="my-folder/volume-cylinder", **meta):
    folder, name = service.split("/")
    answer = spark("POST", f"{V3}/folders/{folder}/services/{name}/execute",
                   {"request_data": {"inputs": inputs}, "request_meta": meta})
    return answer.json["response_meta"]["call_id"]


def run_v4(spark, inputs, **meta):
    return spark("POST", V4 + "/execute", {"service": "my-folder/volume-cylinder", "inputs": inputs, **meta}).json["call_id"]


def test_a_call_is_in_the_log(spark):
    call = run(spark, {"radius": 3, "height": 4}, source_system="s", correlation_id="c", call_purpose="p")
    answer = spark("GET", f"{V3}/log/getexecutionhistorybycallid/{call}").json
    assert isinstance(answer["response_data"], str)
    log = json.loads(answer["response_data"])
    assert (log["EngineCallId"], log["SourceSystem"], log["Purpose"], log["APIVersion"]) == (call, "s", "p", "V3")
    details = log["EngineDetails"]
    assert details["response_data"]["outputs"] == {"volume": 113.097}
    assert details["request_data"]["inputs"] == {"radius": 3, "height": 4}
    assert details["request_meta"]["correlation_id"] == details["response_meta"]["correlation_id"] == "c"
    missing = spark("GET", f"{V3}/log/getexecutionhistorybycallid/nothing")
    assert (missing.status, missing.json["error"]["message"]) == (404, "CALL_NOT_FOUND")


def test_one_record_of_a_v4_call_is_in_the_log(spark):
    call = run_v4(spark, [["radius", "height"], [1, 1], [3, 4]])
    inputs = lambda tail: json.loads(spark("GET", f"{V3}/log/getexecutionhistorybycallid/{call}{tail}").json["response_data"])["EngineDetails"]["request_data"]["inputs"]
    assert inputs("?index=0") == inputs("/0") == {"radius": 1, "height": 1}
    assert inputs("") == inputs("?index=1") == {"radius": 3, "height": 4}
    assert spark("GET", f"{V3}/log/getexecutionhistorybycallid/{call}?index=2").status == 400


def test_a_refused_call_is_not_in_the_log(spark, sim):
    sim.mood("*", "status-503", times=1)
    run_failed = spark("POST", f"{V3}{SEEDED}/execute", {})
    assert run_failed.status == 503
    run(spark, {})
    assert spark("POST", V1 + "/product/my-folder/engines/volume-cylinder/logs", {}).json["count"] == 1


def test_logs_are_found(spark):
    calls = [run(spark, {}, source_system=s, call_purpose="Demo") for s in "ab"]
    run(spark, {}, "my-folder/echo")
    find = lambda *search: [l["callGUID"] for l in spark("POST", V1 + "/product/my-folder/engines/volume-cylinder/logs", {
        "search": [{"field": f, "id" if f == "version" else "value": v} for f, v in search], "page": 1, "pageSize": 100, "sort": "-updated"}).json["data"]]
    assert find() == calls[::-1] == find(("version", VERSION), ("CallPurpose", "Demo"), ("StartDate", "2020-01-01T00:00:00.000Z"))
    assert find(("search", "a")) == calls[:1] and find(("search", calls[1])) == calls[1:]
    assert find(("EndDate", "2020-01-01T00:00:00.000Z")) == find(("version", "other")) == []


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_logs_are_downloaded(spark, sim, kind):
    calls = [run(spark, {"radius": r, "height": 1}, correlation_id="c") for r in (1, 2)] + [run_v4(spark, [{"radius": 3, "height": 1}])]
    run(spark, {"radius": 9})
    path = f"{V3}{SEEDED}/log/download{kind}"
    job = spark("POST", path, {"request_data": {"call_ids": ["c", calls[2]], "timezone_offset": None}}).json["response_data"]["job_id"]
    first, second = (spark("GET", f"{path}/status/{job}").json for _ in range(2))
    assert (first["status"], first["response_data"]) == (None, {"progress": 50, "download_url": None})
    archive = spark("GET", second["response_data"]["download_url"], Authorization=None)
    assert archive.headers["content-type"] == "application/zip"
    text = archive.zip.read(f"log.{kind}").decode()
    if kind == "json":
        assert [l["EngineCallId"] for l in json.loads(text)] == calls
    else:
        head, *rows = text.split("\r\n")[:-1]
        assert head.startswith('"Description","Log Time"') and '"radius","height","volume","Error Details"' in head and len(rows) == 3
    sim.documents(expire=True)
    assert spark("GET", second["response_data"]["download_url"]).status == 404


@pytest.mark.parametrize("method, middle", [("POST", "xml/"), ("POST", ""), ("GET", "")])
def test_a_call_is_rehydrated(spark, method, middle):
    call = run_v4(spark, [{"radius": 12345}, {"radius": 54321}])
    path = f"{V3}{SEEDED}/download/{middle}{call}"
    answer = spark(method, path + "?index=0", {} if method == "POST" else None).json
    assert answer["status"] is None and answer["response_meta"]["call_id"] == call
    sheet = spark("GET", answer["response_data"]["download_url"]).zip.read("xl/worksheets/sheet1.xml")
    assert b"12345" in sheet and b"54321" not in sheet
    assert spark(method, path + "?index=2", {} if method == "POST" else None).status == 400
    assert spark("POST", f"{V3}/folders/my-folder/services/echo/download/{call}", {}).status == 404
    assert spark("POST", f"{V3}{SEEDED}/download/xml/{call}", b"null").status == 400


# -- exports and imports ----------------------------------------------------------


def export(spark, **wish):
    started = spark("POST", V4 + "/export", wish).json
    assert started["object"] == "export"
    while (status := spark("GET", started["status_url"]).json)["status"] in ("created", "in_progress"):
        assert status["outputs"] is None
    return status


def start_import(spark, package, **wish):
    return spark.multipart(V4 + "/import", ("importRequestEntity", json.dumps(wish)), ("file", "package.zip", package))


def import_(spark, package, **wish):
    started = start_import(spark, package, **wish).json
    while (status := spark("GET", f"{V4}/import/{started['id']}/status").json)["status"] in ("created", "in_progress"):
        pass
    return status


def versions(spark, folder, service):
    return [v["revision"] for v in spark("GET", f"{V1}/product/{folder}/engines/getversions/{service}").json["data"]]


def test_what_is_exported_comes_back(spark):
    spark.folder("a"), spark.folder("b")
    spark.create("a", "s", b"one"), spark.create("a", "s", b"two", version_difference="patch")
    status = export(spark, inputs={"services": ["a/s"]}, version_filter="all", file_filter="migrate", correlation_id="c")
    assert status["status"] == "closed" and status["errors"] is None and status["correlation_id"] == "c"
    assert [v["service_uri_source"] for v in status["outputs"]["service_versions"]] == ["a/s[0.1.0]", "a/s[0.1.1]"]
    package = spark("GET", status["outputs"]["files"][0]["file"]).body
    mapping = [{"service_uri_source": "a/s", "service_uri_destination": "b/t", "update_version_type": "major"}]
    result = import_(spark, package, inputs={"services_modify": mapping}, services_existing="abort")
    assert result["status"] == "closed" and result["errors"] is None
    assert [s["service_uri_destination"] for s in result["outputs"]["services"]] == ["b/t"]
    assert versions(spark, "b", "t") == ["0.1.1", "0.1.0"]
    assert spark("GET", V1 + "/product/b/engines/t/download/").body == b"two"
    result = import_(spark, package, inputs={"services_modify": mapping}, services_existing="add_version")
    assert versions(spark, "b", "t") == ["2.0.0", "1.0.0", "0.1.1", "0.1.0"]
    import_(spark, package, inputs={"services_modify": mapping}, services_existing="replace")
    assert versions(spark, "b", "t") == ["0.1.1", "0.1.0"]
    result = import_(spark, package, inputs={"services_modify": mapping})
    assert result["errors"][0]["code"] == "SERVICE_ALREADY_EXISTS" and result["status"] == "closed"
    mapping[0]["service_uri_destination"] = "nowhere/s"
    assert import_(spark, package, inputs={"services_modify": mapping})["errors"][0]["code"] == "FOLDER_NOT_FOUND"
    described = spark("GET", V4 + "/import/status").json
    assert len(described["recent_imports"]) == 5 and described["in_progress_imports"] == []


def test_wrong_exports_and_imports_are_refused(spark):
    def refused(answer, status, code):
        assert (answer.status, answer.json["type"], answer.json["code"]) == (status, "invalid_input", code)

    refused(spark("POST", V4 + "/export", {"inputs": {}}), 500, "INVALID_REQUEST")
    refused(spark("POST", V4 + "/export", {"inputs": {"services": ["no/such"]}}), 404, "SERVICE_NOT_FOUND")
    refused(spark("GET", V4 + "/export/x/status"), 500, "INVALID_JOB_ID")
    refused(spark("GET", V4 + "/import/x/status"), 500, "INVALID_JOB_ID")
    refused(start_import(spark, b"no zip"), 500, "INVALID_IMPORT_ZIP")
    runner = export(spark, inputs={"folders": ["my-folder"]}, file_filter="onpremises")
    package = spark("GET", runner["outputs"]["files"][0]["file"]).body
    refused(start_import(spark, package), 500, "INVALID_IMPORT_ZIP")
    status = export(spark, inputs={"version_ids": [VERSION]})
    package = spark("GET", status["outputs"]["files"][0]["file"]).body
    refused(start_import(spark, package, inputs={"services_modify": [{"service_uri_source": "x/y"}]}), 404, "SERVICE_NOT_FOUND")
    started = spark("POST", V4 + "/export", {"inputs": {"folders": ["my-folder"]}}).json
    assert spark("PATCH", f"{V4}/export/{started['id']}", {"export_status": "cancelled"}).json["status"] == "cancelled"
    assert spark("GET", started["status_url"]).json["status"] == "cancelled"


def test_exports_and_imports_can_fail(spark, sim):
    status = export(spark, inputs={"version_ids": [VERSION]})
    package = spark("GET", status["outputs"]["files"][0]["file"]).body
    sim.job("export", "fail", message="disk full")
    sim.job("import", "fail")
    status = export(spark, inputs={"version_ids": [VERSION]})
    assert status["status"] == "failed" and status["errors"][0]["message"] == "disk full" and status["outputs"] is None
    result = import_(spark, package)
    assert result["status"] == "closed" and result["errors"][0]["code"] == "IMPORT_FAILED"
    sim.documents(lifetime=0)
    sim.job("export")
    status = export(spark, inputs={"version_ids": [VERSION]})
    assert spark("GET", status["outputs"]["files"][0]["file"]).status == 404
