"""The image: what is in it, and how it behaves where there is nothing but it."""

import gzip
import io
import re
import subprocess
import tarfile
import time

import pytest
from container import Container, wait_for
from image import TOP
from pod import REVISION, Caller, KubeletVolume

SECRET = "/run/secrets/spark"
ENVIRONMENT = {"CSPARK_BASE_URL": "http://127.0.0.1:8081/my-tenant", "CSPARK_CLIENT_ID": "demo", "CSPARK_CLIENT_SECRET_FILE": SECRET}
HOLD = b"GET /execute/any/echo~hold?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
OURS = {"usr/sbin/csparkd", "usr/bin/csparkctl"}


@pytest.fixture
def caller(network):
    return Caller(network)


@pytest.fixture
def gateway(images, network, spark, caller):
    with of(images, network) as gateway:
        caller.wait_ready()
        yield gateway


def of(images, network, **options):
    """The image as it is, with what it needs to know of Spark."""
    options = {"env": ENVIRONMENT, "files": {SECRET: "demo-secret\n"}, **options}
    return Container(images["csparkd"], network, **options)


def health(gateway):
    """The exit code of the image's own HEALTHCHECK."""
    kind, command = gateway.image.config["Healthcheck"]["Test"]
    assert kind == "CMD-SHELL"
    return gateway.exec("/bin/sh", "-c", command).returncode


# -- what is in it ---------------------------------------------------------------------------------


def test_it_says_what_it_is(images):
    config = images["csparkd"].config
    version = re.search(r"^AC_INIT\(\[csparkd\], \[(.*)\]\)$", (TOP / "configure.ac").read_text(), re.M)[1]
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert (labels["title"], labels["version"], labels["revision"]) == ("csparkd", version, REVISION)
    assert labels["description"] and labels["base.name"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"]), "Kubernetes must see that it is not root"
    assert set(config["ExposedPorts"]) == {"8080/tcp"} and config["StopSignal"] == "SIGTERM"
    assert set(config["Volumes"]) == {"/var/lib/csparkd"}
    assert not [variable for variable in config["Env"] if not variable.startswith("PATH=")]


def test_it_is_small(images):
    image = images["csparkd"]
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.add(image.root, "/")
    print(f"{image.size / 1e6:.1f} MB, {packed.tell() / 1e6:.1f} MB to pull")
    assert image.size <= 100_000_000


def test_scanners_know_where_every_library_is_from(images):
    root = images["csparkd"].root
    for program in sorted(OURS):
        said = subprocess.run(["chroot", root, "ldd", f"/{program}"], capture_output=True, text=True, check=True).stdout
        assert "not found" not in said, said
        libraries = re.findall(r"(?:=> )?(/\S+) \(0x", said)
        for library in libraries:
            real = subprocess.run(["chroot", root, "readlink", "-f", library], capture_output=True, text=True, check=True).stdout.strip()
            names = [real, real.removeprefix("/usr")]
            assert any(subprocess.run(["chroot", root, "dpkg", "-S", name], capture_output=True, check=False).returncode == 0
                       for name in names), f"{program}: no package has {real}"


def test_nothing_of_its_making_is_left(images):
    root = images["csparkd"].root
    assert not list(root.glob("src")) and not list(root.glob("var/lib/apt/lists/*_*")) and not (root / "usr/bin/gcc").exists()
    for program in OURS:
        said = subprocess.run(["readelf", "-S", root / program], capture_output=True, text=True, check=True).stdout
        assert ".symtab" not in said and ".debug_info" not in said, f"{program} is not stripped"


# -- how it runs -----------------------------------------------------------------------------------


def test_it_is_ready_soon(images, network, spark, caller):
    """From before the runtime is started. The best of some, because this machine may be busy with other things."""
    taken = []
    for _ in range(5):
        began = time.monotonic()
        with of(images, network) as gateway:
            caller.wait_ready()
            taken.append(round(1000 * (time.monotonic() - began)))
            gateway.kill("TERM")
            assert gateway.wait() == 0
    print(f"ready after {taken} ms")
    assert min(taken) <= 300


def test_it_needs_no_privilege_and_no_writable_root(gateway, caller):
    status = gateway.exec("cat", "/proc/1/status").stdout
    facts = dict(line.split(":\t", 1) for line in status.splitlines())
    assert facts["Name"] == "csparkd" and facts["Pid"] == "1"
    assert facts["Uid"].split() == ["65532"] * 4 and facts["Gid"].split() == ["65532"] * 4
    assert int(facts["CapBnd"], 16) == 0 and facts["NoNewPrivs"] == "1"
    assert gateway.exec("touch", "/etc/csparkd/x").returncode != 0 and gateway.exec("touch", "/tmp/x").returncode != 0
    assert caller.is_served()


def test_large_bodies_go_through_the_volume(images, network, spark, caller):
    manage = 'listeners = ( { address = "127.0.0.1:8080"; allow = [ "read", "manage" ]; } ); state_dir = "/var/lib/csparkd";'
    with of(images, network, files={SECRET: "demo-secret", "/etc/csparkd/csparkd.conf": manage}) as gateway:
        caller.wait_ready()
        workbook = b"PK" + bytes(2_000_000)
        assert caller.put(b"/services/my-folder/large", workbook).status == 200
        assert caller.get(b"/services/my-folder/large/file").body == workbook
        assert not gateway.exec("ls", "-A", "/var/lib/csparkd").stdout, "files that are under way have no name"


@pytest.mark.parametrize("user", [(1000, 1000), (1000620000, 0)], ids=["another", "as OpenShift chooses"])
def test_any_user_will_do(images, network, spark, caller, user):
    with of(images, network, user=user) as gateway:
        caller.wait_ready()
        assert gateway.exec("touch", "/var/lib/csparkd/x").returncode == 0
        assert caller.is_served()


def test_health_follows_readiness(images, network, spark, caller):
    spark.token("status-503")
    with of(images, network) as gateway:
        wait_for(lambda: caller.sees(200, b"/healthz"), "a gateway that is alive")
        assert health(gateway) == 1 and gateway.exec("csparkctl", "health").returncode == 0
        spark.token()
        caller.wait_ready()
        assert health(gateway) == 0


def test_health_stays_good_while_spark_is_down(gateway, spark, caller):
    spark.mood("*", "status-503")
    assert caller.get(b"/execute/any/echo?_timeout=200").status == 503
    assert health(gateway) == 0


def test_arguments_come_after_the_configuration(images, network, spark):
    with of(images, network, command=["--check"]) as gateway:
        assert gateway.wait() == 0
        assert "demo-secret" not in gateway.output() and "127.0.0.1:8080" in gateway.output()


def test_it_says_what_is_missing(images, network):
    with Container(images["csparkd"], network) as gateway:
        assert gateway.wait() == 78
        assert "CSPARK_BASE_URL" in gateway.output() or "base_url" in gateway.output()


# -- as process 1 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_it_drains_when_it_is_stopped(gateway, spark, caller, signal):
    with caller.connect() as wire:
        wire.send(HOLD)
        spark.wait_inflight(1)
        gateway.kill(signal)
        gateway.wait_event("drain_begin")
        wait_for(caller.is_turned_away, "the end of listening")
        assert gateway.process.poll() is None
        spark.release()
        answer = wire.answer()
        assert answer.status == 200 and answer.header("connection", "").lower() == "close"
    assert gateway.wait() == 0


def test_it_reloads(gateway, caller):
    gateway.kill("HUP")
    gateway.wait_event("reload")
    assert caller.is_served()


# -- secrets ---------------------------------------------------------------------------------------


def test_a_secret_is_rotated(images, network, spark, caller, tmp_path):
    """As Kubernetes does it: the folder behind the links is swapped."""
    secret = KubeletVolume(tmp_path / "secret", {"client_secret": "demo-secret"}, 0o440, group=65532)
    tmp_path.chmod(0o755)
    environment = {**ENVIRONMENT, "CSPARK_CLIENT_SECRET_FILE": "/run/secrets/csparkd/client_secret"}
    with of(images, network, env=environment, files={}, mounts={"/run/secrets/csparkd": tmp_path / "secret"}) as gateway:
        caller.wait_ready()
        spark.token(secret="second-secret")
        spark.revoke()
        assert caller.get(b"/execute/any/echo").code == "credentials_refused"
        secret.write({"client_secret": "second-secret"})
        wait_for(lambda: caller.sees(200, b"/execute/any/echo"), "a call with the new secret")
        assert "second-secret" not in gateway.output() and "demo-secret" not in gateway.output()


def test_a_secret_for_all_to_read_is_refused(images, network, spark, tmp_path):
    KubeletVolume(tmp_path / "secret", {"client_secret": "demo-secret"}, 0o444)
    tmp_path.chmod(0o755)
    environment = {**ENVIRONMENT, "CSPARK_CLIENT_SECRET_FILE": "/run/secrets/csparkd/client_secret"}
    with of(images, network, env=environment, files={}, mounts={"/run/secrets/csparkd": tmp_path / "secret"}) as gateway:
        assert gateway.wait() == 78
        assert "can be read by others" in gateway.output()
