"""Keycloak, the token server that Spark itself uses, on a loopback port.

Debian's Maven gets the distribution from Maven Central and keeps the download; it is unpacked below the build
directory. The realm (realm.json) has two confidential clients: `demo`, and `brief` whose tokens last 3 seconds.
"""

import json
import os
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from gateway import free_port
from process import Process

VERSION = "26.0.8"  # the last line that runs on the Java 17 of Debian 12
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
HERE = Path(__file__).resolve().parent
REALM = json.loads((HERE / "realm.json").read_text())
SECRETS = {client["clientId"]: client["secret"] for client in REALM["clients"]}


def missing():
    """What keeps Keycloak from running here, or None."""
    absent = [program for program in ("mvn", "java") if not shutil.which(program)]
    return f"{' and '.join(absent)} not installed (scripts/install-deps e2e)" if absent else None


def install(folder):
    """Unpacks Keycloak below `folder` unless it is there; gives its home."""
    home = Path(folder) / f"keycloak-{VERSION}"
    if not (home / "unpacked").exists():
        subprocess.run(["mvn", "-B", "-q", "-Dstyle.color=never", COPY, f"-Dartifact={ARTIFACT}",
                        f"-DoutputDirectory={folder}"], check=True)
        archive = Path(folder) / f"keycloak-quarkus-dist-{VERSION}.tar.gz"
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        archive.unlink()
        (home / "unpacked").touch()
    imports = home / "data" / "import"
    imports.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "realm.json", imports)
    return home


class Keycloak(Process):
    """A running Keycloak: `.realm_url`, `.token_url`, `.jwks_url`. Each starts with an empty database."""

    def __init__(self, folder):
        self.home = install(folder)
        self.port = free_port()
        self.realm_url = f"http://127.0.0.1:{self.port}/auth/realms/{REALM['realm']}"
        self.token_url = f"{self.realm_url}/protocol/openid-connect/token"
        self.jwks_url = f"{self.realm_url}/protocol/openid-connect/certs"
        super().__init__(
            [str(self.home / "bin" / "kc.sh"), "start-dev", "--import-realm", "--db=dev-mem",
             "--http-host=127.0.0.1", f"--http-port={self.port}", "--http-relative-path=/auth"],
            env={**os.environ, "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m"})

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.jwks_url, timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
