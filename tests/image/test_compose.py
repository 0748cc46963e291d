"""docker/compose.yaml: understood by the parser of Docker Compose, and done as it says."""

import contextlib
import shlex
import subprocess
from pathlib import Path

import needs
import pytest
from container import Container, wait_for
from image import TOP
from tools import tool

DOCKER = TOP / "docker"
SECRETS = {"spark": "demo-secret", "caller": "a-token-of-callers"}
# The example's two records: their inputs are in docker/example/job.
VOLUMES = ["volume", "113.097", "471.239"]


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    """The file as Docker Compose understands it, {name: service}."""
    yaml = needs.module("yaml", "python3-yaml")
    parser = tool("compose-spec")
    folder = tmp_path_factory.mktemp("compose")
    said = subprocess.run([parser, "compose.yaml"], cwd=DOCKER, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr + said.stdout
    (folder / "compose.yaml").write_text(said.stdout)
    return yaml.safe_load(said.stdout)


def test_the_parser_would_find_a_mistake(compose, tmp_path):
    (tmp_path / "compose.yaml").write_text("services: {gateway: {image: csparkd, read_olny: true}}")
    said = subprocess.run([tool("compose-spec"), "compose.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "read_olny" in said.stderr + said.stdout


def test_every_service_is_strict(compose):
    for name, service in compose["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"] and service["user"] == "65532:65532", name
        assert "ports" not in service and "privileged" not in service and "network_mode" not in service, name


def test_stages_and_files_are_there(compose):
    stages = [line.split()[3] for line in (DOCKER / "Dockerfile").read_text().splitlines() if line.startswith("FROM ")]
    for service in compose["services"].values():
        build = service["build"]
        assert Path(build["context"]) == TOP and (TOP / build["dockerfile"]).is_file()
        assert build.get("target", stages[-1]) in stages
    assert all(Path(config["file"]).is_file() for config in compose["configs"].values())


class Started:
    """The services, in an order that depends_on allows."""

    def __init__(self, compose, images, network, stack):
        self.running = {}
        by_name = {"csparkd": "csparkd", "cspark-sim": "sim", "csparkd-example": "example"}
        for name, service in in_order(compose["services"]):
            for other, how in service.get("depends_on", {}).items():
                if how["condition"] == "service_healthy":
                    wait_for(lambda: self.is_healthy(other), f"the health of {other}")
            self.running[name] = stack.enter_context(Container(
                images[by_name[service["image"]]], network, command=service.get("command"), env=service.get("environment"),
                files=files_of(service, compose), hosts=compose["services"],
                tmpfs=dict(place.split(":") for place in service.get("tmpfs", [])),
                user=tuple(map(int, service["user"].split(":")))))

    def is_healthy(self, name):
        container = self.running[name]
        return container.exec("/bin/sh", "-c", container.image.config["Healthcheck"]["Test"][1]).returncode == 0


def in_order(services):
    done = []
    while len(done) < len(services):
        name = next(name for name, service in services.items() if name not in done and set(service.get("depends_on", {})) <= set(done))
        done.append(name)
        yield name, services[name]


def files_of(service, compose):
    files = {use["target"]: SECRETS[use["source"]] + "\n" for use in service.get("secrets", [])}
    for use in service.get("configs", []):
        files[use["target"]] = Path(compose["configs"][use["source"]]["file"]).read_text()
    return files


def test_it_does_what_it_says(compose, images, network):
    """All services are in one network here, so their names are its loopback address."""
    with contextlib.ExitStack() as stack:
        started = Started(compose, images, network, stack)
        job, gateway = started.running["job"], started.running["gateway"]
        assert job.wait() == 0, job.output()
        assert job.output().split() == VOLUMES
        said = gateway.output()
        assert not [text for text in SECRETS.values() if text in said]
        gateway.kill(gateway.image.config["StopSignal"].removeprefix("SIG"))
        assert gateway.wait() == 0


def test_the_gateway_wants_its_token(compose, images, network):
    with contextlib.ExitStack() as stack:
        started = Started(compose, images, network, stack)
        gateway = started.running["gateway"]
        wait_for(lambda: started.is_healthy("gateway"), "health")
        words = shlex.split("csparkctl --url http://127.0.0.1:8080 execute my-folder/volume-cylinder")
        assert "caller_unknown" in gateway.exec(*words).stderr
        assert gateway.exec("env", "CSPARK_CALLER_TOKEN_FILE=/run/secrets/caller", *words).returncode == 0
