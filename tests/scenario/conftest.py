"""What scenarios share: one simulator for the whole run, reset for each test."""

import datetime

import needs
import pytest
from simulator import BUILD, Simulator

# The sanitizers bring an allocator of their own, and do not let another be preloaded.
if any(mark in (BUILD / "csparkd").read_bytes() for mark in (b"__asan_init", b"__tsan_init")):
    collect_ignore = ["test_failalloc.py"]


@pytest.fixture(scope="session")
def running():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sim(running):
    running.reset()
    yield running
    running.reset()


class Certificate:
    def __init__(self, authority, folder, name, *identities, **options):
        issued = authority.issue_cert(*identities, **options)
        self.chain, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        issued.private_key_pem.write_to_path(self.key)
        for part in issued.cert_chain_pems:
            part.write_to_path(self.chain, append=True)

    @property
    def options(self):
        """For the simulator."""
        return "--tls-cert", self.chain, "--tls-key", self.key


class Certificates:
    """`ca` vouches for all but `unknown`."""

    def __init__(self, folder):
        trustme = needs.module("trustme", "python3-trustme")
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        past = datetime.datetime(2020, 1, 1)
        self.good = Certificate(authority, folder, "good", "127.0.0.1")
        self.other_host = Certificate(authority, folder, "other-host", "spark.example")
        self.expired = Certificate(authority, folder, "expired", "127.0.0.1", not_after=past)
        stranger = trustme.CA()
        self.other_ca = folder / "other-ca.pem"
        stranger.cert_pem.write_to_path(self.other_ca)
        self.unknown = Certificate(stranger, folder, "unknown", "127.0.0.1")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))
