"""Leaving in peace (rows P1, P2, P4)."""

import signal
import socket
import threading
import time

import pytest
from configured import CYLINDER, csparkd, let_go, tenant_of, wait_for
from gateway import free_port
from wire import Closed, Wire

INPUTS = {"radius": 3, "height": 4}
REQUEST = f"GET {CYLINDER}?radius=3&height=4 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
CUT = 75  # EX_TEMPFAIL: not all that had been begun was finished
HOLD = b"GET /execute/any/echo~hold?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.concurrency
@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
def test_P1_no_request_of_64_callers_is_lost(sim, signo):
    """Each asks on one connection until it is told that this ends, or finds it closed between two requests."""
    sim.mood("*", "slow", ms=2)
    good, bad = [], []

    def call(gateway):
        with gateway.connect() as wire:
            while True:
                try:
                    wire.send(REQUEST)
                    answer = wire.answer()
                except (Closed, OSError) as closed:
                    if closed.args and closed.args[0]:
                        bad.append(closed)
                    return
                (good if answer.status == 200 else bad).append(answer)
                if answer.header("connection", "").lower() == "close":
                    return

    with csparkd(sim) as gateway:
        threads = [threading.Thread(target=call, args=(gateway,)) for _ in range(64)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(good) > 300 or bad, "the load")
        gateway.process.send_signal(signo)
        for thread in threads:
            thread.join()
        assert gateway.wait_exit() == 0
        assert not bad, bad[:3]
        assert {"drain_begin", "drain_end"} <= {line["event"] for line in gateway.log()}
        # Whatever Spark answered has reached its caller.
        served = [entry for entry in sim.executes() if entry["status"] == 200]
        assert len(served) == len(good)


def test_P1_calls_under_way_are_finished(sim):
    with csparkd(sim) as gateway:
        wires = [gateway.connect() for _ in range(4)]
        for wire in wires:
            wire.send(HOLD)
        sim.wait_inflight(4)
        idle = gateway.connect()
        assert idle.send(REQUEST).answer().status == 200
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("drain_begin")
        wait_for(lambda: refuses(gateway), "the end of listening")
        sim.release()
        for wire in wires:
            answer = wire.answer()
            assert answer.status == 200 and answer.header("connection", "").lower() == "close"
            assert wire.is_closed()
            wire.close()
        idle.close()
        assert gateway.wait_exit() == 0


def refuses(gateway):
    try:
        gateway.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def assert_draining(answer):
    assert (answer.status, answer.code) == (503, "draining"), answer
    assert answer.header("retry-after") and answer.header("connection", "").lower() == "close"
    assert answer.json()["outcome"] == "maybe_executed" and answer.json()["retryable"]


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_P2_a_second_signal_ends_the_patience(sim, second):
    with csparkd(sim, exit_code=CUT) as gateway, gateway.connect() as wire:
        wire.send(HOLD)
        sim.wait_inflight(1)
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("drain_begin", cause="SIGTERM")
        gateway.process.send_signal(second)
        assert_draining(wire.answer())
        assert gateway.wait_exit(10) == CUT
        gateway.wait_log("drain_forced", cause=second.name)
        gateway.wait_log("drain_end", level="warn", requests_cut=1)
        sim.wait(cancelled=1)


def test_P1_the_drain_has_a_deadline(sim):
    with csparkd(sim, top={"drain_ms": 200}, exit_code=CUT) as gateway, gateway.connect() as wire:
        wire.send(HOLD)
        sim.wait_inflight(1)
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        assert_draining(wire.answer())
        assert gateway.wait_exit(10) == CUT
        assert time.monotonic() - began >= 0.2
        gateway.wait_log("drain_end", requests_cut=1)


def test_P1_a_queue_is_drained_too(sim):
    with csparkd(sim, limits={"max_in_flight": 1}, top={"workers": 1}) as gateway:
        wires = [gateway.connect() for _ in range(3)]
        for wire in wires:
            wire.send(HOLD)
        sim.wait_inflight(1)
        wait_for(lambda: gateway.metric("cspark_queued") == 2, "the queue")
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("drain_begin")
        let_go(sim, 3)
        assert [wire.answer().status for wire in wires] == [200] * 3
        for wire in wires:
            wire.close()
        assert gateway.wait_exit() == 0


def test_P1_idle_and_half_sent_connections_do_not_hold_it(sim):
    with csparkd(sim, limits={"head_ms": 500}) as gateway:
        idle, silent, half = (gateway.connect() for _ in range(3))
        assert idle.send(REQUEST).answer().status == 200
        half.send(b"POST " + CYLINDER.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.wait_exit(30) == 0
        assert time.monotonic() - began < 5
        for wire in (idle, silent, half):
            wire.close()


def test_P1_with_nothing_to_do_it_is_gone_at_once(sim):
    with csparkd(sim) as gateway:
        began = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - began < 2


def test_P4_reloads_while_draining_do_no_harm(sim):
    with csparkd(sim) as gateway, gateway.connect() as wire:
        for _ in range(20):
            gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_log("reload")
        wire.send(HOLD)
        sim.wait_inflight(1)
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_log("drain_begin")
        gateway.process.send_signal(signal.SIGHUP)
        sim.release()
        assert wire.answer().status == 200
        assert gateway.wait_exit() == 0


# -- unix sockets ----------------------------------------------------------------------------------


def test_a_unix_socket_serves_and_goes_with_the_daemon(sim, tmp_path):
    path = str(tmp_path / "csparkd.sock")
    listeners = [{"address": f"unix:{path}", "mode": "0600"}, {"address": "127.0.0.1:0"}]
    with csparkd(sim, listeners=listeners[:1], listen=False, wait=None) as gateway:
        gateway.wait_log("listening", message=f"unix:{path}")
        with Wire(path) as wire:
            assert wire.send(REQUEST).answer().json()["outputs"] == {"volume": 113.097}
        assert (tmp_path / "csparkd.sock").stat().st_mode & 0o777 == 0o600
        wait_for(lambda: any(line["listener"] == f"unix:{path}" for line in gateway.access_log()), "the access line")
        assert gateway.stop() == 0
        assert not (tmp_path / "csparkd.sock").exists()


def test_P16_a_stale_unix_socket_is_replaced_a_live_one_is_not(sim, tmp_path):
    path = str(tmp_path / "csparkd.sock")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    settings = {"listeners": [{"address": f"unix:{path}"}], "listen": False, "wait": None}
    with csparkd(sim, **settings) as gateway:
        gateway.wait_log("started")
        with csparkd(sim, exit_code=69, **settings) as second:
            assert second.wait_exit() == 69
            assert path in second.output()
        with Wire(path) as wire:
            assert wire.send(REQUEST).answer().status == 200


def test_P16_a_file_in_the_way_is_left_alone(sim, tmp_path):
    path = tmp_path / "precious"
    path.write_text("data")
    with csparkd(sim, listeners=[{"address": f"unix:{path}"}], listen=False, wait=None, exit_code=69) as gateway:
        assert gateway.wait_exit() == 69
    assert path.read_text() == "data"


def test_P16_a_port_that_is_taken(sim):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with csparkd(sim, port=taken.getsockname()[1], wait=None, exit_code=69) as gateway:
            assert gateway.wait_exit() == 69
            gateway.wait_log("listen_failed")


def test_a_socket_of_each_kind_at_once(sim, tmp_path):
    path, port = str(tmp_path / "s"), free_port()
    listeners = [{"address": f"127.0.0.1:{port}"}, {"address": f"unix:{path}"}]
    with csparkd(sim, listeners=listeners, listen=False, port=port, tenants=[tenant_of(sim)]) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        with Wire(path) as wire:
            assert wire.send(REQUEST).answer().status == 200
