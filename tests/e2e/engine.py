"""The vendor's own calculation engine behind Spark's execute paths: runner/server.js with the example model.

The model and the recorded answers are not part of this tree (needs.py says where they are). npm installs the
engine below the build directory, exactly as package-lock.json says.
"""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from needs import SHARED
from process import Process

RUNNER = Path(__file__).resolve().parent / "runner"
TENANT = "my-tenant"


def missing():
    """What keeps the engine from running here, or None."""
    absent = [program for program in ("node", "npm") if not shutil.which(program)]
    if absent:
        return f"{' and '.join(absent)} not installed (scripts/install-deps e2e)"
    absent = [str(path) for path in (model_path(), golden_path()) if not path.exists()]
    return f"{' and '.join(absent)} not there ($CSPARKD_SHARED)" if absent else None


def model_path():
    return SHARED / "data" / "volume-cylinder.zip"


def golden_path():
    return SHARED / "golden" / "volume-cylinder.ndjson"


def golden():
    """[(inputs, response)] as recorded from this engine."""
    lines = [json.loads(line) for line in golden_path().read_text().splitlines()]
    return [(line["inputs"], line["response"]) for line in lines]


def install(folder):
    """npm ci below `folder`, unless this very lock file was installed there; gives the folder."""
    folder = Path(folder) / "runner"
    folder.mkdir(parents=True, exist_ok=True)
    lock = (RUNNER / "package-lock.json").read_text()
    done = folder / "installed"
    if not done.exists() or done.read_text() != lock:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(RUNNER / name, folder)
        subprocess.run(["npm", "ci", "--no-progress"], cwd=folder, check=True)
        done.write_text(lock)
    return folder


class Engine(Process):
    """A running engine that accepts this Keycloak's tokens alone: `.base_url`, `.ledger()`."""

    deadline = 60

    def __init__(self, folder, keycloak):
        self.port = None
        self.model = {"tenant": TENANT, "issuer": keycloak.realm_url, "jwks_url": keycloak.jwks_url}
        self.scratch = tempfile.TemporaryDirectory(prefix="csparkd-engine-")
        self.model.update(unpack(Path(self.scratch.name)))
        config = Path(self.scratch.name) / "model.json"
        config.write_text(json.dumps(self.model))
        modules = install(folder) / "node_modules"
        super().__init__(["node", str(RUNNER / "server.js"), str(config)],
                         env={**os.environ, "NODE_PATH": str(modules)})

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/{TENANT}"

    def is_ready(self):
        for line in self.output().splitlines():
            if line.startswith("listening on "):
                self.port = int(line.split()[-1])
        return self.port is not None

    def ledger(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ledger", timeout=10) as answer:
            return json.load(answer)


def unpack(folder):
    """Takes the one model out of the export (a zip in a zip) and says how it is named."""
    with zipfile.ZipFile(model_path()) as export:
        version = json.loads(export.read(next(n for n in export.namelist() if n.endswith("manifest.json"))))
        version = version["outputs"]["service_versions"][0]
        model = next(n for n in export.namelist() if n.endswith(version["version_id_source"] + ".zip"))
        (folder / "model.zip").write_bytes(export.read(model))
    return {
        "id": version["version_id_source"],
        "zip": str(folder / "model.zip"),
        "folder": version["folder_source"],
        "service": version["service_source"],
        "service_id": version["service_id_source"],
        "version": version["version_source"],
    }
