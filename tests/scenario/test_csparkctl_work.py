"""A day's work with csparkctl: real daemon and simulator; what can be, also without the daemon."""

import io
import json
import zipfile

import pytest
from configured import csparkd, tenant_of
from gateway import free_port
from simulator import Simulator
from test_csparkctl import ANSWERED, OK, USAGE, run

SERVICE = "my-folder/volume-cylinder"
ALL = ["execute", "read", "manage", "raw", "ops"]


@pytest.fixture(scope="module")
def sim():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(sim):
    port = free_port()
    tenants = [{"name": name, **tenant_of(sim, job_timeout_ms=20000)} for name in ("staging", "production")]
    with csparkd(sim, listeners=[{"address": f"127.0.0.1:{port}", "allow": ALL}], listen=False, port=port,
                 tenants=tenants) as daemon:
        yield daemon


@pytest.fixture
def ctl(gateway):
    def call(*args, **options):
        done = run("--url", gateway.url, *args, **options)
        assert done.returncode == OK, (args, done.stderr)
        return done.stdout

    return call


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "motor.xlsx"
    path.write_bytes(b"PK" + bytes(300000))
    return path


def folder_of(ctl, name):
    return json.loads(ctl("folders", "create", f"name={name}"))["id"]


def test_a_folder_from_birth_to_death(ctl):
    key = folder_of(ctl, "short-lived")
    ctl("folders", "update", key, "description=what it is for")
    [folder] = json.loads(ctl("folders", "list", "name=short-lived"))
    assert folder["description"] == "what it is for"
    assert json.loads(ctl("folders", "get", "short-lived"))["id"] == key
    assert json.loads(ctl("folders", "exists", "short-lived")) is True
    ctl("folders", "delete", key)
    assert json.loads(ctl("folders", "list", "name=short-lived")) == []


def test_a_service_from_birth_to_death(ctl, book, gateway):
    key = folder_of(ctl, "pricing")
    made = json.loads(ctl("services", "create", "pricing/motor", book, "versioning=major", "label=first"))
    assert set(made) == {"upload", "compilation", "publication"}
    assert len(json.loads(ctl("services", "versions", "pricing/motor"))) == 1
    assert ctl("services", "file", "pricing/motor") == book.read_bytes()
    assert ctl("wasm", "pricing/motor")[:2] == b"PK"
    ctl("services", "delete", "pricing/motor")
    assert run("--url", gateway.url, "services", "exists", "pricing/motor").returncode == ANSWERED
    ctl("folders", "delete", key)


def test_an_export_and_an_import(ctl, tmp_path):
    target = tmp_path / "out.zip"
    ctl("export", "services=" + SERVICE, "-o", target)
    assert zipfile.is_zipfile(target)
    key = folder_of(ctl, "copies")
    done = json.loads(ctl("import", target, f"services={SERVICE}:copies/cylinder"))
    assert done["status"] in ("closed", "completed")
    assert len(json.loads(ctl("services", "versions", "copies/cylinder"))) == 1
    ctl("folders", "delete", key)


def test_migrate_moves_from_tenant_to_tenant(ctl, sim):
    key = folder_of(ctl, "moved")
    done = json.loads(ctl("migrate", "staging", "production", f"services={SERVICE}:moved/cylinder"))
    assert done["object"] == "import"
    assert len(json.loads(ctl("services", "versions", "moved/cylinder", "--tenant", "production"))) == 1
    ctl("folders", "delete", key)


def test_a_batch_from_birth_to_death(ctl):
    key = json.loads(ctl("batches", "create", "service=" + SERVICE))["id"]
    chunk = {"id": "c-1", "data": {"inputs": [["radius", "height"], [3, 4]], "parameters": {}}, "size": 1}
    ctl("batches", "push", key, stdin=json.dumps({"chunks": [chunk]}).encode())
    assert "data" in json.loads(ctl("batches", "pull", key, "max=10"))
    ctl("batches", "close", key)
    assert json.loads(ctl("batches", "get", key))["id"] == key


def test_a_transform_document(ctl, tmp_path):
    document = tmp_path / "vol_transform.json"
    document.write_text('{"transform_type":"JSONtransforms_v1.0.1","schema":"","api_version":"v3"}')
    assert json.loads(ctl("transforms", "validate", "-i", document))["outputs"]["isValid"] in (True, False)
    ctl("transforms", "save", "my-folder/vol", "-i", document)
    assert json.loads(ctl("transforms", "get", "my-folder/vol"))
    ctl("transforms", "delete", "my-folder/vol")


def test_a_service_behind_a_transform_document(ctl, sim, tmp_path):
    document = tmp_path / "thru_transform.json"
    document.write_text('{"transform_type":"JSONtransforms_v1.0.1","input_body_transform":"","output_body_transform":"",'
                        '"api_version":"v3"}')
    ctl("transforms", "save", "my-folder/thru", "-i", document)
    body = json.dumps({"request_data": {"inputs": {"radius": 3, "height": 4}}}).encode()
    args = ("transform", SERVICE, "using=my-folder/thru", "purpose=test")
    through = json.loads(ctl(*args, stdin=body))
    direct = run(*args, "--direct", env=sim.oauth_env(), stdin=body)
    assert direct.returncode == OK, direct.stderr
    assert drop(json.loads(direct.stdout)) == drop(through)


def test_a_call_and_its_log(ctl):
    call = json.loads(ctl("execute", SERVICE, "radius=3", "height=4"))["call_id"]
    assert json.loads(ctl("logs", "get", call))["EngineCallId"] == call
    assert ctl("logs", "workbook", call, "service=" + SERVICE)[:2] == b"PK"
    archive = zipfile.ZipFile(io.BytesIO(ctl("logs", "download", SERVICE, "call_ids=" + call, "type=json")))
    assert archive.namelist()


def test_validation(ctl, sim):
    through = json.loads(ctl("validate", SERVICE, "radius=3"))
    direct = run("validate", SERVICE, "radius=3", "--direct", env=sim.oauth_env())
    assert direct.returncode == OK, direct.stderr
    assert json.loads(direct.stdout)["outputs"] == through["outputs"]


def test_what_policy_refuses_is_explained(sim):
    with csparkd(sim) as gateway:
        done = run("--url", gateway.url, "folders", "create", "name=x")
        assert done.returncode == ANSWERED
        assert b"operation_disabled" in done.stderr and b"manage" in done.stderr


@pytest.mark.parametrize("args", [
    "services list", "services in my-folder", f"services versions {SERVICE}", f"services exists {SERVICE}",
    f"services schema {SERVICE}", f"services metadata {SERVICE}", f"services swagger {SERVICE}", f"services wasm {SERVICE}",
    f"services file {SERVICE}", "folders list", "folders get my-folder", "folders exists my-folder", "categories list",
    "categories save name=Direct key=direct", "transforms list my-folder", "exports list", "imports list", "platform",
    "platform health", "platform certs", "raw GET /my-tenant/api/v4/export/status", "folders list --shape original",
])
def test_the_library_answers_as_the_daemon(ctl, sim, args):
    done = run(*args.split(), "--direct", env=sim.oauth_env())
    assert done.returncode == OK, done.stderr
    through = ctl(*args.split())
    if through[:2] == b"PK":
        assert done.stdout[:2] == b"PK"
    else:
        assert drop(json.loads(done.stdout)) == drop(json.loads(through))


VARYING = ("process_time", "request_timestamp", "response_timestamp", "call_id")


def drop(value):
    if isinstance(value, dict):
        return {name: drop(member) for name, member in value.items() if name not in VARYING}
    return [drop(item) for item in value] if isinstance(value, list) else value


def test_the_library_sends_files(sim, ctl, book):
    key = folder_of(ctl, "uploads")
    for args, stdin in (((str(book),), b""), ((), book.read_bytes())):
        done = run("services", "upload", "uploads/motor", *args, "--direct", env=sim.oauth_env(), stdin=stdin)
        assert done.returncode == OK, done.stderr
        assert "nodegen_compilation_jobid" in json.loads(done.stdout)
    ctl("folders", "delete", key)


def test_the_library_says_what_is_wrong(sim):
    env = sim.oauth_env()
    done = run("services", "exists", "my-folder/nothing", "--direct", env=env)
    assert done.returncode == ANSWERED and b"does not exist" in done.stderr
    done = run("services", "versions", "my-folder/nothing", "--direct", env=env)
    assert done.returncode == ANSWERED and done.stderr
    done = run("files", "get", "url=https://example.com/x", "--direct", env=env)
    assert done.returncode == USAGE and b"example.com" in done.stderr
    for command in ("services create f/s /dev/null", "export folders=a", "logs workbook c service=f/s"):
        done = run(*command.split(), "--direct", env=env)
        assert done.returncode == USAGE and b"the daemon" in done.stderr
