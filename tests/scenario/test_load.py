"""Many keep-alive callers at once, while tokens come and go and the daemon is told to leave."""

import signal
import time

import pytest
from crowd import Crowd
from gateway import Gateway
from simulator import Simulator

pytestmark = pytest.mark.concurrency


def test_tokens_expire_and_no_caller_notices():
    expiries = 4
    with Simulator("--token-lifetime", "1") as simulator, Gateway(env=simulator.oauth_env()) as gateway:
        began = time.monotonic()
        with Crowd(gateway, 32) as crowd:
            while len(simulator.token_requests()) <= expiries:
                crowd.wait_good(100)
                assert time.monotonic() < began + 60, "tokens are not renewed"
        assert not crowd.bad, crowd.bad[:3]
        # One flight at a time, begun after 70 % of the life at the earliest.
        assert len(simulator.token_requests()) <= (time.monotonic() - began) / 0.7 + 1


def test_revoked_tokens_are_replaced_once_for_all_callers():
    with Simulator() as simulator, Gateway(env=simulator.oauth_env()) as gateway:
        with Crowd(gateway, 32) as crowd:
            crowd.wait_good(100)
            simulator.revoke()
            crowd.wait_good(500)
        assert not crowd.bad, crowd.bad[:3]
        assert len(simulator.token_requests()) == 2


def test_a_drain_under_load_loses_no_request():
    with Simulator() as simulator, Gateway(env=simulator.oauth_env()) as gateway:
        with Crowd(gateway, 32) as crowd:
            crowd.wait_good(500)
            gateway.process.send_signal(signal.SIGTERM)
            crowd.join()
            assert gateway.wait_exit() == 0
        assert not crowd.bad, crowd.bad[:3]
