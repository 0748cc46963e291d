"""docker/kubernetes: built by kustomize, held against Kubernetes' own schemas, and the pods run."""

import contextlib
import importlib
import json
import re
import subprocess
import sys

import needs
import pytest
from container import Container, wait_for
from image import FOLDER, TOP
from pod import KubeletVolume
from tools import tool

OVERLAYS = ("native", "classic", "job")
MANIFESTS = TOP / "docker/kubernetes"
SCHEMAS = "kubernetes-validate==1.37.0"  # which has those of many versions of Kubernetes
VERSIONS = {"native": ("1.29", "1.33", "1.37"), "job": ("1.29", "1.33", "1.37"), "classic": ("1.25", "1.28", "1.37")}


def build(overlay):
    yaml = needs.module("yaml", "python3-yaml")
    said = subprocess.run([tool("kustomize"), "build", MANIFESTS / "overlays" / overlay], capture_output=True, text=True, check=False)
    assert said.returncode == 0 and not said.stderr, said.stderr
    return list(yaml.safe_load_all(said.stdout))


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request):
    return request.param


@pytest.fixture(scope="module")
def objects(overlay):
    return build(overlay)


@pytest.fixture(scope="session")
def validate():
    """A Python with the schemas, of its own: Debian has no package of them."""
    python = FOLDER / "schemas" / "bin" / "python"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", FOLDER / "schemas"], capture_output=True, text=True, check=False)
        needs.require(None if made.returncode == 0 else f"no venv (apt install python3-venv): {made.stdout[-200:]}")
        made = subprocess.run([python, "-m", "pip", "install", "-q", SCHEMAS], capture_output=True, text=True, check=False)
        needs.require(None if made.returncode == 0 else f"{SCHEMAS} cannot be installed: {made.stderr[-200:]}")
    return lambda version, text: subprocess.run([python.with_name("kubernetes-validate"), "--strict", "-k", version, "-"],
                                                input=text, capture_output=True, text=True, check=False)


def workload(objects):
    return next(one for one in objects if one["kind"] in ("Deployment", "Job"))


def pod_of(objects):
    return workload(objects)["spec"]["template"]["spec"]


def gateway_of(pod):
    return next(one for one in pod.get("initContainers", []) + pod["containers"] if one["name"] == "csparkd")


# -- what is written -------------------------------------------------------------------------------


def test_kubernetes_would_take_it(overlay, objects, validate, tmp_path):
    for version in VERSIONS[overlay]:
        for one in objects:
            done = validate(version, json.dumps(one))
            assert done.returncode == 0, f"{version} {one['kind']}: {done.stdout}{done.stderr}"


def test_the_schemas_would_find_a_mistake(validate):
    objects = build("native")
    gateway_of(pod_of(objects))["livenesProbe"] = {}
    assert validate("1.37", json.dumps(workload(objects))).returncode != 0


def test_no_probe_asks_spark(objects):
    gateway = gateway_of(pod_of(objects))
    probes = {name: gateway[name + "Probe"]["exec"]["command"] for name in ("startup", "readiness", "liveness")}
    assert probes == {"startup": ["csparkctl", "health"], "liveness": ["csparkctl", "health"],
                      "readiness": ["csparkctl", "health", "--ready"]}


def test_it_is_as_restricted_as_the_strictest_standard_wants(objects):
    pod = pod_of(objects)
    for container in pod.get("initContainers", []) + pod["containers"]:
        rights = container["securityContext"]
        assert rights["runAsNonRoot"] and rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"] == {"drop": ["ALL"]} and rights["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))


def test_only_the_gateway_has_the_secret(objects):
    pod = pod_of(objects)
    volume = next(one for one in pod["volumes"] if "secret" in one)
    assert volume["secret"]["defaultMode"] == 0o440
    holders = [one["name"] for one in pod.get("initContainers", []) + pod["containers"]
               if volume["name"] in [mount["name"] for mount in one.get("volumeMounts", [])]]
    assert holders == ["csparkd"]
    assert not [one for one in objects if one["kind"] == "Secret"], "secrets are no manifests"


def test_the_order_of_start_and_end(overlay, objects):
    pod = pod_of(objects)
    if overlay == "classic":
        assert pod["containers"][0]["name"] == "csparkd", "the others wait for its postStart only behind it"
        waits = int(gateway_of(pod)["lifecycle"]["preStop"]["exec"]["command"][1])
        assert waits + drain_seconds(objects) < pod["terminationGracePeriodSeconds"]
    else:
        assert pod["initContainers"][0]["restartPolicy"] == "Always", "only such a one lets a Job end"
        assert drain_seconds(objects) < pod.get("terminationGracePeriodSeconds", 30)


def drain_seconds(objects):
    return int(re.search(r"drain_ms\s*=\s*(\d+)", configuration(objects)["csparkd.conf"])[1]) / 1000


def configuration(objects):
    return next(one for one in objects if one["kind"] == "ConfigMap")["data"]


def test_the_policy_is_for_these_pods(objects):
    policy = next(one for one in objects if one["kind"] == "NetworkPolicy")["spec"]
    wanted = policy["podSelector"]["matchLabels"].items()
    assert wanted <= workload(objects)["spec"]["template"]["metadata"]["labels"].items()
    assert [rule["ports"][-1]["port"] for rule in policy["egress"]] == [53, 443]


# -- what it does ----------------------------------------------------------------------------------


class Pod:
    """Its containers, as the kubelet would run them, but with the simulator for Spark."""

    def __init__(self, objects, images, network, folder, stack):
        folder.chmod(0o755)
        self.spec, self.network, self.stack = pod_of(objects), network, stack
        group = self.spec["securityContext"]["fsGroup"]
        self.groups = [group]
        self.volumes = {
            "csparkd-config": KubeletVolume(folder / "config", configuration(objects)),
            "csparkd-secret": KubeletVolume(folder / "secret", {"client_secret": "demo-secret"}, 0o440, group),
        }
        self.images = images

    def start(self, spec, **options):
        image = self.images[{"csparkd": "csparkd", "csparkd-example": "example"}[spec["image"].partition(":")[0]]]
        mounts = {mount["mountPath"]: self.volumes.get(mount["name"]) for mount in spec.get("volumeMounts", [])}
        rights = spec["securityContext"]
        user = (rights.get("runAsUser", 65532), rights.get("runAsGroup", 65532))
        return self.stack.enter_context(Container(
            image, self.network, entrypoint=spec.get("command"), mounts={path: one.folder for path, one in mounts.items() if one},
            tmpfs={path: f"mode=2770,gid={self.groups[0]}" for path, one in mounts.items() if not one},
            user=user, groups=self.groups, **options))


def test_a_pod_does_its_work_and_ends(overlay, objects, images, network, spark, tmp_path):
    with contextlib.ExitStack() as stack:
        pod = Pod(objects, images, network, tmp_path, stack)
        spec = gateway_of(pod.spec)
        gateway = pod.start(spec, env={"CSPARK_BASE_URL": spark.base_url, "CSPARK_CLIENT_ID": "demo"})
        if overlay == "classic":
            assert gateway.exec(*spec["lifecycle"]["postStart"]["exec"]["command"]).returncode == 0
        for name in ("startup", "readiness", "liveness"):
            command = spec[name + "Probe"]["exec"]["command"]
            wait_for(lambda: gateway.exec(*command).returncode == 0, name)
        application = pod.start(next(one for one in pod.spec["containers"] if one["name"] != "csparkd"))
        wait_for(lambda: "471.239" in application.output(), "the application's answer")
        if overlay == "job":
            assert application.wait() == 0
        gateway.kill("TERM")
        assert gateway.wait() == 0
