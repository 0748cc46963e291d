"""The token endpoint in trouble (rows T1-T20; T14 and T20 under load are in test_expiry.py and test_load.py)."""

import signal
import time
from pathlib import Path

import pytest
from configured import CYLINDER, csparkd, later, together, wait_for
from gateway import free_port
from needs import require
from simulator import Simulator

INPUTS = {"radius": 3, "height": 4}
SOON = CYLINDER + "?_timeout=50"


def failures(gateway, reason):
    return gateway.metric("cspark_token_fetch_failures_total", reason=reason)


def assert_unavailable(answer):
    assert (answer.status, answer.code) == (503, "token_unavailable"), answer
    problem = answer.json()
    assert problem["outcome"] == "not_sent" and problem["retryable"] and problem["attempts"] == 0
    assert int(answer.header("retry-after")) >= 1


def assert_refused(answer):
    assert (answer.status, answer.code) == (502, "credentials_refused"), answer
    problem = answer.json()
    assert problem["outcome"] == "not_sent" and not problem["retryable"]
    return problem


# -- slow or away ----------------------------------------------------------------


def test_T1_callers_wait_for_a_slow_endpoint_each_as_long_as_it_likes(sim):
    sim.token("hold")
    with csparkd(sim, wait="live") as gateway:
        patient = later(lambda: gateway.post(CYLINDER, INPUTS))
        hasty = gateway.post(CYLINDER + "?_timeout=150", INPUTS)
        assert_unavailable(hasty)
        assert gateway.get("/readyz").status == 503
        sim.release()
        assert patient().status == 200
        assert len(sim.token_requests()) == 1
        line = gateway.wait_log("access", request_id=hasty.header("x-request-id"))
        assert line["ms_token"] >= 100 and line["ms_spark"] < 100


@pytest.mark.slow
def test_T1_T2_the_old_token_serves_while_it_cannot_be_renewed(sim):
    sim.token(lifetime=3)
    with csparkd(sim) as gateway:
        sim.token("status-503")
        sim.wait(token_requests=2)
        answer = gateway.post(CYLINDER, INPUTS)
        assert answer.status == 200
        assert "token;dur=0.000" in answer.header("server-timing")
        assert gateway.get("/readyz").status == 200
        gateway.wait_log("token_fetch_failed", reason="status")
        sim.token(lifetime=7200)
        sim.token()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 404, 408])
def test_T2_failures_pass(sim, status):
    sim.token(f"status-{status}", times=1)
    with csparkd(sim, wait="live") as gateway:
        assert_unavailable(gateway.post(SOON, INPUTS))
        assert failures(gateway, "status") == 1
        assert gateway.metric("cspark_token_latched") == 0
        gateway.wait_log("token_fetch_failed", reason="status", level="warn")


def test_T2_a_caller_with_time_does_not_see_a_failure_that_passes(sim):
    sim.token("status-503", times=1)
    with csparkd(sim, wait="live") as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        assert len(sim.token_requests()) == 2


@pytest.mark.parametrize("url, reason", [
    ("http://127.0.0.1:{port}/token", "connect"),
    ("https://token.invalid/token", "dns"),
])
def test_T3_the_endpoint_cannot_be_reached(sim, url, reason):
    with csparkd(sim, wait="live", token_url=url.format(port=free_port())) as gateway:
        gateway.wait_log("token_fetch_failed", reason=reason)
        assert_unavailable(gateway.post(SOON, INPUTS))
        assert failures(gateway, reason) >= 1
        assert sim.executes() == []


def test_T3_a_certificate_that_is_not_trusted(sim, certificates):
    with Simulator(*certificates.unknown.options) as impostor:
        with csparkd(sim, wait="live", token_url=impostor.token_url) as gateway:
            gateway.wait_log("token_fetch_failed", reason="tls_verify")
            assert_unavailable(gateway.post(SOON, INPUTS))
            assert impostor.token_requests() == []


# -- refusals ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["invalid-client", "invalid-client-400"])
def test_T4_invalid_client_latches(sim, fault):
    sim.token(fault)
    with csparkd(sim, wait="live") as gateway:
        problem = assert_refused(gateway.post(CYLINDER, INPUTS))
        assert "invalid_client" in problem["detail"]
        for answer in together(10, lambda n: gateway.post(CYLINDER, INPUTS)):
            assert_refused(answer)
        assert len(sim.token_requests()) == 1
        assert gateway.metric("cspark_token_latched", tenant="default") == 1
        assert gateway.status()["tenants"][0]["token"]["state"] == "refused"
        assert gateway.get("/readyz").status == 503
        assert len([line for line in gateway.log() if line["event"] == "credentials_refused"]) == 1
        gateway.wait_log("credentials_refused", level="error")


def test_T4_a_wrong_secret_latches(sim):
    with csparkd(sim, wait="live", auth={"client_id": sim.client_id, "client_secret": "not-this-one"}) as gateway:
        assert_refused(gateway.post(CYLINDER, INPUTS))
        assert_refused(gateway.post(CYLINDER, INPUTS))
        assert len(sim.token_requests()) == 1


@pytest.mark.parametrize("fault, shown", [
    ("unauthorized-client", "unauthorized_client"), ("invalid-scope", "invalid_scope"),
    ("invalid-request", "invalid_request"), ("invalid-target", "invalid_target"),
    ("unsupported-grant-type", "unsupported_grant_type"), ("unknown-error", "unknown")])
def test_T5_what_no_waiting_cures_latches(sim, fault, shown):
    sim.token(fault)
    with csparkd(sim, wait="live") as gateway:
        for _ in range(2):
            detail = assert_refused(gateway.post(CYLINDER, INPUTS))["detail"]
            assert f"error {shown}," in detail
            assert "Simulated" not in detail and "moon" not in detail
        assert len(sim.token_requests()) == 1


@pytest.mark.slow
def test_T6_a_limited_endpoint_is_left_alone_as_long_as_it_says(sim):
    sim.token("status-429", times=1, headers={"Retry-After": "2"})
    with csparkd(sim, wait="live") as gateway:
        answer = gateway.post(CYLINDER + "?_timeout=200", INPUTS)
        assert_unavailable(answer)
        assert answer.header("retry-after") == "2"
        assert failures(gateway, "limited") == 1
        assert gateway.post(CYLINDER, INPUTS).status == 200
        first, second = sim.token_requests()
        assert second["time_ms"] - first["time_ms"] >= 1990


# -- useless answers ------------------------------------------------------------------


@pytest.mark.parametrize("fault, reason", [
    ("empty-body", "body"), ("html", "body"), ("truncated-json", "body"), ("token-truncated-json", "body"),
    ("malformed-json", "body"), ("not-an-object", "body"), ("torn", "body"), ("bad-chunk", "body"),
    ("reset", "reset"), ("close", "reset"), ("two-lengths", "protocol"),
    ("no-access-token", "token_syntax"), ("empty-access-token", "token_syntax"),
    ("access-token-number", "token_syntax"), ("access-token-object", "token_syntax"),
    ("access-token-crlf", "token_syntax"), ("access-token-nul", "token_syntax"),
    ("access-token-space", "token_syntax"), ("access-token-non-ascii", "token_syntax"),
    ("access-token-huge", "size"), ("expires-in-nested", "expires_in"),
    ("gzip-bomb=5000000", "size"), ("huge", "size"), ("endless", "size")])
def test_T7_T8_T13_useless_answers(sim, fault, reason):
    sim.token(fault)
    with csparkd(sim, wait="live") as gateway:
        before = gateway.rss_kb()
        line = gateway.wait_log("token_fetch_failed", reason=reason)
        assert_unavailable(gateway.post(SOON, INPUTS))
        assert failures(gateway, reason) >= 1
        assert "Sign in" not in line["detail"]
        assert gateway.metric("cspark_token_latched") == 0
        assert sim.executes() == []
        assert gateway.rss_kb() < before + 20000


def test_T7_an_odd_reply_does_not_stop_the_renewal_for_good(sim):
    sim.token("html", times=1)
    with csparkd(sim, wait="live") as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200


@pytest.mark.parametrize("fault", ["drip-head", "drip-body", "stall", "hang"])
def test_T13_an_endless_drip_holds_no_caller_beyond_its_deadline(sim, fault):
    sim.token(fault)
    with csparkd(sim, wait="live") as gateway:
        began = time.monotonic()
        assert_unavailable(gateway.post(SOON, INPUTS))
        assert time.monotonic() - began < 2
        assert len(sim.token_requests()) == 1


@pytest.mark.parametrize("fault", ["no-token-type", "token-type-lower", "token-html-type"])
def test_T9_types_that_are_accepted(sim, fault):
    sim.token(fault)
    with csparkd(sim) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200


def test_T9_another_type_of_token_is_refused(sim):
    sim.token("token-type-mac")
    with csparkd(sim, wait="live") as gateway:
        assert "token_type" in assert_refused(gateway.post(CYLINDER, INPUTS))["detail"]
        assert len(sim.token_requests()) == 1


# -- lifetimes --------------------------------------------------------------------------


@pytest.mark.parametrize("fault, least, most, odd", [
    ("no-expires-in", 50, 60, True), ("expires-in-null", 50, 60, True),
    ("expires-in-1e18", 86000, 86400, True), ("expires-in-1e400", 86000, 86400, True),
    ("expires-in-text", 7000, 7200, False), ("expires-in-7199.5", 7000, 7200, False),
    ("expires-in-29", 20, 29, True)])
def test_T10_T12_lifetimes(sim, fault, least, most, odd):
    sim.token(fault)
    with csparkd(sim) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        token = gateway.status()["tenants"][0]["token"]
        assert least <= token["expires_in_seconds"] <= most
        assert len([line for line in gateway.log() if line["event"] == "token_lifetime"]) == odd
        assert len(sim.token_requests()) == 1


@pytest.mark.parametrize("fault", ["expires-in-0", "expires-in-minus-1", "expires-in-1"])
def test_T11_short_lives_make_no_storm(sim, fault):
    sim.token(fault)
    with csparkd(sim) as gateway:
        began = time.monotonic()
        for _ in range(4):
            assert {a.status for a in together(8, lambda n: gateway.post(CYLINDER, INPUTS))} == {200}
        sim.wait(token_requests=2)
        assert len(sim.token_requests()) <= 2 + (time.monotonic() - began)
        assert len([line for line in gateway.log() if line["event"] == "token_lifetime"]) == 1


# -- tokens that Spark does not take --------------------------------------------------------


def test_T14_a_revoked_token_is_replaced_once(sim):
    with csparkd(sim) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        sim.revoke()
        answer = gateway.post(CYLINDER, INPUTS)
        assert (answer.status, answer.header("x-cspark-attempts")) == (200, "2")
        assert len(sim.token_requests()) == 2
        assert gateway.metric("cspark_retries_total", cause="unauthorized") == 1


def test_T14_all_forms_survive_a_revoked_token(sim):
    asks = [("GET", CYLINDER + "?radius=1"), ("POST", CYLINDER, INPUTS), ("POST", CYLINDER, [INPUTS])]
    with csparkd(sim) as gateway:
        sim.revoke()
        assert [answer.status for answer in together(3, lambda n: gateway.request(*asks[n]))] == [200] * 3
        assert len(sim.token_requests()) == 2


@pytest.mark.slow
@pytest.mark.concurrency
def test_T15_tokens_that_are_all_refused_make_no_storm(sim):
    sim.token("revoke-after-issue")
    with csparkd(sim, timeout_ms=1500) as gateway:
        began = time.monotonic()
        for answer in together(20, lambda n: gateway.post(CYLINDER, INPUTS)):
            assert answer.code in ("credentials_refused", "token_unavailable"), answer
        problem = gateway.post(CYLINDER, INPUTS)
        assert problem.status in (502, 503) and problem.header("www-authenticate") is None
        assert len(sim.token_requests()) <= 2 + (time.monotonic() - began)


@pytest.mark.parametrize("auth", [{"api_key": "not-the-key-at-all"}, {"token": "not.a.token-at-all"}])
def test_T15_a_fixed_credential_that_is_refused_is_not_tried_twice(sim, auth):
    with csparkd(sim, auth=auth) as gateway:
        problem = assert_refused(gateway.post(CYLINDER, INPUTS))
        assert problem["spark"]["status"] == 401 and problem["attempts"] == 1


@pytest.mark.concurrency
def test_T16_many_cold_callers_cause_one_fetch(sim):
    sim.token("hold")
    with csparkd(sim, wait="live") as gateway:
        answers = later(lambda: together(200, lambda n: gateway.post(CYLINDER, INPUTS)))
        sim.wait(token_requests=1)
        gateway.wait_until("/healthz")
        sim.release()
        sim.token()
        assert {answer.status for answer in answers()} == {200}
        assert len(sim.token_requests()) == 1


# -- clocks ---------------------------------------------------------------------------------


def faketime():
    found = list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    require(None if found else "libfaketime is not there (apt install faketime)")
    return str(found[0])


@pytest.mark.preload
@pytest.mark.parametrize("step", ["+3600", "-3600", "+20y"])
def test_T17_P12_the_wall_clock_may_jump(sim, tmp_path, step):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    env = {"LD_PRELOAD": faketime(), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    with csparkd(sim, env=env) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        clock.write_text(step)
        for _ in range(3):
            assert gateway.post(CYLINDER, INPUTS).status == 200
        assert gateway.status()["tenants"][0]["token"]["expires_in_seconds"] > 7100
        assert len(sim.token_requests()) == 1


# -- redirects and files -----------------------------------------------------------------------


def test_T18_a_redirect_gets_no_secret(sim):
    with Simulator() as other:
        for mood in ("redirect-302", "redirect-307", "redirect-308"):
            sim.token(mood, text=other.token_url)
            with csparkd(sim, wait="live") as gateway:
                assert "redirect" in assert_refused(gateway.post(CYLINDER, INPUTS))["detail"]
        assert other.ledger() == []


def secret_file(folder, text, mode=0o600):
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def with_file(sim, path, **settings):
    return csparkd(sim, auth={"client_id": sim.client_id, "client_secret_file": str(path)}, **settings)


@pytest.mark.parametrize("text, mode", [("", 0o600), ("x" * 70000, 0o600), ("demo-secret", 0o644), ("a\nb", 0o600)])
def test_T19_a_bad_secret_file_stops_the_start(sim, tmp_path, text, mode):
    path = secret_file(tmp_path, text, mode)
    with with_file(sim, path, wait=None, exit_code=78) as gateway:
        gateway.wait_exit()
        assert str(path) in gateway.output()


def test_T19_no_secret_file_stops_the_start(sim, tmp_path):
    with with_file(sim, tmp_path / "none", wait=None, exit_code=78) as gateway:
        gateway.wait_exit()
        assert str(tmp_path / "none") in gateway.output()


def test_T19_a_file_that_turns_bad_leaves_the_old_secret_in_use(sim, tmp_path):
    path = secret_file(tmp_path, sim.client_secret)
    with with_file(sim, path) as gateway:
        assert gateway.post(CYLINDER, INPUTS).status == 200
        for text, mode, word in (("", 0o600, "empty"), ("x" * 70000, 0o600, "large"), ("demo-secret", 0o604, "others")):
            secret_file(tmp_path, text, mode)
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda: any(word in line["message"] for line in gateway.log()
                                 if line["event"] == "credential_file_rejected"), word)
        sim.revoke()
        assert gateway.post(CYLINDER, INPUTS).status == 200


def test_T19_a_changed_secret_opens_the_latch_without_a_restart(sim, tmp_path):
    path = secret_file(tmp_path, "the-old-secret\n")
    with with_file(sim, path, wait="live", secrets=["the-old-secret"]) as gateway:
        assert_refused(gateway.post(CYLINDER, INPUTS))
        fresh = tmp_path / "fresh"
        fresh.write_text(sim.client_secret + "\n")
        fresh.chmod(0o600)
        fresh.rename(path)
        gateway.wait_until("/readyz")
        assert gateway.post(CYLINDER, INPUTS).status == 200
        gateway.wait_log("credential_file_read")
        assert len(sim.token_requests()) == 2


def test_T19_a_secret_is_read_when_its_file_gets_the_right_mode(sim, tmp_path):
    path = secret_file(tmp_path, "the-old-secret")
    with with_file(sim, path, wait="live", secrets=["the-old-secret"]) as gateway:
        assert_refused(gateway.post(CYLINDER, INPUTS))
        secret_file(tmp_path, sim.client_secret, 0o604)
        gateway.wait_log("credential_file_rejected")
        path.chmod(0o600)
        gateway.wait_until("/readyz")


def test_T19_a_new_secret_is_proven_before_the_old_token_goes(sim, tmp_path):
    path = secret_file(tmp_path, sim.client_secret)
    with with_file(sim, path, secrets=["a-wrong-secret"]) as gateway:
        secret_file(tmp_path, "a-wrong-secret")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_log("credentials_refused", level="error")
        assert gateway.metric("cspark_token_latched") == 1
        assert gateway.post(CYLINDER, INPUTS).status == 200


@pytest.mark.slow
def test_T20_no_caller_waits_for_a_renewal(sim):
    sim.token(lifetime=2)
    with csparkd(sim) as gateway:
        sim.token("slow", ms=200)
        while len(sim.token_requests()) < 3:
            answer = gateway.post(CYLINDER, INPUTS)
            assert answer.status == 200
            assert "token;dur=0.000" in answer.header("server-timing")
