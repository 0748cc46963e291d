"""csparkd as an operator has it: installed from its packages and run by a real systemd."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time

import pytest
from container import FOLDER, TOP, wait_for
from freeze import frozen
from host import FIGURES, SECRET

SERVICE, SOCKET = "csparkd.service", "csparkd.socket"
GROUP = "csparkd-secrets"
DYNAMIC_USERS = range(61184, 65520)


@pytest.fixture
def behind_socket(host):
    """The usual way to run it: the socket unit holds the address."""
    host.systemctl("start", SOCKET, SERVICE)
    assert host.serves()
    return host


def restarted(host, pid, unit=SERVICE):
    """Until another process is ready; its number."""
    wait_for(lambda: host.container.main_pid(unit) not in (0, pid) and host.container.show(unit, "ActiveState") == "active",
             f"another {unit}", 60)
    return host.container.main_pid(unit)


# -- starting ------------------------------------------------------------------------------------


def test_installed_it_waits_for_its_configuration(host):
    """Nothing is started or enabled, and a start without configuration is refused once, not again and again."""
    assert host.container.show(SERVICE, "UnitFileState") == "disabled"
    assert host.container.show(SOCKET, "UnitFileState") == "disabled"
    host.container.write("/etc/csparkd/csparkd.conf", "listeners = ( { } );\n")
    mark = host.container.mark()
    host.systemctl("start", SERVICE, check=False)
    assert host.container.show(SERVICE, "ActiveState") == "failed"
    assert host.container.show(SERVICE, "ExecMainStatus") == "78"
    assert host.container.show(SERVICE, "NRestarts") == "0"
    host.container.wait_said(mark, "CSPARK_BASE_URL")


def test_started_is_ready(host):
    host.systemctl("enable", "--now", "--quiet", SERVICE)
    assert host.container.show(SERVICE, "ActiveState") == "active"
    assert host.ask("/readyz", None).endswith("200")
    assert host.serves()
    host.systemctl("stop", SERVICE)
    assert host.container.show(SERVICE, "Result") == "success"


def test_the_first_caller_starts_it(host):
    host.systemctl("start", SOCKET)
    assert host.container.show(SERVICE, "ActiveState") == "inactive"
    assert host.serves()
    assert host.container.show(SERVICE, "ActiveState") == "active"


def test_who_reads_secrets_in_place_is_a_group(host):
    said = host.container.run("stat", "-c", "%A %U %G", "/etc/csparkd/secrets").stdout
    assert said == f"drwxr-x--- root {GROUP}\n"


def test_csparkctl_finds_it(behind_socket):
    assert behind_socket.container.run("csparkctl", "health").stdout == '{"status":"ok"}\n'


# -- the packages --------------------------------------------------------------------------------


@pytest.mark.parametrize("package, program", [("csparkd", "usr/sbin/csparkd"), ("csparkctl", "usr/bin/csparkctl"),
                                              ("cspark-sim", "usr/bin/cspark-sim")])
def test_there_are_debug_symbols(booted, package, program):
    said = subprocess.run(["readelf", "-n", booted.path(program)], capture_output=True, text=True, check=True).stdout
    build_id = re.search(r"Build ID: (\w+)", said)[1]
    symbols, = (TOP / "build/packages").glob(f"{package}-dbgsym_*.deb")
    files = subprocess.run(["dpkg-deb", "-c", symbols], capture_output=True, text=True, check=True).stdout
    assert f"/.build-id/{build_id[:2]}/{build_id[2:]}.debug" in files


# -- what it may do ------------------------------------------------------------------------------


def as_service(host, *command):
    """A command with the service's user and files, and nothing else of it."""
    pid = host.container.main_pid()
    uid = host.container.run("stat", "-c", "%u", f"/proc/{pid}").stdout.strip()
    return host.container.run("nsenter", "--target", str(pid), "--mount", "--setuid", uid, "--setgid", uid, "--", *command,
                              check=False)


def test_it_has_no_privileges(behind_socket):
    pid = behind_socket.container.main_pid()
    status = dict(line.split(":\t", 1) for line in
                  behind_socket.container.run("cat", f"/proc/{pid}/status").stdout.splitlines() if ":\t" in line)
    assert {int(uid) in DYNAMIC_USERS for uid in status["Uid"].split()} == {True}
    assert {int(gid) in DYNAMIC_USERS for gid in status["Gid"].split()} == {True}
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_it_reads_and_writes_only_its_own(behind_socket):
    assert as_service(behind_socket, "cat", "/etc/csparkd/csparkd.conf").returncode == 0
    assert "Permission denied" in as_service(behind_socket, "cat", "/etc/csparkd/csparkd.secrets/spark").stderr
    assert "Permission denied" in as_service(behind_socket, "cat", "/etc/shadow").stderr
    for path in ("/var/lib/csparkd/it", "/run/csparkd/it", "/var/log/csparkd/it"):
        assert as_service(behind_socket, "touch", path).returncode == 0, path
        behind_socket.container.run("rm", path)
    for path in ("/etc/it", "/usr/it", "/var/lib/it", "/etc/csparkd/it", "/home/it", "/root/it"):
        assert as_service(behind_socket, "touch", path).returncode != 0, path


@pytest.mark.parametrize("unit", [SERVICE, "csparkd@a.service"])
def test_the_exposure_is_small(host, unit):
    said = host.container.run("systemd-analyze", "security", "--no-pager", unit).stdout
    exposure = float(re.search(r"Overall exposure level for csparkd\S*: ([0-9.]+)", said)[1])
    FIGURES.append(f"exposure of {unit}: {exposure}")
    assert exposure <= 1.2, said


def test_units_are_well_formed(host):
    said = host.container.run("systemd-analyze", "verify", "--man=no", SERVICE, SOCKET, "csparkd@a.service", "csparkd@a.socket")
    assert said.stderr == ""


def test_the_secret_is_a_credential_and_nowhere_else(behind_socket):
    pid = behind_socket.container.main_pid()
    assert behind_socket.container.run("cat", "/run/credentials/csparkd.service/secret_spark").stdout == SECRET + "\n"
    assert as_service(behind_socket, "sh", "-c", "echo x > /run/credentials/csparkd.service/secret_spark").returncode != 0
    assert SECRET not in behind_socket.container.run("cat", f"/proc/{pid}/environ", f"/proc/{pid}/cmdline").stdout
    assert SECRET not in behind_socket.container.run("journalctl", "-q", "-b", "-u", SERVICE).stdout


# -- log files -----------------------------------------------------------------------------------


def test_log_files_are_rotated(host):
    file = host.container.path("/var/log/private/csparkd/csparkd.log")
    host.configure(more='log = { file = "/var/log/csparkd/csparkd.log"; };')
    host.systemctl("start", SERVICE)
    assert host.serves()
    wait_for(lambda: "/execute/**" in file.read_text(), "the access line")
    host.container.run("logrotate", "--force", "/etc/logrotate.d/csparkd")
    wait_for(file.exists, "a new file")
    host.ask(where=("-H", "X-Request-Id: after-that"))
    wait_for(lambda: "after-that" in file.read_text(), "the next access line")
    assert "/execute/**" in file.with_name("csparkd.log.1").read_text()


# -- changes under load ----------------------------------------------------------------------------


def test_nobody_notices_a_reload(behind_socket):
    pid = behind_socket.container.main_pid()
    with behind_socket.load("20 reloads") as load:
        for turn in range(20):
            behind_socket.configure(more=f"limits = {{ queue_ms = {5000 + turn}; }};")
            behind_socket.systemctl("reload", SERVICE)
            wait_for(lambda: behind_socket.reloads()["good"] > turn, "the reload")
            load.flow()
    assert load.said["resent"] == 0, "no connection ends"
    wait_for(lambda: behind_socket.container.show(SERVICE, "ActiveState") == "active", "the end of reloading")
    assert behind_socket.container.main_pid() == pid


def test_nobody_notices_a_restart(behind_socket):
    pids = [behind_socket.container.main_pid()]
    with behind_socket.load("10 restarts") as load:
        for _ in range(10):
            behind_socket.systemctl("restart", SERVICE)
            pids.append(behind_socket.container.main_pid())
            load.flow(1000)
    assert len(set(pids)) == len(pids)


def test_nobody_notices_that_a_credential_is_rotated(behind_socket):
    """Credentials are copied at a start, so that it takes a restart."""
    with behind_socket.load("5 rotations of a credential, by restart") as load:
        for turn in range(5):
            before = behind_socket.stat("tokens_issued")
            behind_socket.accept_only(f"rotated-{turn}")
            behind_socket.secret(f"rotated-{turn}")
            behind_socket.systemctl("restart", SERVICE)
            load.flow()
            assert behind_socket.stat("tokens_issued") > before


def replace_file(host, folder, text):
    """As an operator does."""
    host.container.run("sh", "-c", f"install -m 640 -g {GROUP} /dev/stdin {folder}/.new && mv {folder}/.new {folder}/spark", text=text)


def swap_link(host, folder, text):
    """As a kubelet does: spark -> ..data/spark, ..data -> ..TIME, and ..data is another link at once."""
    host.container.run("sh", "-ec", f"""
        cd {folder}
        next=$(mktemp -d ..XXXXXXXXXX)
        chgrp {GROUP} "$next" && chmod 750 "$next"
        install -m 640 -g {GROUP} /dev/stdin "$next/spark"
        last=$(readlink ..data || true)
        ln -s "$next" ..data_tmp && mv -T ..data_tmp ..data
        [ -L spark ] || ln -s ..data/spark spark
        [ -z "$last" ] || rm -r "$last"
    """, text=text)


@pytest.mark.parametrize("put", [replace_file, swap_link])
def test_nobody_notices_that_a_secret_is_rotated_in_place(host, put):
    """Every second change is followed by a reload; the others are noticed without."""
    folder = host.secrets_in_place()
    put(host, folder, SECRET)
    host.drop_in(SERVICE, f"[Service]\nSupplementaryGroups={GROUP}\n")
    host.configure(secret=f"{folder}/spark")
    host.systemctl("start", SOCKET, SERVICE)
    pid = host.container.main_pid()
    with host.load(f"20 rotations of a secret, {put.__name__}") as load:
        for turn in range(20):
            before = host.stat("tokens_issued")
            host.accept_only(f"rotated-{turn}")
            put(host, folder, f"rotated-{turn}")
            if turn % 2:
                host.systemctl("reload", SERVICE)
            wait_for(lambda: host.stat("tokens_issued") > before, "a token for the new secret")
            load.flow()
    assert load.said["resent"] == 0, "no connection ends"
    assert host.container.main_pid() == pid


# -- upgrade -----------------------------------------------------------------------------------------


def one_higher(package):
    """The same package with +1 behind its version, and a line more in its configuration file."""
    folder, result = FOLDER / "repacked", FOLDER / "csparkd_next.deb"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+1", control.read_text(), flags=re.M))
    with open(folder / "etc/csparkd/csparkd.conf", "a") as conffile:
        conffile.write("# news\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, result], check=True, capture_output=True)
    shutil.rmtree(folder)
    return result


def test_nobody_notices_an_upgrade(behind_socket, packages):
    container = behind_socket.container
    pid = container.main_pid()
    mine = container.path("/etc/csparkd/csparkd.conf").read_text()
    with behind_socket.load("1 upgrade") as load:
        container.install(one_higher(packages["csparkd"]))
        assert restarted(behind_socket, pid)
        load.flow()
    assert container.run("dpkg-query", "-W", "-f", "${Version}", "csparkd").stdout.endswith("+1")
    assert container.path("/etc/csparkd/csparkd.conf").read_text() == mine
    assert container.path("/etc/csparkd/csparkd.conf.dpkg-dist").read_text().endswith("# news\n")


# -- when it fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize("signo", ["SEGV", "ABRT"])
def test_a_crash_is_followed_by_a_start(behind_socket, signo):
    pid = behind_socket.container.main_pid()
    behind_socket.systemctl("kill", "--signal", signo, SERVICE)
    restarted(behind_socket, pid)
    assert behind_socket.serves()


def test_a_crash_fails_what_was_under_way_and_nothing_else(behind_socket):
    """Callers that come later wait in the socket's queue."""
    pid = behind_socket.container.main_pid()
    here = behind_socket.container.pid_here(pid)
    behind_socket.simulator("POST", "mood", {"service": "*", "mood": "slow", "ms": 20})
    with behind_socket.load("1 crash, 20 requests under way") as load:
        gone = os.pidfd_open(here)
        signal.pidfd_send_signal(gone, signal.SIGKILL)
        select.select([gone], [], [], 30)
        died = time.monotonic()
        load.excused = lambda due: due <= died
        restarted(behind_socket, pid)
        load.flow()


def watched(host):
    host.drop_in(SERVICE, "[Service]\nWatchdogSec=2\n")
    host.systemctl("start", SOCKET, SERVICE)
    assert host.serves()
    return host.container.main_pid(), host.container.mark()


def test_the_watchdog_ends_a_process_that_stands_still(host):
    pid, mark = watched(host)
    host.systemctl("kill", "--signal", "STOP", SERVICE)
    host.container.wait_said(mark, "Watchdog timeout")
    restarted(host, pid)
    assert host.serves()


def test_the_watchdog_ends_a_process_with_one_worker_that_stands_still(host):
    host.configure(more="workers = 2;")
    pid, mark = watched(host)
    with frozen(host.container.pid_here(pid), "shard-1"):
        assert "worker 1 " in host.container.wait_event(mark, "worker_stuck")[0]["message"]
        host.container.wait_said(mark, "Watchdog timeout")
    restarted(host, pid)
    assert host.serves()


# -- several -----------------------------------------------------------------------------------------


def test_instances_have_nothing_in_common(host):
    for name in "ab":
        host.configure(name)
        host.secret(SECRET, name)
    host.systemctl("start", "csparkd@a.socket", "csparkd@a.service", "csparkd@b.socket")
    for name in "ab":
        assert host.serves(where=("--unix-socket", f"/run/csparkd-{name}.socket"))
    users = {host.container.run("stat", "-c", "%u", f"/proc/{host.container.main_pid(f'csparkd@{name}.service')}").stdout
             for name in "ab"}
    assert len(users) == 2
    assert host.container.path("/var/lib/private/csparkd-a").is_dir()
    assert host.container.run("stat", "-c", "%a", "/run/csparkd-a.socket").stdout.strip() == "660"


# -- the end -----------------------------------------------------------------------------------------


def test_removed_it_stops_and_purged_it_leaves_nothing(behind_socket, packages):
    container = behind_socket.container
    behind_socket.configure("a")
    behind_socket.secret(SECRET, "a")
    behind_socket.systemctl("enable", "--now", "--quiet", SOCKET, SERVICE, "csparkd@a.socket", "csparkd@a.service")
    container.run("dpkg", "--remove", "csparkd")
    assert container.run("pgrep", "-x", "csparkd", check=False).stdout == ""
    assert behind_socket.ask(check=False).endswith("000"), "the address is free"
    assert container.path("/etc/csparkd/csparkd.secrets/spark").exists(), "the operator's stays until it is purged"
    container.run("dpkg", "--purge", *packages)
    left = container.run("find", "/", "-xdev", "-name", "*cspark*", "-not", "-path", "/root/*", "-not", "-path", "/proc/*").stdout
    assert left == ""
    assert container.run("find", "/run", "-name", "*cspark*", "-not", "-path", "/run/systemd/*").stdout == ""
    assert "cspark" not in container.run("cat", "/etc/passwd", "/etc/group").stdout
    container.install(*packages.values())
