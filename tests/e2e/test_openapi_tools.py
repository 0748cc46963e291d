"""The OpenAPI document before the official tools: the validator, and schemathesis against csparkd and the simulator.

schemathesis runs all its checks but these:

positive_data_acceptance  what is valid but means nothing is refused by Spark, and rightly
unsupported_method        it sends GET with a body, which is refused before its path is looked at (405 is in
                          tests/scenario/test_errors.py)
allow_header_conformance  GET /transforms/validate lists a folder of that name
"""

import base64
import contextlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from configured import csparkd, tenant_of
from gateway import BUILD, free_port
from simulator import Simulator

HERE = Path(__file__).resolve().parent
EXCLUDED = "positive_data_acceptance,unsupported_method,allow_header_conformance"
EXAMPLES = 6
SECONDS = 180  # it needs a tenth of that
FOLDER, SERVICE = "my-folder", "volume-cylinder"


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_bytes(subprocess.run([str(BUILD / "csparkd"), "--openapi"], capture_output=True, check=True).stdout)
    return path


class Things:
    """One of each, made through the gateway, for openapi_hooks.py."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.known = {"*": {"path": {"folder": FOLDER, "service": SERVICE, "record": "0", "type": "json"}, "query": {}}}
        for make in (self.add_service, self.add_work, self.add_folder, self.add_transform, self.add_batches,
                     self.add_export, self.add_logs):
            make()

    def ask(self, method, path, body=None, **headers):
        answer = self.gateway.request(method, path, body, {name.title(): text for name, text in headers.items()})
        assert answer.status in (200, 202), (method, path, answer.status, answer.text)
        return answer

    def add(self, names, **facts):
        for name in names.split():
            self.known[name] = facts

    def add_service(self):
        executed = self.ask("POST", f"/execute/{FOLDER}/{SERVICE}", {"radius": 3})
        record = executed.json()
        self.known["*"]["path"].update(service_id=record["service_id"], version_id=record["version_id"],
                                       call_id=executed.header("x-spark-call-id"))
        self.known["*"]["query"].update(_version_id=record["version_id"], _version="0.1.0", _date="", _meta="{}",
                                        _outputs="volume", _filter="")
        self.add("execute", body=[{"radius": 3}, {"radius": 4}])
        self.add("execute_body hybrid_validate hybrid_metadata", body={"request_data": {"inputs": {"radius": 3}},
                                       "request_meta": {"service_uri": f"{FOLDER}/{SERVICE}"}})

    def add_work(self):
        """On a service that nobody else needs."""
        path = {"service": "other"}
        workbook = self.ask("GET", f"/services/{FOLDER}/{SERVICE}/file").body
        file = base64.b64encode(workbook).decode()
        self.ask("PUT", f"/services/{FOLDER}/other", workbook)
        uploaded = self.ask("POST", f"/services/{FOLDER}/draft/compile", workbook).json()["upload"]
        self.add("services_upload services_create services_compile", path=path, file=file)
        self.add("services_recompile services_recompile_start", path=path, query={"_version_id": ""})
        path = {"service": "draft"}
        self.add("services_compilation", path={**path, "job": uploaded["nodegen_compilation_jobid"]})
        self.add("services_publish", path=path, body={}, query={
            "_draft_name": "draft", "_file_id": uploaded["original_file_documentid"],
            "_engine_id": uploaded["engine_file_documentid"]})

    def add_folder(self):
        folder = self.ask("POST", "/folders?name=shelf").json()
        self.add("folders_get folders_exists", path={"name": "shelf"})
        self.add("folders_update", path={"name": folder["id"]}, query={"name": "shelf"})
        self.add("folders_cover", path={"id": folder["id"]}, file="iVBORw0KGgo=")

    def add_transform(self):
        document = {"transform_type": "JSONtransforms_v1.0.1", "inputs_body": "{}", "outputs_body": "{}"}
        self.ask("PUT", f"/transforms/{FOLDER}/shape", document)
        script = {"transform_type": "Nodejs22_v1.0.0", "transform_code": "exports"}
        self.ask("PUT", f"/transforms/{FOLDER}/script", script)
        self.add("transform", query={"_using": f"{FOLDER}/shape"}, body={})
        self.add("transform_run", query={"_using": f"{FOLDER}/script"}, body={})
        self.add("transforms_upload", file=base64.b64encode(json.dumps(document).encode()).decode())
        self.add("transforms_get", path={"name": "shape"})
        self.add("transforms_save", path={"name": "shape"}, body=document)
        self.add("transforms_validate", body=document)

    def add_batches(self):
        for name in ("get", "status", "push", "pull", "close", "cancel"):
            batch = self.ask("POST", f"/batches?service={FOLDER}/{SERVICE}").json()
            self.add(f"batches_{name}", path={"id": batch["id"]})
        self.known["batches_close"]["body"] = self.known["batches_cancel"]["body"] = {}
        self.known["batches_push"]["body"] = {"chunks": [{"id": "1", "data": {"inputs": [["radius"], [3]]}}]}
        self.add("batches_create", query={"service": f"{FOLDER}/{SERVICE}", "version_id": ""})

    def add_export(self):
        archive = self.ask("POST", f"/exports?services={FOLDER}/other").body
        exported = self.ask("POST", f"/exports?services={FOLDER}/{SERVICE}", prefer="respond-async")
        imported = self.ask("POST", "/imports", archive, prefer="respond-async")
        package = self.ask("POST", f"/exports?services={FOLDER}/other&file_filter=onpremises").body
        self.add("hybrid_upload", file=base64.b64encode(package).decode())
        path = {"id": exported.header("location").rpartition("/")[2]}
        status = self.ask("GET", exported.header("location")).json()
        self.add("exports_get exports_files", path=path)
        self.add("exports_create", query={"services": [f"{FOLDER}/{SERVICE}"], "folders": [], "version_ids": []})
        self.add("imports_get", path={"id": imported.header("location").rpartition("/")[2]})
        self.add("imports_create", file=base64.b64encode(archive).decode(), query={"services": ""})
        self.add("files_get", query={"url": status["outputs"]["files"][0]["file"]})

    def add_logs(self):
        started = self.ask("POST", f"/logs/{FOLDER}/{SERVICE}/downloads?type=json").json()
        self.add("logs_download_status", path={"job": started["job_id"]})
        events = self.ask("POST", "/events/download").json()
        self.add("events_status", path={"job": events["job_id"]})
        self.add("logs_workbook", query={"service": f"{FOLDER}/{SERVICE}"})


def schemathesis(tools, document, gateway, folder):
    environment = {"PATH": os.environ["PATH"], "SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HERE),
                   "CSPARK_KNOWN": json.dumps(Things(gateway).known), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(tools / "st"), "run", str(document), "--url", gateway.url, "--no-color", "--warnings", "off",
               "--phases", "examples,coverage,fuzzing", "--checks", "all", "--exclude-checks", EXCLUDED, "--exclude-path-regex", "^/-/",
               "--max-examples", str(EXAMPLES), "--generation-deterministic", "--no-shrink",
               "--continue-on-failure", "--request-timeout", "20"]
    return subprocess.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS)


def test_the_validator_takes_it(tools, document):
    done = subprocess.run([str(tools / "openapi-spec-validator"), "--schema", "3.1.0", str(document)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def everything():
    """A gateway that allows all, before Spark and a Hybrid Runner whose jobs are done at once."""
    port = free_port()
    listener = {"address": f"127.0.0.1:{port}", "allow": ["execute", "read", "manage", "ops"]}
    with Simulator("--job-polls", "0") as spark, Simulator("--hybrid") as runner:
        tenants = [tenant_of(spark), tenant_of(runner, name="runner", kind="hybrid", auth={"open": True})]
        with csparkd(spark, listeners=[listener], tenants=tenants, listen=False, port=port) as gateway:
            yield gateway


def test_schemathesis_finds_nothing(tools, document, tmp_path):
    with everything() as gateway:
        done = schemathesis(tools, document, gateway, tmp_path)
        called = {line["operation"] for line in gateway.access_log()}
        well = {line["operation"] for line in gateway.access_log() if line["status"] < 300}
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-4000:]
    assert len(called - well) < len(called) / 10, f"little was seen of what was only refused: {called - well}"
