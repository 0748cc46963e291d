"""Operations that are several calls of Spark: what each step does, waits for, and says when it fails."""

import collections
import json

import pytest
from configured import csparkd, later, wait_for
from test_operations import CYLINDER, WORKBOOK, ZIP, World, daemon, gateway, runner, unzip  # noqa: F401

NEW = "/services/my-folder/new"
LOGS = "/logs/my-folder/volume-cylinder/download"
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def world(gateway, sim):  # noqa: F811
    return World(gateway, sim)


def arrived(sim, answer):
    """How often each of Spark's paths was asked for an answer: {last words of the path: count}."""
    names = {"upload": "upload", "getcompilationprogess": "status", "publish": "publish", "recompileNodgen": "recompile",
             "docstore": "document"}
    count = collections.Counter()
    for entry in sim.ledger(request_id=answer.header("x-request-id")):
        words = entry["path"].strip("/").split("/")
        count[next((names[word] for word in words if word in names), words[-1])] += 1
    return dict(count)


def refused(answer, status, code, words):
    """A problem with this status and code, whose sentence begins with these words; gives the problem."""
    problem = answer.json()
    assert (answer.status, answer.code) == (status, code), answer
    assert problem["detail"].startswith(words), problem
    assert problem["attempts"] == int(answer.header("x-cspark-attempts"))
    return problem


# -- services ------------------------------------------------------------------------------


def test_a_service_is_created_in_three_steps(gateway, sim):  # noqa: F811
    sim.job("compile", polls=1)
    answer = gateway.request("PUT", NEW + "?versioning=major&label=first&notes=n&tags=a,b&start=2020-01-01T00:00:00Z", WORKBOOK)
    assert list(answer.json()) == ["upload", "compilation", "publication"], answer
    assert arrived(sim, answer) == {"upload": 1, "status": 2, "publish": 1}
    (version,) = gateway.get(NEW + "/versions").json()
    assert version["id"] == answer.json()["publication"]["version_id"]
    assert (version["revision"], version["versionLabel"], version["releaseNote"], version["tags"]) == ("1.0.0", "first", "n", "a,b")
    assert gateway.get(NEW + "/file").body == WORKBOOK


def test_compiling_does_not_publish(gateway, sim):  # noqa: F811
    answer = gateway.post(NEW + "/compile", WORKBOOK)
    assert list(answer.json()) == ["upload", "compilation"] and arrived(sim, answer) == {"upload": 1, "status": 1}
    assert gateway.get(NEW).status == 404


def test_recompiling_makes_a_version(gateway, sim):  # noqa: F811
    answer = gateway.post(CYLINDER + "/recompile?versioning=minor&notes=again")
    assert arrived(sim, answer) == {"recompile": 1, "status": 1}
    assert answer.json()["recompilation"]["revision"] == "0.2.0" and answer.json()["compilation"]["status"] == "Success"
    assert gateway.get(CYLINDER + "/versions").json()[0]["releaseNote"] == "again"


@pytest.mark.parametrize("method, path", [("PUT", NEW), ("POST", NEW + "/compile"), ("POST", CYLINDER + "/recompile")])
def test_a_compilation_that_fails_is_told_in_sparks_words(gateway, sim, method, path):  # noqa: F811
    sim.job("compile", "fail", polls=0, message="cell Sheet1!B7 makes no sense")
    answer = gateway.request(method, path, None if path.endswith("recompile") else WORKBOOK)
    problem = refused(answer, 422, "spark_rejected", "compilation: the compilation failed: cell Sheet1!B7 makes no sense")
    assert problem["spark"]["body"]["response_data"]["status"] == "Failed" and problem["retryable"] is False
    assert problem["outcome"] == "executed"
    assert arrived(sim, answer).get("publish") is None and arrived(sim, answer)["status"] == 1


def test_a_compilation_that_does_not_end_is_given_up_in_time(gateway, sim):  # noqa: F811
    sim.job("compile", "never")
    answer = gateway.request("PUT", NEW + "?_timeout=700", WORKBOOK)
    problem = refused(answer, 504, "upstream_timeout", "compilation: the job is still under way at the deadline of 700 ms")
    assert arrived(sim, answer)["upload"] == 1 and "publish" not in arrived(sim, answer)
    assert problem["spark"]["body"]["response_data"]["status"] == "InProgress"


def test_a_step_that_is_refused_is_named(gateway, sim):  # noqa: F811
    answer = gateway.request("PUT", "/services/nowhere/new", WORKBOOK)
    problem = refused(answer, 400, "spark_rejected", "upload: ")
    assert problem["spark"]["body"]["error"]["message"] == "FOLDER_NOT_FOUND" and arrived(sim, answer) == {"upload": 1}
    sim.mood("*", "status-409", operation="services.publish")
    answer = gateway.request("PUT", NEW, WORKBOOK)
    problem = refused(answer, 409, "spark_rejected", "publication: ")
    assert problem["spark"]["status"] == 409 and arrived(sim, answer) == {"upload": 1, "status": 1, "publish": 1}


def test_a_step_without_an_answer_is_named(gateway, sim):  # noqa: F811
    sim.mood("*", "reset", operation="services.publish")
    answer = gateway.request("PUT", NEW, WORKBOOK)
    problem = refused(answer, 502, "upstream_unreachable", "publication: ")
    assert problem["outcome"] in ("maybe_executed", "executed") and arrived(sim, answer)["publish"] == 1
    assert problem.get("spark") is None, "an earlier step's answer is not this one's"


def test_an_upload_that_says_nothing_useful_ends_the_job(gateway, sim):  # noqa: F811
    sim.mood("*", "not-an-object", operation="services.upload")
    refused(gateway.request("PUT", NEW, WORKBOOK), 502, "upstream_garbled", "upload: ")


def test_asking_for_a_version_that_is_not_there(gateway, sim):  # noqa: F811
    answer = gateway.get("/version/00000000-0000-4000-8000-000000000000/file")
    assert answer.status in (400, 404, 422) and answer.json()["detail"].startswith("find: ")


def test_a_job_takes_a_file(gateway, sim):  # noqa: F811
    for body in (None, b""):
        assert gateway.request("PUT", NEW, body).code == "bad_request"
    assert sim.executes() == []


# -- not waiting -----------------------------------------------------------------------------


def test_a_creation_can_be_followed_by_its_caller(world, gateway):  # noqa: F811
    world.sim.job("compile", polls=1)
    answer = gateway.request("PUT", NEW, WORKBOOK, ASYNC)
    upload = answer.json()
    assert answer.status == 202 and arrived(world.sim, answer) == {"upload": 1}
    assert answer.header("location") == f"{NEW}/compilations/{upload['nodegen_compilation_jobid']}"
    assert [gateway.get(answer.header("location")).json()["progress"] for _ in range(2)] == [50, 100]
    wish = f"file_id={upload['original_file_documentid']}&engine_id={upload['engine_file_documentid']}"
    assert gateway.post(f"{NEW}/publish?{wish}").status == 200 and gateway.get(NEW).status == 200


@pytest.mark.parametrize("prefer", ["respond-async", "wait=10, Respond-Async"])
def test_an_export_can_be_followed_by_its_caller(gateway, prefer):  # noqa: F811
    answer = gateway.post("/exports?services=my-folder/volume-cylinder", headers={"Prefer": prefer})
    assert answer.status == 202 and answer.header("location") == f"/exports/{answer.json()['id']}"
    assert gateway.get(answer.header("location")).json()["outputs"]["files"]
    assert "manifest.json" in unzip(gateway.get(answer.header("location") + "/files")).namelist()


def test_other_jobs_can_be_followed(world, gateway):  # noqa: F811
    answer = gateway.post(CYLINDER + "/recompile", headers=ASYNC)
    assert answer.status == 202 and gateway.get(answer.header("location")).json()["progress"] == 100
    answer = gateway.post("/imports?services=my-folder/volume-cylinder", world["archive"], {**ZIP, **ASYNC})
    assert answer.status == 202 and gateway.get(answer.header("location")).json()["status"] in ("closed", "completed")
    answer = gateway.post(LOGS + "?type=csv", headers=ASYNC)
    assert answer.status == 202 and gateway.get(answer.header("location")).json()["download_url"]


def test_what_is_no_job_is_waited_for(gateway):  # noqa: F811
    assert gateway.get("/services", headers=ASYNC).status == 200


# -- exports, imports, logs --------------------------------------------------------------------


def test_an_export_that_fails(gateway, sim):  # noqa: F811
    sim.job("export", "fail", polls=0, message="disk full in Spark")
    problem = refused(gateway.post("/exports?folders=my-folder"), 422, "spark_rejected", "export: ")
    assert "disk full in Spark" in problem["detail"] and problem["spark"]["body"]["errors"]


def test_jobs_that_do_not_end(gateway, sim):  # noqa: F811
    sim.job("export", "never")
    sim.job("logs", "fail")  # which Spark has no word for: it stays where it is
    export = later(lambda: gateway.post("/exports?folders=my-folder&_timeout=600"))
    logs = gateway.post(LOGS + "?_timeout=600")
    refused(export(), 504, "upstream_timeout", "export: ")
    refused(logs, 504, "upstream_timeout", "collect: ")


def test_an_export_of_nothing(gateway):  # noqa: F811
    for query, status in (("services=no/such", 404), ("folders=nowhere", 404)):
        problem = refused(gateway.post("/exports?" + query), status, "spark_rejected", "start: ")
        assert problem["spark"]["body"]["code"].endswith("NOT_FOUND")


@pytest.mark.parametrize("path", ["/exports?folders=my-folder", LOGS, "/logs/{call_id}/workbook?service=my-folder/volume-cylinder"])
def test_an_address_that_has_expired(world, gateway, path):  # noqa: F811
    world.sim.documents(lifetime=0)
    method = "GET" if "workbook" in path else "POST"
    answer = gateway.request(method, path.format_map(world))
    problem = refused(answer, 404, "spark_rejected", "download: ")
    assert problem["spark"]["body"] == {"message": "Document not found"} and arrived(world.sim, answer)["document"] == 1


def test_files_of_an_export(world, gateway):  # noqa: F811
    world.sim.job("export", polls=1)
    early = refused(gateway.get(f"/exports/{world['export']}/files"), 409, "spark_rejected", "export: the export is not finished")
    assert early["spark"]["body"]["object"] == "export"
    assert gateway.get(f"/exports/{world['export']}/files").status == 200
    refused(gateway.get(f"/exports/{world['export']}/files?file=1"), 404, "spark_rejected", "export: the export has 1 files")
    assert gateway.get(f"/exports/{world['export']}/files?file=x").code == "bad_parameter"
    assert gateway.get("/exports/nothing/files").status == 404


def test_an_archive_goes_where_it_is_sent(world, gateway):  # noqa: F811
    mapping = "my-folder/volume-cylinder:my-folder/copy"
    answer = gateway.post(f"/imports?services={mapping}&_correlation=c", world["archive"], ZIP)
    (service,) = answer.json()["outputs"]["services"]
    assert (service["service_uri_destination"], service["status"]) == ("my-folder/copy", "added")
    assert gateway.post("/execute/my-folder/copy", {"radius": 3, "height": 4}).json()["outputs"] == {"volume": 113.097}
    answer = gateway.post("/imports?services=my-folder/volume-cylinder", world["archive"], ZIP)
    assert answer.json()["outputs"]["services"][0]["status"] == "updated"


def test_an_import_with_errors(world, gateway):  # noqa: F811
    query = "services=my-folder/volume-cylinder&existing=abort"
    problem = refused(gateway.post("/imports?" + query, world["archive"], ZIP), 422, "spark_rejected", "import: ")
    assert "SERVICE_ALREADY_EXISTS" in problem["detail"] and problem["spark"]["body"]["errors"]
    query = "services=my-folder/volume-cylinder:nowhere/x"
    assert "FOLDER_NOT_FOUND" in refused(gateway.post("/imports?" + query, world["archive"], ZIP), 422, "spark_rejected",
                                        "import: ")["detail"]
    problem = refused(gateway.post("/imports", b"no zip", ZIP), 422, "spark_rejected", "start: ")
    assert problem["spark"]["body"]["code"] == "INVALID_IMPORT_ZIP"


def test_the_log_of_one_call_alone(world, gateway):  # noqa: F811
    gateway.post("/execute/my-folder/volume-cylinder", {"radius": 1})
    answer = gateway.post(f"{LOGS}?call_ids={world['call_id']}&type=json")
    (record,) = json.loads(unzip(answer).read("log.json"))
    assert world["call_id"] in json.dumps(record)
    csv = unzip(gateway.post(f"{LOGS}?type=csv")).read("log.csv").decode().splitlines()
    assert len(csv) >= 3


def test_an_unknown_call_is_not_found(gateway):  # noqa: F811
    for path in ("/logs/none", "/logs/none/workbook?service=my-folder/volume-cylinder"):
        assert gateway.get(path).code == "spark_rejected", path
    assert gateway.get("/logs/none/workbook").code == "bad_parameter"
    assert gateway.get("/logs/none/workbook?service=volume-cylinder").code == "bad_parameter"


# -- while one waits ---------------------------------------------------------------------------


def test_who_leaves_ends_the_questions(gateway, sim):  # noqa: F811
    sim.job("compile", "never")
    with gateway.connect() as wire:
        wire.send(b"POST %s/compile HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: leaves\r\nContent-Length: 2\r\n\r\nPK"
                  % NEW.encode())
        wait_for(lambda: len(sim.ledger(request_id="leaves")) >= 2, "the first question after the job")
    line = gateway.wait_log("access", request_id="leaves")
    assert line["end"] == "caller_left" and line["attempts"] == len(sim.ledger(request_id="leaves"))
    wait_for(lambda: gateway.metric("cspark_in_flight") == 0, "the end of the call")


def test_a_stop_does_not_wait_for_jobs(sim):
    sim.job("logs", "never")
    with csparkd(sim, top={"drain_ms": 0}, exit_code=75) as small:
        asked = later(lambda: small.post(LOGS))
        wait_for(lambda: sim.ledger(path="/status/"), "the first question after the job")
        small.stop()
        assert asked().code == "draining"
