"""What scenarios share: one simulator for the whole run, reset for each test."""

import pytest

from simulator import Simulator


@pytest.fixture(scope="session")
def running():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sim(running):
    running.reset()
    yield running
    running.reset()
