"""What the process may do, whoever takes it over; and what it shows of itself."""

import ctypes
import os
import pwd
import re
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from configured import ECHO, TOKEN_MARK, config_of, csparkd, tenant_of, wait_for
from gateway import BUILD, Gateway, free_port
from memory import places_of

SANITIZED = any(mark in (BUILD / "csparkd").read_bytes() for mark in (b"__asan_init", b"__tsan_init"))
HINT = "outside the sandbox of this process: restart csparkd"
NOBODY = pwd.getpwnam("nobody")


def landlock_abi():
    """0: this kernel has none."""
    return max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))


def has_seccomp():
    return "#define HAVE_SECCOMP 1" in (BUILD / "config.h").read_text() and \
        "Seccomp:" in Path("/proc/self/status").read_text()


CONFINES_FILES = landlock_abi() > 0 and not SANITIZED
CONFINES_CALLS = has_seccomp() and not SANITIZED


def status_of(task):
    return dict(re.findall(r"^(\w+):\s+(.*)$", Path(task, "status").read_text(), re.M))


def as_somebody_else(function):
    """What <function> gives in another process, of the user nobody if we are root."""
    def become():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(*[NOBODY.pw_gid] * 3)
            os.setresuid(*[NOBODY.pw_uid] * 3)
    return subprocess.run([sys.executable, "-c", function], preexec_fn=become, capture_output=True, text=True, timeout=60)


def secret_file(folder, text):
    path = folder / "secret"
    fresh = folder / "secret.new"
    fresh.write_text(text)
    fresh.chmod(0o600)
    fresh.rename(path)
    return path


def with_secret_file(sim, path, **settings):
    return tenant_of(sim, auth={"client_id": sim.client_id, "client_secret_file": str(path)}, **settings)


# -- that it is there -----------------------------------------------------------------------


def test_the_log_says_what_is_on(sim):
    with csparkd(sim) as gateway:
        line = gateway.wait_log("sandbox")
    files = f"landlock ABI {landlock_abi()}" if landlock_abi() else "no landlock ("
    if SANITIZED:
        assert line["message"] == "off: built with sanitizers or for coverage"
        return
    assert line["message"].startswith(files)
    if CONFINES_CALLS:
        assert int(re.search(r", seccomp (\d+) system calls$", line["message"])[1]) > 100
    else:
        assert ", no seccomp (" in line["message"]
    assert line["level"] == ("info" if CONFINES_FILES and CONFINES_CALLS else "warn")


def test_every_thread_is_in_it(sim):
    with csparkd(sim, top={"workers": 3}) as gateway:
        assert gateway.post(ECHO, {"v": 1}).status == 200  # whatever starts threads has done so
        tasks = list(Path(f"/proc/{gateway.pid}/task").iterdir())
        assert len(tasks) >= 4
        for task in tasks:
            status = status_of(task)
            assert status["NoNewPrivs"] == "1"
            if CONFINES_CALLS:
                assert status["Seccomp"] == "2"


def test_it_can_be_left_off(sim):
    with csparkd(sim, top={"sandbox": False}) as gateway:
        line = gateway.wait_log("sandbox")
        assert line["message"].startswith("off: ") and (SANITIZED or line["level"] == "warn")
        status = status_of(f"/proc/{gateway.pid}")
        assert status["NoNewPrivs"] == "1" and status.get("Seccomp", "0") == status_of("/proc/self").get("Seccomp", "0")
        assert gateway.post(ECHO, {"v": 1}).status == 200


# -- that it is not in the way ---------------------------------------------------------------


def test_a_secret_is_replaced_within_it(sim, tmp_path):
    path = secret_file(tmp_path, "not-the-secret")
    with csparkd(sim, tenants=[with_secret_file(sim, path)], wait="live") as gateway:
        secret_file(tmp_path, sim.client_secret)
        gateway.wait_log("credential_file_read")
        gateway.wait_until("/readyz")
        assert gateway.post(ECHO, {"v": 1}).status == 200


def test_a_reload_may_name_files_beside_those_it_knows(sim, tmp_path):
    path = secret_file(tmp_path, sim.client_secret)
    with csparkd(sim, tenants=[with_secret_file(sim, path)]) as gateway:
        path.rename(tmp_path / "other")
        gateway.reload(config_of([with_secret_file(sim, tmp_path / "other")]))
        assert gateway.post(ECHO, {"v": 1}).status == 200


def test_a_reload_that_names_files_elsewhere_is_told_to_restart(sim, tmp_path):
    elsewhere = secret_file(tmp_path, sim.client_secret)
    with csparkd(sim) as gateway:
        text = config_of([with_secret_file(sim, elsewhere)])
        if CONFINES_FILES:
            assert HINT in gateway.reload(text, "reload_failed")["reasons"]
        else:
            gateway.reload(text)
        assert gateway.post(ECHO, {"v": 1}).status == 200


def test_unix_sockets_are_made_where_others_are(sim):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        port = free_port()

        def listeners(*paths):
            return [{"address": f"127.0.0.1:{port}"}, *({"address": f"unix:{path}"} for path in paths)]

        def config(*paths):
            return config_of([tenant_of(sim)], listeners=listeners(*paths))

        with csparkd(sim, listeners=listeners(f"{folder}/a"), listen=False, port=port) as gateway:
            gateway.reload(config(f"{folder}/a", f"{folder}/b"))
            assert Path(folder, "b").is_socket()
            if CONFINES_FILES:
                assert HINT in gateway.reload(config(f"{other}/c"), "reload_failed")["reasons"]
                assert not Path(other, "c").exists()
            gateway.stop()
            assert os.listdir(folder) == []


def test_the_log_is_made_anew_after_it_was_rotated(sim, tmp_path):
    path = tmp_path / "csparkd.log"
    with csparkd(sim, log={"file": str(path)}, access_lines=False) as gateway:
        path.rename(tmp_path / "csparkd.log.1")
        gateway.process.send_signal(signal.SIGUSR1)
        wait_for(path.exists, "the new file")
        gateway.stop()
        assert '"drain_end"' in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600, "umask 077"


# -- dumps ------------------------------------------------------------------------------------


def test_no_core_is_made(sim):
    def allow():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    with csparkd(sim, top={"core_dumps": False}, preexec_fn=allow, exit_code=None) as gateway:
        limits = Path(f"/proc/{gateway.pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 ", limits, re.M)
        os.kill(gateway.pid, signal.SIGQUIT)
        _, status = os.waitpid(gateway.pid, 0)
        gateway.process.returncode = os.waitstatus_to_exitcode(status)
        assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status)


LOOK = """
for name in ("mem", "environ", "maps"):
    try:
        open(f"/proc/%d/{name}", "rb").close()
        print("open", name)
    except PermissionError:
        print("closed", name)
"""


def run_as_nobody(sim, **top):
    """A gateway that root starts; it gives its folder away, so that the user can read the configuration."""
    def give_away():
        for name in (".", "csparkd.conf"):
            os.chown(name, NOBODY.pw_uid, NOBODY.pw_gid)
    return csparkd(sim, top={"user": "nobody", "state_dir": "/tmp", **top}, preexec_fn=give_away)


@pytest.mark.parametrize("dumps", [False, True])
def test_the_same_user_sees_nothing_of_the_process_unless_dumps_are_allowed(sim, dumps):
    gateway = run_as_nobody(sim, core_dumps=dumps) if os.geteuid() == 0 else csparkd(sim, top={"core_dumps": dumps})
    with gateway:
        seen = as_somebody_else(LOOK % gateway.pid).stdout
        word = "open" if dumps or SANITIZED else "closed"
        assert f"{word} environ" in seen and f"{word} maps" in seen
        assert word == "open" or "closed mem" in seen  # where it is open, another part of the kernel may still forbid it
        if dumps:
            gateway.wait_log("dumps_allowed", level="warn")
        assert gateway.post(ECHO, {"v": 1}).status == 200


# -- root ---------------------------------------------------------------------------------------


def test_root_becomes_the_user_that_is_configured(sim):
    if os.geteuid() != 0:
        with csparkd(sim, top={"user": "nobody"}) as gateway:
            assert status_of(f"/proc/{gateway.pid}")["Uid"].split()[0] == str(os.geteuid()), "only root can"
        return
    with run_as_nobody(sim) as gateway:
        status = status_of(f"/proc/{gateway.pid}")
        assert status["Uid"].split() == [str(NOBODY.pw_uid)] * 4 and status["Gid"].split() == [str(NOBODY.pw_gid)] * 4
        assert "0" not in status["Groups"].split()
        assert int(status["CapEff"], 16) == 0 == int(status["CapPrm"], 16)
        assert not any(line["event"] == "runs_as_root" for line in gateway.log())
        gateway.reload()
        assert gateway.post(ECHO, {"v": 1}).status == 200


def test_what_the_user_could_not_read_again_is_told_at_the_start(sim, tmp_path):
    """tmp_path is for whoever made it alone."""
    path = secret_file(tmp_path, sim.client_secret)
    conf = tmp_path / "csparkd.conf"
    conf.write_text(config_of([with_secret_file(sim, path)], top={"user": "nobody"}))
    done = subprocess.run([BUILD / "csparkd", "-c", conf, "--listen", f"127.0.0.1:{free_port()}"],
                          capture_output=True, text=True, timeout=60) if os.geteuid() == 0 else None
    assert done is None or (done.returncode == 78 and "Permission denied" in done.stderr)


def test_a_user_that_is_not_there_is_told(sim, tmp_path):
    conf = tmp_path / "csparkd.conf"
    conf.write_text(config_of([tenant_of(sim, auth={"open": True})], top={"user": "no-such-user"}))
    if os.geteuid() == 0:
        done = subprocess.run([BUILD / "csparkd", "-c", conf], capture_output=True, text=True, timeout=60)
        assert done.returncode == 78
        assert 'cannot become the user "no-such-user": there is no such user' in done.stderr


def test_root_is_warned(sim):
    with csparkd(sim) as gateway:
        gateway.post(ECHO, {"v": 1})
        assert any(line["event"] == "runs_as_root" for line in gateway.log()) == (os.geteuid() == 0)


# -- descriptors ---------------------------------------------------------------------------------


def test_few_descriptors_are_told_with_the_figure(sim):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 400))

    with csparkd(sim, preexec_fn=lower, limits={"max_connections": 300, "max_in_flight": 50}, top={"workers": 2}) as gateway:
        line = gateway.wait_log("few_descriptors", level="warn")
        assert "may open 400 descriptors" in line["message"] and "raise LimitNOFILE=" in line["message"]
        assert f"can need {300 + 4 * 50 + 2 * 16 + 64}" in line["message"]


# -- memory ----------------------------------------------------------------------------------------


def test_memory_with_secrets_is_locked(sim):
    with csparkd(sim) as gateway:
        locked = int(status_of(f"/proc/{gateway.pid}")["VmLck"].split()[0])
        assert locked > 0 or SANITIZED or gateway.wait_log("secrets_unlocked", level="warn")


def test_a_core_would_have_no_secret_in_it(sim, tmp_path):
    """Of root's own tests, because only root may look. What is freed counts as well: nobody clears it for us."""
    path = secret_file(tmp_path, sim.client_secret)
    with csparkd(sim, tenants=[with_secret_file(sim, path)], top={"workers": 2}) as gateway:
        for _ in range(20):
            assert gateway.post(ECHO, {"v": 1}).status == 200
        if os.geteuid() == 0 and not SANITIZED:
            for secret in (sim.client_secret, TOKEN_MARK):
                assert places_of(gateway.pid, secret.encode()), "it is there"
                assert places_of(gateway.pid, secret.encode(), {"dd"}) == [], "it is nowhere else"


def test_the_environment_forgets_its_secrets(sim):
    env = {"CSPARK_BASE_URL": sim.base_url, "CSPARK_CLIENT_ID": sim.client_id, "CSPARK_CLIENT_SECRET": sim.client_secret}
    with Gateway(env=env, sim=sim) as gateway:
        if os.geteuid() == 0:
            assert sim.client_secret.encode() not in Path(f"/proc/{gateway.pid}/environ").read_bytes()
        gateway.reload()
        assert gateway.post(ECHO, {"v": 1}).status == 200
