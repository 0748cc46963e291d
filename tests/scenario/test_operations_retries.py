"""Which operations are asked again after which failure: what arrives on the wire (contract, 7)."""

import json

import pytest
from configured import csparkd, tenant_of
from gateway import free_port
from test_operations import CHUNKS, EVERYTHING, WORKBOOK, World, unzip

# Besides executions (test_retry.py): one of each class by its local route and by Spark's own path.
READ = [("GET", "/services/my-folder/echo"), ("POST", "/api/v1/product/list", {}), ("GET", "/services/my-folder/echo/file"),
        ("GET", "/my-tenant/api/v3/folders/my-folder/services/echo/exists")]
CHANGE = [("POST", "/services/my-folder/new/upload", WORKBOOK), ("PATCH", "/folders/{folder_id}", {"description": "x"}),
          ("POST", "/batches/{batch}/chunks", CHUNKS),
          ("POST", "/services/my-folder/new/publish?{publication}"),
          ("POST", "/my-tenant/api/v4/batch/{batch}/chunks", CHUNKS), ("DELETE", "/services/my-folder/echo")]
TAKE = [("GET", "/batches/{pushed}/results"), ("GET", "/my-tenant/api/v4/batch/{pushed}/chunkresults?max=7")]

REFUSED = [("status-429", {}), ("retry-seconds", {"status": 503, "seconds": 0}), ("retry-seconds", {"status": 429, "seconds": 0})]
UNCLEAR = [("status-503", {}), ("status-502", {}), ("status-408", {}), ("close", {}), ("reset", {}), ("torn", {})]


@pytest.fixture
def world(sim):
    """A daemon for each test: its budget of retries allows 20 at once."""
    for kind in ("compile", "export"):
        sim.job(kind, polls=0)
    port = free_port()
    listeners = [{"address": f"127.0.0.1:{port}", "allow": EVERYTHING}]
    tenants = [tenant_of(sim, retry={"max": 2, "interval_ms": 1}, breaker=False)]
    with csparkd(sim, tenants=tenants, listeners=listeners, listen=False, port=port) as gateway:
        yield World(gateway, sim)


def ask(world, question, mood, times=1, **args):
    """The answer to a question whose first answers are in this mood, and how often Spark was asked."""
    method, path, *body = question
    for name in ("batch", "pushed", "upload", "compilation", "publication"):
        world.__dict__.pop(name, None)
    path = path.format_map(world)
    world.sim.mood("*", mood, times=times, **args)
    answer = world.gateway.request(method, path, *body)
    count = len(world.sim.ledger(request_id=answer.header("x-request-id")))
    assert count == int(answer.header("x-cspark-attempts"))
    return answer, count


def name_of(mood):
    return "-".join([mood[0], *map(str, mood[1].values())])


@pytest.mark.parametrize("mood", REFUSED, ids=name_of)
def test_what_was_refused_before_any_work_is_asked_again(world, mood):
    for question in READ + CHANGE + TAKE:
        answer, count = ask(world, question, mood[0], **mood[1])
        assert (answer.status, count) == (200, 2), (question, answer)


@pytest.mark.parametrize("mood", UNCLEAR, ids=name_of)
def test_what_reads_is_asked_again(world, mood):
    for question in READ:
        answer, count = ask(world, question, mood[0], **mood[1])
        assert (answer.status, count) == (200, 2), (question, answer)


@pytest.mark.parametrize("mood", UNCLEAR, ids=name_of)
def test_what_changes_or_takes_is_not(world, mood):
    for question in CHANGE + TAKE:
        answer, count = ask(world, question, mood[0], **mood[1])
        assert (answer.status >= 400, count) == (True, 1), (question, answer)
        if answer.code:
            assert answer.json()["outcome"] in ("maybe_executed", "executed"), (question, answer)


@pytest.mark.parametrize("question", TAKE, ids=["local", "drop-in"])
def test_results_are_not_taken_twice_nor_half(world, question):
    """They are gone with the answer that was torn: whoever asks again gets none, and must not be told there were none."""
    for mood in ("torn", "truncated-json") if "my-tenant" not in question[1] else ("torn",):
        answer, count = ask(world, question, mood)
        assert (answer.code, answer.json()["outcome"], count) == ("upstream_garbled", "executed", 1), answer
        method, path = question
        assert world.gateway.request(method, path.format_map(world)).json()["data"] == []


def test_results_that_were_refused_are_still_there(world):
    answer, count = ask(world, TAKE[0], "status-429")
    assert (len(answer.json()["data"]), count) == (1, 2)


@pytest.mark.parametrize("path", ["/services/my-folder/big/upload", "/my-tenant/api/v3/folders/my-folder/services/big/upload"])
@pytest.mark.parametrize("fault", ["revoked", "status-429", "early-413", "reset-before-body"])
def test_an_upload_is_repeated_with_its_whole_body(world, path, fault):
    """5 MB, which are in a file by then."""
    sim, gateway = world.sim, world.gateway
    content = bytes(range(256)) * 20_000
    body, headers = content, {}
    if path.startswith("/my-tenant"):
        body = (b'--b\r\nContent-Disposition: form-data; name="engineUploadRequestEntity"\r\n\r\n{"request_data":{}}\r\n'
                b'--b\r\nContent-Disposition: form-data; name="serviceFile"; filename="m"\r\n\r\n' + content + b"\r\n--b--\r\n")
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if fault == "revoked":
        gateway.get("/services")
        sim.revoke()
    else:
        sim.mood("*", fault, times=1, operation="services.upload")
    answer = gateway.post(path, body, headers)
    seen = sim.ledger(request_id=answer.header("x-request-id"))
    if fault in ("early-413", "reset-before-body"):
        assert (answer.status >= 400, len(seen)) == (True, 1), answer
        return
    assert answer.status == 200 and len(seen) == 2 == int(answer.header("x-cspark-attempts")), answer
    assert seen[0]["headers"]["content-length"] == seen[1]["headers"]["content-length"]
    upload = answer.json().get("response_data", answer.json())
    wish = f"file_id={upload['original_file_documentid']}&engine_id={upload['engine_file_documentid']}"
    gateway.get(f"/services/my-folder/big/compilations/{upload['nodegen_compilation_jobid']}")
    assert gateway.post("/services/my-folder/big/publish?" + wish).status == 200
    assert gateway.get("/services/my-folder/big/file").body == content


@pytest.mark.parametrize("mood", ["torn", "reset-body", "torn-chunked", "bad-chunk"])
@pytest.mark.parametrize("size", [100, 3_000_000])
def test_a_torn_download_is_asked_for_again(world, mood, size):
    content = b"0123456789" * (size // 10)
    world.ask("PUT", "/services/my-folder/file", content)
    answer, count = ask(world, ("GET", "/services/my-folder/file/file"), mood, operation="services.download")
    assert (answer.status, count) == (200, 2) and answer.body == content
    answer, count = ask(world, ("GET", "/services/my-folder/file/file"), "torn", times=-1, operation="services.download")
    assert (answer.status, answer.code, count) == (502, "upstream_garbled", 3)


def test_a_torn_download_of_a_job(world):
    world.sim.mood("*", "torn", times=1, path="/docstore/*")
    answer = world.gateway.post("/exports?folders=my-folder")
    assert answer.status == 200 and unzip(answer).testzip() is None
    assert len(world.sim.ledger(request_id=answer.header("x-request-id"), path="/docstore/")) == 2


@pytest.mark.parametrize("step, operation", [("upload", "services.upload"), ("publication", "services.publish"),
                                             ("compilation", "services.compilation")])
def test_a_step_is_repeated_by_its_own_class(world, step, operation):
    """Asking after a job reads, uploading and publishing change."""
    sim, gateway = world.sim, world.gateway
    sim.mood("*", "status-503", times=1, operation=operation)
    answer = gateway.request("PUT", "/services/my-folder/new", WORKBOOK)
    if step == "compilation":
        assert answer.status == 200 and answer.header("x-cspark-attempts") == "4"
    else:
        assert answer.code == "spark_unavailable" and answer.json()["detail"].startswith(step + ": ")
        assert json.dumps(answer.json()["attempts"]) == answer.header("x-cspark-attempts")
    sim.clear()
    sim.mood("*", "status-429", times=1, operation=operation)
    assert gateway.request("PUT", "/services/my-folder/new2", WORKBOOK).status == 200
