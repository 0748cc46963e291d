"""Every operation by its local route: what a user would send, what comes back, and what Spark saw (contract, 3)."""

import io
import json
import re
import zipfile

import pytest
from configured import csparkd, tenant_of
from gateway import free_port
from needs import TOP
from simulator import Simulator

SERVICE_ID = "b3cfea0c-aca4-471a-8500-26b887d14d69"
VERSION_ID = "91299a5d-9328-4435-911b-4e5f7783f5d4"
FOLDER_ID = "f01de500-0000-4000-8000-000000000001"
EVERYTHING = ["execute", "read", "manage", "raw", "ops"]
INPUTS = {"radius": 3, "height": 4}
WORKBOOK = b"PK\3\4 a workbook"
ZIP = {"Content-Type": "application/zip"}
CYLINDER = "/services/my-folder/volume-cylinder"


def table():
    """{operation: (local method, local path)} of lib/operations.def, of those that have a local route."""
    text = (TOP / "lib/operations.def").read_text()
    rows = re.findall(r'^X\((.*?)\)$', text, re.M | re.S)
    cells = [re.findall(r'"[^"]*"|[^,\s]+', row) for row in rows]
    return {row[1].strip('"'): (row[9], row[10].strip('"')) for row in cells if row[10] != '""'}


def unzip(answer):
    return zipfile.ZipFile(io.BytesIO(answer.body))

DOCUMENT = {"transform_type": "JSONtransforms_v1.0.1", "target_api_version": "v3", "input_body_transform": None,
            "output_body_transform": None}
CHUNKS = {"chunks": [{"id": "one", "size": 1, "data": {"inputs": [["radius", "height"], [3, 4]]}}]}


class World:
    """What a case needs to be there; each is made when it is named: "{call_id}" in a path."""

    folder_id, service_id, version_id = FOLDER_ID, SERVICE_ID, VERSION_ID

    def __init__(self, gateway, sim):
        self.gateway, self.sim = gateway, sim

    def __getitem__(self, name):
        if name not in self.__dict__ and hasattr(self, "make_" + name):
            setattr(self, name, getattr(self, "make_" + name)())
        return getattr(self, name)

    def ask(self, method, path, body=None, headers=None):
        answer = self.gateway.request(method, path.format_map(self), body, headers)
        assert answer.status in (200, 202), answer
        return answer

    def make_call_id(self):
        return self.ask("POST", "/execute/my-folder/volume-cylinder", INPUTS).json()["call_id"]

    def make_call_of_two(self):
        return self.ask("POST", "/execute/my-folder/volume-cylinder", [INPUTS, INPUTS]).json()["call_id"]

    def make_upload(self):
        return self.ask("POST", "/services/my-folder/new/upload", WORKBOOK).json()

    def make_compilation(self):
        return self["upload"]["nodegen_compilation_jobid"]

    def make_publication(self):
        """The parameters that a compiled upload is published with."""
        self.ask("GET", "/services/my-folder/new/compilations/{compilation}")
        return f"file_id={self['upload']['original_file_documentid']}&engine_id={self['upload']['engine_file_documentid']}"

    def make_export(self):
        return self.ask("POST", "/exports?services=my-folder/volume-cylinder", None, {"Prefer": "respond-async"}).json()["id"]

    def make_exported(self):
        self.ask("GET", "/exports/{export}")
        return self["export"]

    def make_archive(self):
        return self.ask("POST", "/exports?services=my-folder/volume-cylinder").body

    def make_imported(self):
        answer = self.ask("POST", "/imports?services=my-folder/volume-cylinder", self["archive"],
                          {"Prefer": "respond-async", **ZIP})
        return answer.json()["id"]

    def make_log_job(self):
        return self.ask("POST", "/logs/my-folder/volume-cylinder/downloads?type=csv").json()["job_id"]

    def make_package(self):
        return self.ask("POST", "/exports?services=my-folder/volume-cylinder&file_filter=onpremises").body

    def make_transforms(self):
        code = {"transform_type": "Nodejs22_v1.0.0", "transform_code": "async function handler(event) {}"}
        for name, document in (("vol", DOCUMENT), ("four", {**DOCUMENT, "target_api_version": "v4"}), ("node", code)):
            self.ask("PUT", f"/transforms/documents/{name}", document)
        return "documents"

    def make_batch(self):
        return self.ask("POST", "/batches?service=my-folder/volume-cylinder").json()["id"]

    def make_pushed(self):
        self.ask("POST", "/batches/{batch}/chunks", CHUNKS)
        return self["batch"]

    def make_event_job(self):
        return self.ask("POST", "/events/download").json()["job_id"]

    def make_file_url(self):
        return self.ask("GET", "/exports/{exported}").json()["outputs"]["files"][0]["file"]

    def make_other_folder(self):
        return self.ask("POST", "/folders?name=other").json()["id"]


class Case:
    """One question: `path` and `body` may name things of the World; `check` is given the answer and the World."""

    def __init__(self, operation, method, path, check, body=None, headers=None, type="application/json", calls=1):
        self.operation, self.method, self.path, self.check = operation, method, path, check
        self.body, self.headers, self.type, self.calls = body, headers, type, calls


def says(**wanted):
    """The answer is an object with these members."""
    def check(answer, world):
        assert {name: answer.json()[name] for name in wanted} == wanted, answer
    return check


def lists(size, **wanted):
    """The answer is a list of so many, and the first has these members."""
    def check(answer, world):
        assert len(answer.json()) == size, answer
        assert {name: answer.json()[0][name] for name in wanted} == wanted, answer
    return check


def is_null(answer, world):
    assert answer.json() is None


def is_zip(name):
    """The answer is a zip that holds a file of that name, or one that ends so."""
    def check(answer, world):
        assert unzip(answer).testzip() is None
        assert any(entry.endswith(name) for entry in unzip(answer).namelist()), unzip(answer).namelist()
    return check


def is_workbook(answer, world):
    assert b"radius" in unzip(answer).read("xl/worksheets/sheet1.xml")
    assert "xlsx" in answer.header("content-disposition", ".xlsx")


def has_members(*path):
    """Follows names and numbers into the answer: there is something."""
    def check(answer, world):
        value = answer.json()
        for step in path:
            value = value[step]
        assert value, answer
    return check


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ARCHIVE = "application/zip"

CASES = [
    # execution
    Case("execute_body", "POST", "/execute", has_members("response_data", "outputs", "volume"),
         {"request_data": {"inputs": INPUTS}, "request_meta": {"service_uri": "my-folder/volume-cylinder"}}),

    # services
    Case("services.list", "GET", "/services?foldername=my-folder&filename=cylinder",
         lists(2, folderName="my-folder", fileName="volume-cylinder")),
    Case("services.list", "GET", "/services?_limit=1&_page=2&_fields=filename", lists(1)),
    Case("services.in", "GET", "/folders/my-folder/services?limit=2", lists(2, serviceName="volume-cylinder")),
    Case("services.exists", "GET", CYLINDER, says(is_exists=True, id=SERVICE_ID, version="0.1.0")),
    Case("services.versions", "GET", CYLINDER + "/versions", lists(1, id=VERSION_ID, revision="0.1.0")),
    Case("services.schema", "GET", CYLINDER + "/schema", has_members("bookSummary", "bookRevision")),
    Case("services.schema-of", "GET", CYLINDER + "/schema/{version_id}", has_members("bookSummary")),
    Case("services.schema-by", "GET", CYLINDER + "/schema/by-version/{version_id}", has_members("bookSummary")),
    Case("versions.schema", "GET", "/version/{version_id}/schema", has_members("bookSummary")),
    Case("services.metadata", "GET", CYLINDER + "/metadata", has_members("response_data", "outputs", "Metadata.Font")),
    Case("services.metadata", "GET", "/service/{service_id}/metadata", has_members("response_data", "outputs")),
    Case("services.metadata", "GET", "/version/{version_id}/metadata", has_members("response_data", "outputs")),
    Case("services.metadata", "GET", "/services/my-folder/public-cylinder/metadata?_public=true",
         has_members("response_data", "outputs")),
    Case("services.swagger", "GET", CYLINDER + "/swagger", says(swagger="2.0")),
    Case("services.swagger", "GET", CYLINDER + "/swagger?downloadable=true&subservice=a,b&version_id={version_id}",
         says(swagger="2.0")),
    Case("services.file", "GET", CYLINDER + "/file", is_workbook, type=XLSX),
    Case("services.file", "GET", CYLINDER + "/file?version_id={version_id}&filename=a%20b.xlsx&type=withmetadata",
         is_workbook, type=XLSX),
    Case("services.wasm", "GET", CYLINDER + "/wasm", is_zip("volume-cylinder.wasm"), type=ARCHIVE),
    Case("services.wasm", "GET", "/version/{version_id}/wasm", is_zip(".wasm"), type=ARCHIVE),
    Case("services.wasm", "GET", "/service/{service_id}/wasm", is_zip(".wasm"), type=ARCHIVE),
    Case("versions.swagger", "GET", "/version/{version_id}/swagger", says(swagger="2.0"), calls=2),
    Case("versions.file", "GET", "/version/{version_id}/file", is_workbook, type=XLSX, calls=2),
    Case("services.create", "PUT", "/services/my-folder/new?versioning=major&label=first&tags=a,b&notes=n",
         has_members("publication", "version_id"), WORKBOOK, calls=3),
    Case("services.compile", "POST", "/services/my-folder/new/compile", has_members("compilation", "progress"),
         WORKBOOK, calls=2),
    Case("services.upload", "POST", "/services/my-folder/new/upload", has_members("engine_file_documentid"), WORKBOOK),
    Case("services.compilation", "GET", "/services/my-folder/new/compilations/{compilation}",
         says(status="Success", progress=100)),
    Case("services.publish", "POST", "/services/my-folder/new/publish?{publication}&label=x", has_members("version_id")),
    Case("services.recompile", "POST", CYLINDER + "/recompile?compiler=StableLatest&versioning=major",
         has_members("recompilation", "jobId"), calls=2),
    Case("services.recompile-start", "POST", CYLINDER + "/recompilations", says(revision="0.1.1")),
    Case("services.delete", "DELETE", CYLINDER, is_null),

    # folders and categories
    Case("folders.list", "GET", "/folders?name=MY-&favorite=false", lists(1, id=FOLDER_ID, name="my-folder")),
    Case("folders.create", "POST", "/folders?name=a%20b&category=Term&description=%C3%BC",
         says(name="a b", category="Term", description="\u00fc"), calls=2),
    Case("folders.create", "POST", "/folders", says(name="c", description="d"), {"Name": "c", "Description": "d"}, calls=2),
    Case("folders.get", "GET", "/folders/my-folder?services=3", says(id=FOLDER_ID)),
    Case("folders.exists", "GET", "/folders/my-folder/exists", lambda answer, world: answer.json() is True),
    Case("folders.update", "PATCH", "/folders/{folder_id}?category=Term", is_null, {"description": "other"}),
    Case("folders.delete", "DELETE", "/folders/{other_folder}", is_null),
    Case("folders.cover", "PUT", "/folders/{folder_id}/cover?filename=c.png", is_null, b"\x89PNG",
         {"Content-Type": "image/png"}),
    Case("categories.list", "GET", "/categories", lists(7, key="Medical", value="Medical")),
    Case("categories.save", "POST", "/categories?key=pets&name=Pets", lists(8, key="Medical", icon="medical.svg")),
    Case("categories.save", "POST", "/categories", lists(8), {"value": "Pets"}),
    Case("categories.delete", "DELETE", "/categories/Other", lists(6, key="Medical")),

    # Transform documents, and execution through them
    Case("transforms.list", "GET", "/transforms/{transforms}?type=JSONtransforms_v1.0.1&name=vol",
         lambda answer, world: answer.json()["result"][0]["name"] == "vol"),
    Case("transforms.validate", "POST", "/transforms/validate", has_members("outputs", "isValid"), DOCUMENT),
    Case("transforms.get", "GET", "/transforms/{transforms}/vol", has_members("outputs", "transform_document")),
    Case("transforms.save", "PUT", "/transforms/my-folder/vol", has_members("outputs", "transform_uri"), DOCUMENT),
    Case("transforms.delete", "DELETE", "/transforms/{transforms}/vol", has_members("outputs", "name")),
    Case("transforms.upload", "POST", "/transforms/my-folder?name=vol", has_members("outputs", "transform_uri"), DOCUMENT),
    Case("transform", "POST", "/transform/my-folder/volume-cylinder?using={transforms}/vol&correlation=c",
         has_members("response_data", "outputs", "volume"), INPUTS),
    Case("transform", "POST", "/transform/my-folder/volume-cylinder?using=vol",
         has_members("response_data", "outputs", "volume"), INPUTS),
    Case("transform", "POST", "/transform/my-folder/volume-cylinder?using={transforms}/four&api=v4",
         has_members("outputs", 0, "volume"), {"inputs": [INPUTS]}),
    Case("transform_run", "POST", "/transform?using={transforms}/node", says(a=1), {"a": 1}),

    # batches
    Case("batches.list", "GET", "/batches", lambda answer, world: "recent_batches" in answer.json()),
    Case("batches.create", "POST", "/batches?service=my-folder/volume-cylinder&_correlation=c&max_workers=3",
         has_members("id")),
    Case("batches.create", "POST", "/batches", has_members("id"), {"service": "my-folder/volume-cylinder[0.1.0]"}),
    Case("batches.create", "POST", "/batches?version_id={version_id}", has_members("id")),
    Case("batches.get", "GET", "/batches/{batch}", has_members("data", "configuration")),
    Case("batches.status", "GET", "/batches/{batch}/status", says(batch_status="created")),
    Case("batches.push", "POST", "/batches/{batch}/chunks", says(record_submitted=1), CHUNKS),
    Case("batches.pull", "GET", "/batches/{pushed}/results?max=7", has_members("data", 0, "outputs", 0, "volume")),
    Case("batches.close", "POST", "/batches/{batch}/close", lambda answer, world: answer.json()["data"]["batch_status"] == "closed"),
    Case("batches.cancel", "POST", "/batches/{batch}/cancel",
         lambda answer, world: answer.json()["data"]["batch_status"] == "cancelled"),

    # logs
    Case("logs.get", "GET", "/logs/{call_id}", has_members()),
    Case("logs.get", "GET", "/logs/{call_of_two}?index=1", has_members()),
    Case("logs.record", "GET", "/logs/{call_of_two}/records/1", has_members()),
    Case("logs.workbook", "GET", "/logs/{call_id}/workbook?service=my-folder/volume-cylinder", is_zip(".xml"), type=XLSX,
         calls=2),
    Case("logs.workbook", "GET", "/logs/{call_id}/workbook?service=my-folder/volume-cylinder&legacy=true", is_zip(".xml"),
         type=XLSX, calls=2),
    Case("logs.workbook", "GET", "/logs/{call_of_two}/workbook?service=my-folder/volume-cylinder&index=1", is_zip(".xml"),
         type=XLSX, calls=2),
    Case("logs.rehydrate", "POST", "/logs/my-folder/volume-cylinder/rehydrate/{call_id}", has_members("download_url")),
    Case("logs.rehydrate-legacy", "POST", "/logs/my-folder/volume-cylinder/rehydrate-legacy/{call_id}",
         has_members("download_url")),
    Case("logs.find", "GET", "/logs/my-folder/volume-cylinder?start=2000-01-01T00:00:00Z&search={call_id}", lists(1)),
    Case("logs.download", "POST", "/logs/my-folder/volume-cylinder/download?call_ids={call_id}&type=json",
         is_zip("log.json"), type=ARCHIVE, calls=3),
    Case("logs.download", "POST", "/logs/my-folder/volume-cylinder/download?call_ids={call_id}&type=csv",
         is_zip("log.csv"), type=ARCHIVE, calls=3),
    Case("logs.download-start", "POST", "/logs/my-folder/volume-cylinder/downloads?type=json", has_members("job_id")),
    Case("logs.download-status", "GET", "/logs/my-folder/volume-cylinder/downloads/csv/{log_job}",
         says(progress=100)),

    # exports and imports
    Case("exports.list", "GET", "/exports", has_members()),
    Case("exports.create", "POST", "/exports?folders=my-folder&version_filter=all", is_zip("manifest.json"), type=ARCHIVE,
         calls=3),
    Case("exports.create", "POST", "/exports", is_zip("manifest.json"), {"inputs": {"version_ids": [VERSION_ID]}},
         type=ARCHIVE, calls=3),
    Case("exports.get", "GET", "/exports/{export}", says(status="closed")),
    Case("exports.cancel", "DELETE", "/exports/{export}", says(status="cancelled")),
    Case("exports.files", "GET", "/exports/{exported}/files", is_zip("manifest.json"), type=ARCHIVE, calls=2),
    Case("imports.list", "GET", "/imports", has_members()),
    Case("imports.create", "POST", "/imports?services=my-folder/volume-cylinder:my-folder/copy&existing=replace",
         has_members("outputs", "services"), "{archive}", ZIP, calls=2),
    Case("imports.get", "GET", "/imports/{imported}", has_members("status")),

    # a Hybrid Runner
    Case("hybrid.health", "GET", "/hybrid/health", says(msg="ok")),
    Case("hybrid.version", "GET", "/hybrid/version", says(lastPullDate=None)),
    Case("hybrid.status", "GET", "/hybrid/status", has_members("models")),
    Case("hybrid.upload", "POST", "/hybrid/packages", has_members(0, "services"), "{package}", ZIP),
    Case("hybrid.validate", "POST", "/hybrid/validation", has_members("response_data", "outputs", "radius"),
         {"request_meta": {"version_id": VERSION_ID, "validation_type": "default_values"}}),
    Case("hybrid.metadata", "POST", "/hybrid/metadata", has_members("response_data", "outputs"),
         {"request_meta": {"service_id": SERVICE_ID}}),

    # files, events and the platform
    Case("files.get", "GET", "/files?url={file_url}", is_zip("manifest.json"), type=ARCHIVE),
    Case("events.download", "POST", "/events/download?search=%5B%5D", has_members("job_id")),
    Case("events.status", "GET", "/events/download/{event_job}", has_members("status")),
    Case("platform.config", "GET", "/platform", has_members("Batch_Chunk_Size")),
    Case("platform.config-all", "GET", "/platform/all", lists(1, tenant="my-tenant")),
    Case("platform.health", "GET", "/platform/health", says(status="UP")),
    Case("platform.certs", "GET", "/platform/certs", has_members("keys")),
]


@pytest.fixture(scope="module")
def runner():
    with Simulator("--hybrid") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def daemon(running, runner):
    port = free_port()
    listeners = [{"address": f"127.0.0.1:{port}", "allow": EVERYTHING}]
    tenants = [tenant_of(running, job_timeout_ms=20000), tenant_of(runner, name="runner", kind="hybrid", auth={"open": True})]
    with csparkd(running, tenants=tenants, listeners=listeners, listen=False, port=port) as gateway:
        yield gateway


@pytest.fixture
def gateway(daemon, sim):
    """Jobs of the simulator end at once; a test that wants to wait says so."""
    for kind in ("compile", "export", "import", "logs"):
        sim.job(kind, polls=0)
    return daemon


def name_of(case):
    return f"{case.operation}-{CASES.index(case)}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_an_operation_does_what_it_says(gateway, sim, runner, case):
    world = World(gateway, sim)
    path = case.path.format_map(world)
    body = world[case.body[1:-1]] if isinstance(case.body, str) else case.body
    answer = gateway.request(case.method, path, body, case.headers)
    assert (answer.status, answer.header("content-type").partition(";")[0]) == (200, case.type), answer
    assert case.check(answer, world) is not False, answer
    line = gateway.wait_log("access", request_id=answer.header("x-request-id"))
    assert (line["operation"], line["attempts"], line["end"]) == (case.operation, case.calls, "ok")
    spark = runner if case.operation.startswith("hybrid.") else sim
    assert len(spark.ledger(request_id=answer.header("x-request-id"))) == case.calls


def test_every_operation_has_a_case():
    assert table().keys() == {case.operation for case in CASES}
