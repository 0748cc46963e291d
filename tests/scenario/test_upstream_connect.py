"""Spark's host cannot be reached, found or trusted (rows U1-U9)."""

import socket
import subprocess
import time

import pytest
from configured import CYLINDER, csparkd, later, together
from gateway import free_port
from simulator import Simulator

INPUTS = {"radius": 3, "height": 4}
OPEN = {"open": True}


def outcome(answer):
    problem = answer.json()
    return answer.status, problem["code"], problem["outcome"], problem["retryable"], problem["attempts"]


def test_U1_refused_connections_are_tried_again_and_reported(sim):
    with csparkd(sim, base_url=f"http://127.0.0.1:{free_port()}/my-tenant", auth=OPEN) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert outcome(answer) == (502, "upstream_unreachable", "not_sent", True, 3)
        assert gateway.metric("cspark_retries_total", cause="connect") == 2
        line = gateway.wait_log("access", code="upstream_unreachable")
        assert line["spark_status"] == 0 and line["attempts"] == 3


def test_U1_it_recovers_as_soon_as_spark_is_back(sim):
    port = free_port()
    with csparkd(sim, base_url=f"http://127.0.0.1:{port}/my-tenant", token_url=sim.token_url) as gateway:
        assert gateway.post(CYLINDER, INPUTS).code == "upstream_unreachable"
        with Simulator("--listen", f"127.0.0.1:{port}", "--bearer", "unused"):
            answer = gateway.post(CYLINDER, INPUTS)
            # This simulator did not issue the token; that it says so proves that it was asked.
            assert answer.code in (None, "credentials_refused")


def test_U2_a_host_that_takes_no_connection(sim):
    """A full backlog swallows what comes then."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/my-tenant"
        with csparkd(sim, base_url=url, auth=OPEN, connect_timeout_ms=100) as gateway:
            began = time.monotonic()
            answer = gateway.post(CYLINDER, INPUTS)
            assert outcome(answer) == (502, "upstream_unreachable", "not_sent", True, 3)
            assert 0.3 <= time.monotonic() - began < 3
            answer = gateway.post(CYLINDER + "?_timeout=50", INPUTS)
            assert outcome(answer)[:3] == (504, "upstream_timeout", "not_sent")
        for sock in waiting:
            sock.close()


def test_U3_a_name_that_does_not_resolve(sim):
    with csparkd(sim, base_url="https://spark.invalid/my-tenant", auth=OPEN) as gateway:
        answer = gateway.post(CYLINDER, INPUTS)
        assert outcome(answer) == (502, "upstream_dns", "not_sent", True, 3)
        assert "spark.invalid" in answer.json()["detail"]
        # The resolver does not block the loop.
        assert all(a.status == 200 for a in together(4, lambda n: gateway.get("/healthz")))


@pytest.mark.parametrize("row, which", [("U6", "expired"), ("U7", "other_host"), ("U7", "unknown")])
def test_U6_U7_certificates_that_are_not_trusted(sim, certificates, row, which):
    with Simulator(*getattr(certificates, which).options) as spark:
        with csparkd(spark, token_url=sim.token_url, ca_file=str(certificates.ca)) as gateway:
            answer = gateway.post(CYLINDER, INPUTS)
            assert outcome(answer) == (502, "upstream_tls", "not_sent", False, 1)
            assert "ca_file" in answer.json()["detail"]
        assert spark.ledger() == []


def test_U7_a_good_certificate_is_trusted_only_with_its_authority(certificates):
    with Simulator(*certificates.good.options) as spark:
        with csparkd(spark, ca_file=str(certificates.ca)) as gateway:
            assert gateway.post(CYLINDER, INPUTS).json()["outputs"] == {"volume": 113.097}
        with csparkd(spark, wait="live") as gateway:
            assert gateway.post(CYLINDER + "?_timeout=200", INPUTS).code == "token_unavailable"


@pytest.mark.concurrency
def test_a_cold_start_over_tls_opens_connections_side_by_side(certificates):
    with Simulator(*certificates.good.options) as spark:
        with csparkd(spark, ca_file=str(certificates.ca), top={"workers": 1}) as gateway:
            spark.mood("*", "hold")
            held = [gateway.connect() for _ in range(8)]
            for wire in held:
                wire.send(b"GET " + CYLINDER.encode() + b"?radius=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            spark.wait_inflight(8)
            spark.release()
            assert [wire.answer().status for wire in held] == [200] * 8
            for wire in held:
                wire.close()


def url_of(server):
    return f"https://127.0.0.1:{server.getsockname()[1]}/my-tenant"


def test_U8_a_handshake_that_stalls(sim):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with csparkd(sim, base_url=url_of(silent), auth=OPEN, connect_timeout_ms=100) as gateway:
            answer = gateway.post(CYLINDER, INPUTS)
            assert outcome(answer) == (502, "upstream_unreachable", "not_sent", True, 3)


def test_U8_a_handshake_that_is_reset(sim):
    with socket.create_server(("127.0.0.1", 0)) as server:
        def refuse():
            for _ in range(3):
                connection = server.accept()[0]
                connection.recv(1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()

        done = later(refuse)
        with csparkd(sim, base_url=url_of(server), auth=OPEN) as gateway:
            answer = gateway.post(CYLINDER, INPUTS)
            assert outcome(answer) == (502, "upstream_unreachable", "not_sent", True, 3)
        done()


def test_U9_only_an_old_version_of_tls(sim, certificates):
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificates.good.chain,
         "-key", certificates.good.key, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while b"ACCEPT" not in server.stdout.readline():
            assert server.poll() is None
        with csparkd(sim, base_url=f"https://127.0.0.1:{port}/my-tenant", auth=OPEN,
                     ca_file=str(certificates.ca)) as gateway:
            answer = gateway.post(CYLINDER, INPUTS)
            assert answer.status == 502 and answer.code in ("upstream_tls", "upstream_unreachable")
            assert answer.json()["outcome"] == "not_sent"
    finally:
        server.kill()
        server.communicate()
