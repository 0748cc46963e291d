"""SIGHUP: another configuration, all or nothing, and no request that notices."""

import os
import re
import signal
import socket

import pytest
from configured import CYLINDER, ECHO, TOKEN_MARK, config_of, csparkd, let_go, tenant_of, wait_for
from crowd import Crowd
from gateway import Gateway, free_port
from needs import require
from simulator import BUILD, Simulator
from wire import Wire

INPUTS = {"radius": 3, "height": 4}
HOLD = "/execute/any/echo~hold"


def secret_of(sim):
    return {"client_id": sim.client_id, "client_secret": sim.client_secret}


def served(gateway, path=CYLINDER):
    answer = gateway.post(path, INPUTS)
    assert answer.status == 200, answer
    return answer


def started(sim, text, **options):
    return Gateway(config_text=text, sim=sim, secrets=[sim.client_secret, TOKEN_MARK], **options)


def reloads(gateway):
    return gateway.status()["reloads"]


# -- under load ------------------------------------------------------------------------------------


@pytest.mark.concurrency
def test_no_caller_notices_a_reload(sim):
    with csparkd(sim) as gateway:
        with Crowd(gateway, 16) as crowd:
            crowd.wait_good(200)
            opened = gateway.metric("cspark_upstream_connects_total")
            for turn in range(20):
                gateway.reload(config_of([tenant_of(sim)], limits={"queue_ms": 5000 + turn, "max_in_flight": 64 + turn}))
                crowd.wait_good(50)
        assert not crowd.bad, crowd.bad[:3]
        assert len(sim.token_requests()) == 1, "the tenant has not changed: its token stays"
        # More may be opened at any time as callers meet; but they were not thrown away 20 times.
        assert gateway.metric("cspark_upstream_connects_total") <= opened + 32
        assert gateway.metric("cspark_reloads_total", result="good") == 20
        assert reloads(gateway)["good"] == 20


@pytest.mark.concurrency
def test_no_caller_notices_that_its_tenant_has_changed(sim):
    with csparkd(sim) as gateway:
        with Crowd(gateway, 16) as crowd:
            for turn in range(20):
                crowd.wait_good(50)
                gateway.reload(config_of([tenant_of(sim, retry={"max": 2, "interval_ms": 10 + turn},
                                                    connect_timeout_ms=2000 + turn // 5)]))
        assert not crowd.bad, crowd.bad[:3]


@pytest.mark.concurrency
def test_no_caller_notices_that_a_secret_is_rotated(sim, tmp_path):
    path = tmp_path / "secret"

    def write(text):
        fresh = tmp_path / "fresh"
        fresh.write_text(text)
        fresh.chmod(0o600)
        fresh.rename(path)

    write(sim.client_secret)
    secrets = [f"rotated-secret-{turn}" for turn in range(20)]
    with csparkd(sim, auth={"client_id": sim.client_id, "client_secret_file": str(path)}, secrets=secrets) as gateway:
        with Crowd(gateway, 16) as crowd:
            for turn, secret in enumerate(secrets):
                crowd.wait_good(20)
                sim.token(secret=secret)
                write(secret)
                if turn % 2:
                    gateway.reload()
                wait_for(lambda: sim.stats()["tokens_issued"] >= turn + 2, "a token for the new secret")
        assert not crowd.bad, crowd.bad[:3]
        assert not [line for line in gateway.log() if line["event"] == "credentials_refused"]


@pytest.mark.concurrency
def test_after_signals_in_a_row_the_last_file_is_in_force(sim):
    with csparkd(sim) as gateway:
        for turn in range(50):
            gateway.write_config(config_of([tenant_of(sim, name=f"turn-{turn}")]))
            gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: gateway.status()["tenants"][0]["name"] == "turn-49", "the last one")
        served(gateway)


# -- all or nothing --------------------------------------------------------------------------------


def test_a_bad_file_changes_nothing(sim):
    good = config_of([tenant_of(sim)])
    bad = config_of([tenant_of(sim, name="other", timeout_ms=0)], limits={"max_bodi": 3}, log={"level": "loud"})
    with started(sim, good) as gateway:
        assert reloads(gateway) == {"good": 0, "failed": 0, "last_failed": False}
        line = gateway.reload(bad, event="reload_failed")
        assert line["level"] == "error"
        for part in ("timeout_ms", "max_bodi", "max_body", "loud", "csparkd.conf:"):
            assert part in line["reasons"]
        assert served(gateway).status == 200
        assert [tenant["name"] for tenant in gateway.status()["tenants"]] == ["default"]
        told = reloads(gateway)
        assert (told["good"], told["failed"], told["last_failed"]) == (0, 1, True) and told["seconds_ago"] < 60
        assert gateway.metric("cspark_reloads_total", result="failed") == 1
        gateway.reload(good)
        assert reloads(gateway)["last_failed"] is False
        assert len(sim.token_requests()) == 1


def test_an_address_that_is_taken_changes_nothing(sim, tmp_path):
    with csparkd(sim, listen=False, port=(port := free_port()),
                 listeners=[{"address": f"127.0.0.1:{port}"}]) as gateway, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listeners = [{"address": f"unix:{tmp_path}/s"}, {"address": f"127.0.0.1:{taken.getsockname()[1]}"}]
        line = gateway.reload(config_of([tenant_of(sim)], listeners=listeners), event="reload_failed")
        assert "cannot listen on" in line["reasons"]
        assert not (tmp_path / "s").exists()
        served(gateway)


def test_what_needs_a_restart_is_told_and_stays(sim):
    with csparkd(sim, top={"workers": 2}) as gateway:
        more = {"top": {"workers": 1}, "limits": {"max_connections": 77, "max_queue": 5}, "log": {"format": "text"}}
        for _ in range(2):
            line = gateway.reload(config_of([tenant_of(sim)], **more))
            assert line["level"] == "warn"
            assert line["restart_needed"] == "workers, limits.max_connections, log.format"
            assert gateway.status()["workers"] == 2
        assert "restart_needed" not in gateway.reload(config_of([tenant_of(sim)], top={"workers": 2}))


# -- tenants ---------------------------------------------------------------------------------------


def test_tenants_come_and_go(sim):
    with Simulator() as other:
        mine = tenant_of(sim)
        theirs = tenant_of(other, name="theirs", auth={"api_key": other.api_key})
        with started(sim, config_of([mine])) as gateway:
            assert gateway.post(CYLINDER + "?_tenant=theirs", INPUTS).code == "bad_parameter"
            gateway.reload(config_of([mine, theirs]))
            assert served(gateway, CYLINDER + "?_tenant=theirs")
            assert len(other.executes()) == 1
            assert gateway.metric("cspark_token_latched", tenant="theirs") == 0
            assert 'tenant="theirs"' in gateway.get("/metrics").text
            gateway.reload(config_of([theirs]))
            served(gateway)
            assert len(other.executes()) == 2
            assert gateway.post(CYLINDER + "?_tenant=default", INPUTS).code == "bad_parameter"
            assert 'tenant="default"' not in gateway.get("/metrics").text
            gateway.reload(config_of([mine]))
            served(gateway)
            assert len(other.executes()) == 2 and len(sim.executes()) == 1
            assert gateway.status()["tenants"][0]["name"] == "default"


def test_a_tenant_moves_to_another_address(sim):
    with Simulator() as other:
        with started(sim, config_of([tenant_of(sim)])) as gateway:
            served(gateway)
            gateway.reload(config_of([tenant_of(other)]))
            served(gateway)
            assert len(sim.executes()) == 1 and len(other.executes()) == 1
            assert len(other.token_requests()) == 1


def test_another_time_out_holds_for_new_calls(sim):
    with csparkd(sim) as gateway:
        gateway.reload(config_of([tenant_of(sim, timeout_ms=50)]))
        assert gateway.get(HOLD).code == "upstream_timeout"
        gateway.reload(config_of([tenant_of(sim)]))
        served(gateway)
        assert len(sim.token_requests()) == 1
        sim.release()


def test_another_kind_of_credentials(sim):
    with csparkd(sim) as gateway:
        gateway.reload(config_of([tenant_of(sim, auth={"api_key": sim.api_key})]))
        served(gateway)
        assert gateway.status()["tenants"][0]["auth"] == "api_key"
        gateway.reload(config_of([tenant_of(sim)]))
        served(gateway)
        assert len(sim.token_requests()) == 2


def test_a_call_under_way_keeps_its_tenant(sim):
    with Simulator() as other:
        with started(sim, config_of([tenant_of(sim, name="old")])) as gateway:
            wire = gateway.connect()
            wire.send(f"GET {HOLD}?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            sim.wait_inflight(1)
            for _ in range(3):
                gateway.reload(config_of([tenant_of(other, name="new")]))
            served(gateway)
            assert len(other.executes()) == 1
            let_go(sim, 1)
            assert wire.answer().json()["outputs"]["n"] == 1
            wire.close()
            assert gateway.access_log()
            gateway.wait_log("access", tenant="old", status=200)


def test_a_call_that_waits_keeps_its_tenant_and_can_renew_its_token(sim):
    """It waits for a place when its tenant leaves the configuration, and its token is refused afterwards."""
    one_place = {"limits": {"max_in_flight": 1}, "top": {"workers": 1}}
    with Simulator() as other:
        with started(sim, config_of([tenant_of(sim, name="old")], **one_place)) as gateway:
            wires = [gateway.connect() for _ in range(2)]
            for wire in wires:
                wire.send(f"GET {HOLD}?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            sim.wait_inflight(1)
            wait_for(lambda: gateway.metric("cspark_queued") == 1, "the queue")
            sim.revoke()
            gateway.reload(config_of([tenant_of(other, name="new")], **one_place))
            let_go(sim, 2)
            assert [wire.answer().status for wire in wires] == [200, 200]
            for wire in wires:
                wire.close()
            assert len(sim.token_requests()) == 2
        assert other.executes() == []


def test_a_new_secret_opens_the_latch(sim):
    wrong = tenant_of(sim, auth={"client_id": sim.client_id, "client_secret": "not-this-one"})
    with started(sim, config_of([wrong]), wait="live") as gateway:
        gateway.wait_log("credentials_refused")
        assert gateway.post(CYLINDER, INPUTS).code == "credentials_refused"
        gateway.reload(config_of([tenant_of(sim)]))
        gateway.wait_until("/readyz")
        served(gateway)
        assert gateway.metric("cspark_token_latched") == 0


# -- limits ----------------------------------------------------------------------------------------


def test_limits_change(sim):
    def text(**limits):
        return config_of([tenant_of(sim)], top={"workers": 1}, limits=limits)

    with started(sim, text(max_in_flight=1)) as gateway:
        wires = [gateway.connect() for _ in range(3)]
        for wire in wires:
            wire.send(f"GET {HOLD}?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(lambda: gateway.metric("cspark_queued") == 2, "the queue")
        gateway.reload(text(max_in_flight=3, max_queue=0))
        sim.wait_inflight(3)
        assert gateway.get(ECHO + "?n=2").code == "overloaded"
        let_go(sim, 3)
        assert [wire.answer().status for wire in wires] == [200] * 3
        for wire in wires:
            wire.close()
        gateway.reload(text(max_body=1024, max_upload=1024))
        assert gateway.post(CYLINDER, b"x" * 1025).status == 413
        gateway.reload(text(max_target=256))
        assert gateway.get(ECHO + "?n=" + "1" * 300).status == 414


def test_the_log_level_changes(sim):
    with started(sim, config_of([tenant_of(sim)], log={"level": "info"})) as gateway:
        served(gateway)
        assert not [line for line in gateway.log() if line["event"] == "step"]
        gateway.reload(config_of([tenant_of(sim)], log={"level": "debug"}))
        served(gateway)
        gateway.wait_log("step")


# -- listeners -------------------------------------------------------------------------------------


@pytest.mark.concurrency
def test_listeners_come_and_go_beside_one_that_stays(sim, tmp_path):
    port, more, path = free_port(), free_port(), tmp_path / "s"
    stays = {"address": f"127.0.0.1:{port}"}
    new = [{"address": f"127.0.0.1:{more}"}, {"address": f"unix:{path}", "mode": "0600"}]
    alone, all_three = (config_of([tenant_of(sim)], listeners=[stays, *rest]) for rest in ([], new))

    with started(sim, alone, listen=False, port=port, env={"RUNTIME_DIRECTORY": str(tmp_path)}) as gateway:
        def ask(wire):
            wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return wire.answer()

        with Crowd(gateway, 8) as crowd:
            for _ in range(5):
                gateway.reload(all_three)
                wires = [Wire(("127.0.0.1", more)), Wire(str(path))]
                assert [ask(wire).status for wire in wires] == [200, 200]
                gateway.reload(alone)
                assert [wire.is_closed() for wire in wires] == [True, True], "silent, on a listener that is gone"
                for wire in wires:
                    wire.close()
                with pytest.raises(ConnectionRefusedError):
                    Wire(("127.0.0.1", more))
                assert not path.exists()
                crowd.wait_good(20)
        assert not crowd.bad, crowd.bad[:3]


def test_a_call_on_a_listener_that_goes_is_answered(sim):
    port, more = free_port(), free_port()
    stays, goes = {"address": f"127.0.0.1:{port}"}, {"address": f"127.0.0.1:{more}"}
    with csparkd(sim, listen=False, port=port, listeners=[stays, goes]) as gateway:
        wire = Wire(("127.0.0.1", more))
        wire.send(f"GET {HOLD}?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        sim.wait_inflight(1)
        gateway.reload(config_of([tenant_of(sim)], listeners=[stays]))
        let_go(sim, 1)
        answer = wire.answer()
        assert answer.status == 200 and answer.header("connection").lower() == "close"
        assert wire.is_closed()
        wire.close()


def test_what_a_listener_allows_changes(sim):
    port = free_port()

    def text(**more):
        return config_of([tenant_of(sim)], listeners=[{"address": f"127.0.0.1:{port}", **more}])

    with started(sim, text(), listen=False, port=port) as gateway, gateway.connect() as wire:
        def ask(host="localhost"):
            wire.send(f"GET {CYLINDER}?radius=3&height=4 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            return wire.answer()

        assert ask().status == 200
        gateway.reload(text(services=["other/*"]))
        assert ask().code == "operation_disabled"
        gateway.reload(text(allowed_hosts=["gateway.internal"]))
        assert ask("gateway.internal").status == 200
        gateway.reload(text())
        assert ask().status == 200
        assert ask("gateway.internal").code == "host_refused"


# -- files of certificates -------------------------------------------------------------------------


def test_a_ca_file_is_noticed_when_its_link_is_swapped(certificates, tmp_path):
    """As Kubernetes swaps it: the file is a link through a folder that is a link."""
    for name, content in (("one", certificates.other_ca), ("two", certificates.ca)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.pem").write_bytes(content.read_bytes())
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "ca.pem").symlink_to("data/ca.pem")
    with Simulator(*certificates.good.options) as spark:
        with csparkd(spark, ca_file=str(tmp_path / "ca.pem"), wait="live") as gateway:
            gateway.wait_log("token_fetch_failed", reason="tls_verify")
            (tmp_path / "next").symlink_to("two")
            os.rename(tmp_path / "next", tmp_path / "data")
            gateway.wait_log("ca_file_changed")
            gateway.wait_until("/readyz")
            wait_for(lambda: gateway.post(CYLINDER, INPUTS).status == 200, "a connection that trusts the new file")


# -- the service manager, and when not to reload -----------------------------------------------------


def test_the_service_manager_is_told(sim, tmp_path):
    require(None if "HAVE_SYSTEMD 1" in (BUILD / "config.h").read_text() else "csparkd was built without libsystemd")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)

        def next_news():
            while (news := manager.recv(4096).decode()) == "WATCHDOG=1" or news.startswith("STATUS="):
                pass
            return news

        with csparkd(sim, env={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as gateway:
            assert next_news() == "READY=1"
            for text, event in ((None, "reload"), ("nonsense", "reload_failed")):
                gateway.reload(text, event=event)
                assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", next_news())
                assert next_news() == "READY=1"


def test_a_signal_during_the_start_is_a_reload_after_it(sim):
    def signal_myself():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        os.kill(os.getpid(), signal.SIGHUP)

    with csparkd(sim, preexec_fn=signal_myself) as gateway:
        gateway.wait_log("reload")
        served(gateway)


def test_no_reload_while_draining(sim):
    with csparkd(sim) as gateway:
        wire = gateway.connect()
        wire.send(f"GET {HOLD}?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        sim.wait_inflight(1)
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("drain_begin")
        gateway.reload("nonsense", event="reload_ignored")
        let_go(sim, 1)
        assert wire.answer().status == 200
        assert gateway.wait_exit() == 0
