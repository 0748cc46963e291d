"""The simulator's batches, transforms, events, and the Hybrid Runner it can be."""

import io
import json
import zipfile

import pytest

from simulator import Simulator
from test_sim_operations import SEEDED, V1, V3, V4, VERSION, Spark, export

SERVICE = "b3cfea0c-aca4-471a-8500-26b887d14d69"


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


# -- batches ----------------------------------------------------------------------


class Batch:
    def __init__(self, spark, service="my-folder/volume-cylinder", **wish):
        self.spark = spark
        self.made = spark("POST", V4 + "/batch", {"service": service, **wish}).json
        self.path = f"{V4}/batch/{self.made['id']}"

    def push(self, id, inputs, **data):
        return self.spark("POST", self.path + "/chunks", {"chunks": [{"id": id, "size": 1, "data": {"inputs": inputs, **data}}]})

    def status(self):
        return self.spark("GET", self.path + "/status").json

    def pull(self, max=100):
        return self.spark("GET", f"{self.path}/chunkresults?max={max}")

    def change(self, status):
        return self.spark("PATCH", self.path, {"batch_status": status})


HEAD = ["radius", "height"]


def test_a_batch_from_its_creation_to_its_end(spark):
    batch = Batch(spark, correlation_id="c", max_workers=7, max_input_in_mb=5)
    assert batch.made["object"] == "batch" and batch.made["data"]["batch_status"] == "created"
    assert batch.made["data"]["service_uri"] == "my-folder/volume-cylinder[0.1.0]" and batch.made["data"]["correlation_id"] == "c"
    assert batch.pull().json["data"] == []
    status = batch.push("one", [HEAD, [3, 4], [1, 1]]).json
    assert (status["record_submitted"], status["records_completed"], status["records_available"], status["chunks_available"]) == (2, 2, 2, 1)
    assert (status["batch_status"], status["pipeline_status"]) == ("in_progress", "idle")
    batch.push("two", [["radius"], [2]], parameters={"height": 1}, summary={"ignore_error": False, "aggregation": [{"output_name": "volume", "operator": "SUM"}]})
    pulled = batch.pull(1).json
    assert [c["id"] for c in pulled["data"]] == ["one"] and pulled["status"]["records_available"] == 1
    assert pulled["data"][0]["outputs"] == [{"volume": 113.097}, {"volume": 3.142}] and pulled["data"][0]["errors"] == [None, None]
    chunk, = batch.pull().json["data"]
    assert chunk["outputs"] == [{"volume": 12.566}] and chunk["summary_output"] == [["volume"], [12.566]]
    assert batch.pull().json["data"] == []
    info = spark("GET", batch.path).json["data"]
    assert info["summary"]["records_submitted"] == 3 and info["configuration"]["max_workers"] == 7
    assert info["configuration"]["input_buffer_allocated_bytes"] == 5000000
    assert batch.change("closed").json["data"]["batch_status"] == "closed"
    assert batch.push("three", [HEAD]).json["code"] == "INVALID_BATCH_STATUS"
    assert batch.status()["batch_status"] == "completed" and batch.status()["pipeline_status"] == "closed"
    described = spark("GET", V4 + "/batch/status").json
    assert [b["id"] for b in described["recent_batches"]] == [batch.made["id"]] and described["in_progress_batches"] == []


def test_a_cancelled_batch_gives_nothing_back(spark, sim):
    batch = Batch(spark)
    batch.push("one", [HEAD, [3, 4]])
    assert batch.change("cancelled").json["data"]["batch_status"] == "cancelled"
    assert batch.pull().json["code"] == "INVALID_BATCH_STATUS" and batch.status()["records_available"] == 0
    assert batch.change("closed").status == 500


def test_a_batch_works_when_its_plan_says(spark, sim):
    sim.job("batch", polls=2, times=1)
    batch = Batch(spark)
    assert batch.push("one", [HEAD, [3, 4]]).json["records_completed"] == 0
    assert [batch.status()["records_completed"] for _ in range(3)] == [0, 1, 1]
    sim.job("batch", "never", times=1)
    batch = Batch(spark)
    batch.push("one", [HEAD, [3, 4]])
    batch.change("closed")
    assert {batch.status()["batch_status"] for _ in range(5)} == {"closed"}
    sim.job("batch", "fail", times=1)
    batch = Batch(spark)
    batch.push("one", [HEAD, [3, 4]])
    batch.change("closed")
    assert batch.status()["batch_status"] == "failed"


def test_a_batch_is_closed_when_it_idles(spark, sim):
    batch = Batch(spark)
    batch.push("one", [HEAD, [3, 4]])
    sim.batch(batch.made["id"], "closed_by_timeout")
    assert batch.push("two", [HEAD]).status == 500
    assert batch.status()["batch_status"] == "completed_by_timeout" and len(batch.pull().json["data"]) == 1


def test_too_many_failed_records_fail_a_batch(spark):
    for percentage, status in ((0, "failed"), (50, "completed")):
        batch = Batch(spark, "my-folder/picky", acceptable_error_percentage=percentage)
        batch.push("one", [["fail"], [True], [False]])
        batch.change("closed")
        assert batch.status()["batch_status"] == status
        assert batch.pull().json["data"][0]["errors"][0][0]["message"] == "#DIV/0!"


def test_buffers_are_full_some_day(spark):
    batch = Batch(spark, max_input_in_mb=0.001, max_output_in_mb=0.0001)
    long = [["a"], ["x" * 400]]
    batch = Batch(spark, "my-folder/echo", max_input_in_mb=0.001, max_output_in_mb=0.0001)
    batch.push("1", long), batch.push("2", long)
    status = batch.push("3", long).json
    assert (status["records_completed"], status["output_buffer_remaining_bytes"]) == (1, 0)
    full = batch.push("4", long)
    assert (full.status, full.json["code"]) == (500, "INPUT_BUFFER_FULL")
    assert [len(batch.pull().json["data"]) for _ in range(4)] == [1, 1, 1, 0]
    assert batch.push("4", long).status == 200


def test_what_is_no_batch_is_refused(spark):
    def refused(answer, status, code):
        assert (answer.status, answer.json["code"]) == (status, code)

    refused(spark("POST", V4 + "/batch", {"service": "no/such"}), 404, "SERVICE_NOT_FOUND")
    refused(spark("GET", V4 + "/batch/x"), 500, "INVALID_BATCH_ID")
    batch = Batch(spark)
    refused(batch.push("one", None), 500, "INVALID_CHUNKS")
    batch.push("one", [HEAD])
    refused(batch.push("one", [HEAD]), 500, "DUPLICATE_CHUNK_ID")
    refused(batch.pull(101), 500, "INVALID_REQUEST")
    refused(batch.change("open"), 500, "INVALID_REQUEST")


def test_a_refused_pull_takes_nothing(spark, sim):
    batch = Batch(spark)
    batch.push("one", [HEAD, [3, 4]])
    sim.mood("*", "status-503", times=1, operation="batches.pull")
    assert batch.pull().status == 503 and len(batch.pull().json["data"]) == 1
    batch.push("two", [HEAD, [3, 4]])
    sim.mood("*", "empty-body", times=1, operation="batches.pull")
    assert batch.pull().body == b"" and batch.pull().json["data"] == []


# -- transforms -------------------------------------------------------------------


DOCUMENT = json.dumps({"transform_type": "JSONtransforms_v1.0.1", "target_api_version": "v3",
                       "input_body_transform": None, "output_body_transform": None})


@pytest.mark.parametrize("word, wrapped", [("transforms", False), ("transform", True)])
def test_documents_are_kept(spark, word, wrapped):
    path = f"{V4}/{word}/my-folder/vol"
    saved = spark("POST", path, {"transform_content": DOCUMENT}).json
    assert saved["outputs"] == {"name": "vol", "transform_uri": "my-folder/vol"} and saved["object"] == "transform"
    assert spark("GET", path).json["outputs"]["transform_document"] == DOCUMENT
    wish = {"page": 1, "pageSize": 100, "sort": "-updatedAt", "search": [{"field": "transform_type", "value": "JSONtransforms_v1.0.1"}]}
    listed = spark("POST", f"{V4}/{word}/list/my-folder", {"request_data": wish} if wrapped else wish).json
    assert listed["count"] == 1 and listed["result"][0]["name"] == "vol"
    assert spark("DELETE", path).json["outputs"]["name"] == "vol"
    assert spark("GET", path).status == 404
    assert spark.key("GET", path).status == 401


def test_documents_are_judged_and_uploaded(spark):
    judge = lambda text: spark("POST", V4 + "/transforms/validation", {"transform_content": text}).json["outputs"]
    assert judge(DOCUMENT) == {"isValid": True, "error": None}
    for wrong in ("rubbish", "{}", '{"transform_type":"Nodejs22_v1.0.0"}', DOCUMENT.replace('"v3"', '"v9"')):
        assert judge(wrong)["isValid"] is False and judge(wrong)["error"][0]["code"] == "INVALID_TRANSFORM"
    assert spark("POST", V4 + "/transforms/f/x", {"transform_content": "{}"}).json["code"] == "INVALID_TRANSFORM"
    assert spark.multipart(V4 + "/transforms/f", ("file", "vol_transform.json", DOCUMENT)).json["outputs"]["transform_uri"] == "f/vol"
    assert spark.multipart(V4 + "/transforms/f", ("file", "vol.json", DOCUMENT)).status == 500


@pytest.mark.parametrize("header", ["'{}'", "{}", "quoted"])
@pytest.mark.parametrize("body", [{"inputs": {"radius": 3, "height": 4}}, {"radius": 3, "height": 4},
                                  {"request_data": {"inputs": {"radius": 3, "height": 4}}}])
def test_a_service_is_executed_through_a_transform(spark, header, body):
    spark("POST", V4 + "/transforms/tf/tn", {"transform_content": DOCUMENT})
    meta = json.dumps({"correlation_id": "c", "version": "0.1.0"})
    header = json.dumps(meta) if header == "quoted" else header.replace("{}", meta)
    for path in ("tf/tn/for/my-folder/volume-cylinder", "any/for/folders/my-folder/services/volume-cylinder"):
        answer = spark("POST", f"{V4}/transforms/{path}", body, **{"x-request-meta": header}).json
        assert answer["response_data"]["outputs"] == {"volume": 113.097}
        assert answer["response_meta"]["correlation_id"] == "c"


def test_transforms_of_other_kinds(spark):
    spark("POST", V4 + "/transforms/tf/four", {"transform_content": DOCUMENT.replace('"v3"', '"v4"')})
    answer = spark("POST", V4 + "/transforms/tf/four/for/my-folder/volume-cylinder", {"inputs": [{"radius": 3, "height": 4}]},
                   **{"x-meta": "'{\"correlation_id\":\"c\"}'"}).json
    assert answer["outputs"] == [{"volume": 113.097}] and answer["correlation_id"] == "c"
    answer = spark("POST", V4 + "/transforms/old/for/folders/my-folder/services/echo", [{"a": 1}, {"a": 2}], **{"x-meta": "'{}'"})
    assert answer.json["outputs"] == [{"a": 1}, {"a": 2}]
    code = json.dumps({"transform_type": "Nodejs22_v1.0.0", "transform_code": "async function handler(event) {}"})
    spark("POST", V4 + "/transforms/tf/node", {"transform_content": code})
    assert spark("POST", V4 + "/transforms/tf/node/run", {"a": 1}).json == {"a": 1}
    assert spark("POST", V4 + "/transforms/tf/four/run", {"a": 1}).status == 500
    assert spark("POST", V4 + "/transforms/tf/none/for/my-folder/volume-cylinder", {}).json["code"] == "TRANSFORM_NOT_FOUND"
    bad = spark("POST", V4 + "/transforms/x/for/folders/my-folder/services/volume-cylinder", {}, **{"x-request-meta": "'[]'"})
    assert (bad.status, bad.json["error"]["message"]) == (400, "INVALID_REQUEST_META")


def test_events_are_downloaded(spark):
    job = spark("POST", V4 + "/events/download", {"page_no": 1, "pageSize": 100, "search": []}).json["job_id"]
    states = [spark("GET", f"{V4}/events/download/status/{job}").json for _ in range(2)]
    assert [s["status"] for s in states] == ["in_progress", "completed"]
    archive = zipfile.ZipFile(io.BytesIO(spark("GET", states[1]["download_url"]).body))
    assert len(json.loads(archive.read("events.json"))) == 6


# -- the Hybrid Runner and seeds --------------------------------------------------


@pytest.fixture
def runner():
    with Simulator("--hybrid") as sim:
        client = Spark(sim)
        client.headers = {}
        yield client


def test_the_runner_has_its_own_endpoints_and_no_others(runner, spark):
    assert runner("GET", "/healthcheck").json == {"msg": "ok"}
    assert runner("GET", "/version").json["lastPullDate"] is None
    assert runner("GET", "/status").json["models"][0]["total_model"] == 6
    meta = {"request_meta": {"version_id": VERSION, "validation_type": "default_values"}}
    assert "radius" in runner("POST", V3 + "/validation", meta).json["response_data"]["outputs"]
    assert runner("POST", V3 + "/metadata", {"request_meta": {"service_id": SERVICE}}).json["response_data"]["outputs"]["Metadata.Font"]
    assert runner("POST", V3 + "/metadata", {}).status == 404
    assert runner("POST", V3 + SEEDED + "/execute", {}).status == runner("POST", f"{V3}/service/{SERVICE}", {}).status == 200
    assert runner("POST", V4 + "/execute", {"service": "my-folder/volume-cylinder", "inputs": [{}]}).status == 200
    for method, path in (("GET", V3 + SEEDED + "/exists"), ("GET", "/health"), ("POST", V1 + "/product/list")):
        assert runner(method, path).status == 404
    assert spark("GET", "/healthcheck").status == 404


def test_the_runner_is_given_a_package(runner, spark):
    spark.folder("pricing")
    version = spark.create("pricing", "motor", b"workbook")
    status = export(spark, inputs={"services": ["pricing/motor"]}, file_filter="onpremises")
    file = status["outputs"]["files"][0]
    answer = runner.multipart("/api/v3/upload", ("file", "package.zip", spark("GET", file["file"]).body)).json
    loaded = answer["response_data"][0]["services"][0]
    assert loaded["VersionId"] == version and loaded["EngineInformation"]["FileSize"] == len(b"workbook")
    assert runner("GET", "/version").json["filehash"] == file["file_hash"]
    assert runner("POST", f"{V3}/version/{version}", {"request_data": {"inputs": {"a": 1}}}).json["response_data"]["outputs"] == {"a": 1}
    assert runner.multipart("/api/v3/upload", ("file", "package.zip", b"rubbish")).status == 400


def test_services_come_from_a_folder(tmp_path):
    service = tmp_path / "pricing" / "motor"
    service.mkdir(parents=True)
    (service / "workbook.xlsx").write_bytes(b"mine")
    (service / "service.json").write_text('{"version": "3.2.1", "label": "l", "model": "sum", "public": true}')
    with Simulator("--seed", tmp_path) as sim:
        spark = Spark(sim)
        for _ in range(2):
            assert spark("GET", V1 + "/product/pricing/engines/motor/download/").body == b"mine"
            listed, = spark("GET", V1 + "/product/pricing/engines/getversions/motor").json["data"]
            assert (listed["revision"], listed["versionLabel"]) == ("3.2.1", "l")
            answer = spark("POST", V3 + "/public/folders/pricing/services/motor/execute", {"request_data": {"inputs": {"a": 1, "b": 2}}}, Authorization=None)
            assert answer.json["response_data"]["outputs"] == {"sum": 3}
            spark("DELETE", V1 + "/product/pricing/engines/delete/motor")
            sim.reset()
    (service / "service.json").write_text('{"model": "none"}')
    with pytest.raises(RuntimeError, match="service.json is not understood"):
        Simulator("--seed", tmp_path).start()
