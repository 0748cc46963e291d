"""The service manager's watchdog: it hears of the daemon only while every worker is alive."""

import socket
import threading

import pytest
from configured import csparkd, wait_for
from freeze import frozen


@pytest.fixture
def told(tmp_path):
    """The news that the service manager has heard so far; it listens all the time, as a real one does."""
    news = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ends:
        hears.bind(str(tmp_path / "notify"))

        def listen():
            while (heard := hears.recv(4096)) != b"end":
                news.append(heard)

        listener = threading.Thread(target=listen)
        listener.start()
        yield news
        ends.sendto(b"end", hears.getsockname())
        listener.join()


@pytest.mark.slow
def test_a_stuck_worker_silences_it_until_it_works_again(sim, told, tmp_path):
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
    with csparkd(sim, env=env, top={"workers": 2}) as gateway:
        wait_for(lambda: told.count(b"WATCHDOG=1") > 1, "signs of life")
        with frozen(gateway.pid, "shard-1"):
            assert "worker 1 " in gateway.wait_log("worker_stuck", deadline=30)["message"]
            before = len(told)
        gateway.wait_log("worker_unstuck", deadline=30)
        wait_for(lambda: b"WATCHDOG=1" in told[before:], "signs of life again")
