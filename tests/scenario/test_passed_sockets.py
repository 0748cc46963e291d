"""Sockets that a service manager passes: which listener they serve, and that nobody is lost when the daemon changes."""

import os
import socket
import threading

import pytest
from configured import ECHO, config_of, csparkd, tenant_of, wait_for
from gateway import free_port
from wire import Wire


def listening(address=("127.0.0.1", 0), backlog=128, kind=socket.SOCK_STREAM):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.bind(address)
    if backlog:
        sock.listen(backlog)
    return sock


@pytest.fixture
def tcp():
    with listening() as sock:
        yield sock


def port_of(sock):
    return sock.getsockname()[1]


def passing(sim, *passed, listeners=None, **settings):
    return csparkd(sim, passed=passed, listeners=listeners, listen=False, **{"port": port_of(passed[0][1]), **settings})


def test_without_configuration_all_serve_the_first_listener(sim, tcp, tmp_path):
    path = str(tmp_path / "socket")
    with listening(path) as unix, passing(sim, ("csparkd.socket", tcp), ("csparkd.socket", unix)) as gateway:
        gateway.wait_log("listening", message=f"127.0.0.1:{port_of(tcp)}")
        gateway.wait_log("listening", message=f"unix:{path}")
        assert gateway.post(ECHO, {"v": 1}).json()["outputs"] == {"v": 1}
        with Wire(path, on_answer=gateway._note) as wire:
            assert wire.send(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == 200
    assert os.path.exists(path), "it is the service manager's"


def test_each_listener_takes_its_own(sim, tcp):
    with listening() as second, listening() as third:
        listeners = [{"address": "systemd:web"}, {"address": "systemd:ops", "allow": ["ops"]},
                     {"address": f"127.0.0.1:{free_port()}", "allow": []}]
        with passing(sim, ("web", tcp), ("ops", second), ("web", third), listeners=listeners) as gateway:
            own = int(listeners[2]["address"].split(":")[1])
            for port, status in [(port_of(tcp), 200), (port_of(second), 403), (port_of(third), 200), (own, 403)]:
                gateway.port = port
                assert gateway.post(ECHO, {"v": 1}).status == status
            gateway.port = port_of(tcp)


def test_one_that_no_listener_names(sim, tcp):
    with listening() as other, passing(sim, ("web", tcp), ("other", other), listeners=[{"address": "systemd:web"}]) as gateway:
        assert '"other"' in gateway.wait_log("socket_unused")["message"]


def test_several_workers_share_one(sim, tcp):
    """All of them accept from one queue; each answers on what it took."""
    with passing(sim, ("web", tcp), top={"workers": 4}) as gateway:
        wires = [gateway.connect() for _ in range(64)]
        for turn in range(3):
            for wire in wires:
                wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert {wire.answer().status for wire in wires} == {200}
        for wire in wires:
            wire.close()


def test_they_stay_over_reloads(sim, tcp):
    """Also where the first listener has them, whatever address it is given."""
    with passing(sim, ("csparkd.socket", tcp)) as gateway, gateway.connect() as wire:
        for address in ("127.0.0.1:1", "127.0.0.1:2"):
            listeners = [{"address": address}, {"address": f"127.0.0.1:{free_port()}"}]
            gateway.reload(config_of([tenant_of(sim)], listeners=listeners))
            assert gateway.get("/healthz").status == 200
            with Wire(("127.0.0.1", int(listeners[1]["address"].split(":")[1]))) as other:
                assert other.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").answer().status == 200
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer().header("connection") is None


def test_a_name_that_comes_with_a_reload_needs_a_restart(sim, tcp):
    listeners = [{"address": "systemd:web"}]
    with passing(sim, ("web", tcp), listeners=listeners) as gateway:
        more = config_of([tenant_of(sim)], listeners=[*listeners, {"address": "systemd:other"}])
        assert '"other"' in gateway.reload(more, event="reload_failed")["reasons"]
        gateway.reload(config_of([tenant_of(sim)], listeners=[*listeners, {"address": f"127.0.0.1:{free_port()}"}]))
        assert gateway.post(ECHO, {"v": 1}).status == 200


def test_nobody_is_refused_across_a_restart(sim, tcp):
    """Who connects while no daemon runs waits in the queue, and so does who connects while one drains."""
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            with Wire(tcp.getsockname()) as wire:
                answers.append(wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").answer().status)

    with passing(sim, ("web", tcp), access_lines=False, wait=None) as first:
        caller = threading.Thread(target=ask)
        caller.start()
        try:
            wait_for(lambda: len(answers) > 10)
            assert first.stop() == 0
            with passing(sim, ("web", tcp), access_lines=False) as second:
                before = len(answers)
                wait_for(lambda: len(answers) > before + 10)
                over.set()
                caller.join()
                assert second.process.poll() is None
        finally:
            over.set()
    assert set(answers) == {200}


def test_those_of_another_process_are_not_ours(sim, tcp):
    port = free_port()
    with csparkd(sim, listeners=[{"address": f"127.0.0.1:{port}"}], listen=False, port=port,
                 env={"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}) as gateway:
        assert gateway.get("/healthz").status == 200


# -- what is refused ---------------------------------------------------------------------------


def refusal_of(sim, passed, listener, exit_code=69):
    with csparkd(sim, passed=passed, listeners=[listener], listen=False, wait=None, exit_code=exit_code) as gateway:
        gateway.wait_exit()
        return gateway.output()


def test_a_name_that_was_not_passed(sim, tcp):
    said = refusal_of(sim, [("web", tcp)], {"address": "systemd:ops"})
    assert '\\"ops\\" of the service manager was not passed' in said
    assert "was not passed" in refusal_of(sim, [], {"address": "systemd:ops"})


def test_what_is_no_listening_socket(sim, tmp_path):
    with listening(backlog=0) as deaf:
        assert "is not a stream socket that listens" in refusal_of(sim, [("web", deaf)], {"address": "systemd:web"})
    with listening(backlog=0, kind=socket.SOCK_DGRAM) as datagrams:
        assert "is not a stream socket that listens" in refusal_of(sim, [("web", datagrams)], {"address": "systemd:web"})
    with listening(str(tmp_path / "s"), kind=socket.SOCK_SEQPACKET) as packets:
        assert "is not a stream socket that listens" in refusal_of(sim, [("web", packets)], {"address": "systemd:web"})


def test_an_address_that_others_can_reach(sim):
    with listening(("0.0.0.0", 0)) as everywhere:
        assert "can be reached by other hosts" in refusal_of(sim, [("web", everywhere)], {"address": "systemd:web"})
        with passing(sim, ("web", everywhere), listeners=[{"address": "systemd:web", "unsafe_listen": True}]) as gateway:
            assert gateway.get("/healthz").status == 200


def test_users_need_a_unix_socket(sim, tcp, tmp_path):
    listener = {"address": "systemd:web", "allow_uids": ["0"]}
    assert "is no unix socket" in refusal_of(sim, [("web", tcp)], listener)


@pytest.mark.parametrize("allowed,status", [(str(os.geteuid()), 200), ("4000000", 403)])
def test_users_of_a_passed_unix_socket(sim, tcp, tmp_path, allowed, status):
    path = str(tmp_path / "socket")
    listeners = [{"address": "systemd:web"}, {"address": "systemd:apps", "allow_uids": [allowed]}]
    with listening(path) as unix, passing(sim, ("web", tcp), ("apps", unix), listeners=listeners) as gateway:
        with Wire(path, on_answer=gateway._note) as wire:
            assert wire.send(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == status


# -- what --check says ---------------------------------------------------------------------------


def check_says(sim, passed=(), exit_code=0, **listener):
    with csparkd(sim, passed=passed, listeners=[listener], listen=False, wait=None, args=["--check"], exit_code=exit_code) as gateway:
        gateway.wait_exit()
        return gateway.output()


def test_check_tells_who_would_serve_what(sim, tcp):
    said = check_says(sim, [("web", tcp)], address="systemd:web")
    assert f"listener systemd:web: takes the socket of the service manager at 127.0.0.1:{port_of(tcp)}\n" in said
    said = check_says(sim, [("web", tcp)], address="127.0.0.1:8080")
    assert f"listener 127.0.0.1:8080: takes the socket of the service manager at 127.0.0.1:{port_of(tcp)}\n" in said
    assert "listener systemd:web: waits for a socket of that name" in check_says(sim, address="systemd:web")
    assert "service manager" not in check_says(sim, address="127.0.0.1:8080")


@pytest.mark.parametrize("name", ["", "a:b"])
def test_check_of_names(sim, name):
    assert 'FileDescriptorName=' in check_says(sim, address="systemd:" + name, exit_code=78)
