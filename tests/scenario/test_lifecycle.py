"""Leaving slowly, being drained by an operator, and what neither probe has to do with: Spark.

The machine itself is told on a virtual clock in tests/flow/test_lifecycle.c.
"""

import json
import signal

from configured import CYLINDER, csparkd, wait_for
from gateway import free_port
from simulator import Simulator
from test_csparkctl import ANSWERED, OK, UNREACHABLE, USAGE, run

INPUTS = {"radius": 3, "height": 4}
HOLD = b"GET /execute/any/echo~hold?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
LONG_MS = 3600000


def state(gateway):
    return gateway.status()["state"]


# -- a signal ------------------------------------------------------------------------------------


def test_new_callers_are_served_while_others_learn_to_go_elsewhere(sim):
    with csparkd(sim, top={"drain_delay_ms": LONG_MS}, exit_code=None) as gateway, gateway.connect() as kept:
        assert kept.send(HOLD.replace(b"~hold", b"")).answer().header("connection") is None
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("leaving", cause="SIGTERM", within_ms=LONG_MS)
        ready = gateway.get("/readyz")
        assert (ready.status, ready.json()) == (503, {"status": "draining"})
        assert gateway.get("/healthz").status == 200 and state(gateway) == "leaving"
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.status == 200 and answer.header("connection").lower() == "close"
        assert kept.send(HOLD.replace(b"~hold", b"")).answer().header("connection").lower() == "close"
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.wait_exit() == 0  # nothing was open


def test_after_the_delay_it_drains(sim):
    with csparkd(sim, top={"drain_delay_ms": 300}) as gateway, gateway.connect() as wire:
        wire.send(HOLD)
        sim.wait_inflight(1)
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("drain_begin", cause="time")
        sim.release()
        assert wire.answer().status == 200
        assert gateway.wait_exit() == 0
        gateway.wait_log("drain_end", requests_cut=0)
        times = {line["event"]: line["time"] for line in gateway.log()}
        assert times["leaving"] < times["drain_begin"] <= times["drain_end"]


def test_the_delay_is_reloaded(sim):
    with csparkd(sim, exit_code=None) as gateway:
        gateway.reload(f"drain_delay_ms = {LONG_MS};\n" + gateway.config_text)
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("leaving", within_ms=LONG_MS)
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.wait_exit() == 0


# -- Spark ---------------------------------------------------------------------------------------


def test_probes_do_not_depend_on_spark(sim):
    """The simulator goes away, and the only token expires: callers get errors, the probes stay as they are."""
    port = free_port()
    with csparkd(sim, base_url=f"http://127.0.0.1:{port}/my-tenant", timeout_ms=500, retry={"max": 0}, wait="live") as gateway:
        assert gateway.get("/readyz").json() == {"status": "no_credential"} and gateway.get("/healthz").status == 200
        with Simulator("--listen", f"127.0.0.1:{port}", "--token-lifetime", "1"):
            gateway.wait_until("/readyz")
        wait_for(lambda: gateway.status()["tenants"][0]["token"]["state"] == "none", "the end of the token")
        assert gateway.post(CYLINDER, INPUTS).status >= 500
        for _ in range(3):
            assert gateway.get("/healthz").status == gateway.get("/readyz").status == 200


# -- an operator ---------------------------------------------------------------------------------


def orders(sim):
    """A gateway that can be told to drain and to stop."""
    port = free_port()
    return csparkd(sim, listen=False, port=port,
                   listeners=[{"address": f"127.0.0.1:{port}", "allow": ["execute", "read", "ops"]}])


def test_drain_finishes_what_is_open_and_stays(sim):
    with orders(sim) as gateway, gateway.connect() as wire:
        wire.send(HOLD)
        sim.wait_inflight(1)
        done = run("--url", gateway.url, "drain")
        assert (done.returncode, done.stderr) == (OK, b"")
        gateway.wait_log("drain_asked", cause="operator")
        refused = gateway.post(CYLINDER, INPUTS)
        assert (refused.status, refused.code) == (503, "draining")
        assert refused.header("x-cspark-reason") == "draining" and refused.json()["outcome"] == "not_sent"
        assert refused.header("retry-after") and refused.header("connection").lower() == "close"
        assert gateway.get("/readyz").json() == {"status": "draining"} and gateway.get("/healthz").status == 200
        assert state(gateway) == "draining"
        sim.release()
        assert wire.answer().status == 200
        assert run("--url", gateway.url, "drain", "--wait").returncode == OK
        assert state(gateway) == "drained"
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_log("reload")
        assert state(gateway) == "drained"
        assert gateway.stop() == 0


def test_drain_waits_for_the_last_request(sim):
    with orders(sim) as gateway, gateway.connect() as wire:
        wire.send(HOLD)
        sim.wait_inflight(1)
        done = run("--url", gateway.url, "drain", "--wait", "--timeout", "300")
        assert done.returncode == ANSWERED and b"still" in done.stderr
        sim.release()
        assert run("--url", gateway.url, "drain", "--wait").returncode == OK
        assert wire.answer().status == 200


def test_shutdown_is_like_a_signal(sim):
    with orders(sim) as gateway, gateway.connect() as wire:
        wire.send(HOLD)
        sim.wait_inflight(1)
        done = run("--url", gateway.url, "shutdown")
        assert (done.returncode, done.stderr) == (OK, b"")
        gateway.wait_log("drain_begin", cause="operator")
        sim.release()
        assert wire.answer().status == 200
        assert gateway.wait_exit() == 0
        assert run("--url", gateway.url, "drain", "--wait").returncode == UNREACHABLE


def test_both_want_the_group_ops_by_name(sim, tmp_path):
    port, path = free_port(), f"unix:{tmp_path}/s"
    listeners = [{"address": f"127.0.0.1:{port}"}, {"address": path, "allow": ["execute", "read", "manage"]}]
    with csparkd(sim, listeners=listeners, listen=False, port=port) as gateway:
        for command in ("drain", "shutdown"):
            done = run("--url", path, command)
            assert done.returncode == ANSWERED and b"operation_disabled" in done.stderr
            refused = gateway.post(f"/-/{command}")
            assert (refused.status, refused.code) == (403, "operation_disabled") and "ops" in refused.json()["detail"]
        assert gateway.get("/-/drain").code == "method_not_allowed"
        assert gateway.post(CYLINDER, INPUTS).status == 200


def test_the_command_line(sim):
    assert run("drain", "x").returncode == run("shutdown", "x").returncode == USAGE
    assert run("shutdown", "--wait").returncode == run("drain", "--timeout", "soon").returncode == USAGE
    assert b"--wait" in run("drain", "--help").stdout and b"SIGTERM" in run("shutdown", "--help").stdout
    assert run("--url", f"http://127.0.0.1:{free_port()}", "drain").returncode == UNREACHABLE


def test_no_answer_is_lost_in_the_log(sim):
    """The last lines are written, too."""
    with csparkd(sim) as gateway:
        assert gateway.stop() == 0
        assert [line["event"] for line in gateway.log()][-2:] == ["drain_begin", "drain_end"], json.dumps(gateway.log()[-3:])
