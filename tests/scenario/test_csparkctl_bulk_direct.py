"""csparkctl bulk --direct: lists of any length without a daemon, by the library."""

import json

import pytest
from test_csparkctl import ANSWERED, OK, USAGE, run
from test_csparkctl_bulk import ECHO, PARTLY, WRITERS, as_ndjson, fine, records, results_of


@pytest.fixture
def ctl(sim):
    return lambda *args, **options: run("bulk", ECHO, "--direct", *args, env=sim.oauth_env(), **options)


def sizes(sim):
    """How many records the calls had that were answered."""
    return sorted(entry["records"] for entry in sim.executes() if entry["status"] == 200)


@pytest.mark.parametrize("written", ["ndjson", "json", "columns"])
@pytest.mark.parametrize("out", ["ndjson", "json"])
def test_results_come_in_the_order_of_the_list(sim, ctl, written, out):
    inputs = records(500)
    form = "json" if written == "columns" else written
    done = ctl("--in", form, "--out", out, "--piece", "60", stdin=WRITERS[written](inputs).encode())
    assert done.returncode == OK, done.stderr
    assert results_of(done.stdout.decode(), out) == fine(inputs)
    assert sizes(sim) == [20] + 8 * [60]


def test_a_call_has_two_hundred_records_if_nothing_is_said(sim, ctl):
    assert ctl("--in", "ndjson", stdin=as_ndjson(records(450)).encode()).returncode == OK
    assert sizes(sim) == [50, 200, 200]


def test_parameters_are_sparks(ctl):
    done = ctl("--in", "ndjson", "--outputs", "id", "_correlation=x&y", stdin=as_ndjson(records(2)).encode())
    assert [json.loads(line)["outputs"] for line in done.stdout.splitlines()] == [{"id": 0}, {"id": 1}]


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_any_rest_of_a_file_is_continued(ctl, tmp_path, form):
    body, file = as_ndjson(records(9)).encode(), tmp_path / f"out.{form}"
    assert ctl("--in", "ndjson", "-o", file, stdin=body).returncode == OK
    whole = file.read_bytes()
    for end in (0, 1, len(whole) // 2, len(whole) - 1, len(whole)):
        file.write_bytes(whole[:end])
        assert ctl("--in", "ndjson", "-o", file, "--resume", "--piece", "4", stdin=body).returncode == OK
        assert file.read_bytes() == whole, end


# -- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["ndjson", "json"])
@pytest.mark.parametrize("written", ["ndjson", "columns"])
def test_records_fail_alone(sim, ctl, written, out):
    for bad in (17, 18, 19):
        sim.flaw("id", "refuse", value=bad, message=f"{bad} is bad")
    inputs = records(20)  # the last piece has nothing but a bad record
    form = "json" if written == "columns" else written
    done = ctl("--in", form, "--out", out, "--piece", "19", stdin=WRITERS[written](inputs).encode())
    assert done.returncode == PARTLY, done.stderr
    assert b"20 records, 3 failed" in done.stderr
    results = results_of(done.stdout.decode(), out)
    assert results[:17] == fine(inputs[:17])
    for number, (outputs, (error,)) in enumerate(results[17:], 17):
        assert outputs is None and (error["code"], error["spark_status"]) == ("spark_rejected", 422)
        assert f"{number} is bad" in error["detail"]


def test_a_call_that_takes_too_long_is_cut(sim, ctl):
    sim.limits(per_record_ms=20, call_limit_ms=500)
    inputs = records(60)
    done = ctl("--in", "ndjson", "--parallel", "1", stdin=as_ndjson(inputs).encode())
    assert done.returncode == OK, done.stderr
    assert results_of(done.stdout.decode(), "ndjson") == fine(inputs)
    assert sum(sizes(sim)) == 60 and max(sizes(sim)) < 30


def test_a_spark_that_is_away_is_waited_for(sim, ctl):
    sim.mood("echo", "status-503", times=3)  # as often as the library asks
    done = ctl("--in", "ndjson", stdin=as_ndjson(records(3)).encode())
    assert done.returncode == OK and b"asking again for up to 60 s" in done.stderr
    assert results_of(done.stdout.decode(), "ndjson") == fine(records(3))


def test_spark_goes_away(sim, ctl, tmp_path):
    sim.mood("echo", "status-404", after=2)
    out = tmp_path / "out.ndjson"
    done = ctl("--in", "ndjson", "-o", out, "--piece", "10", "--parallel", "1", stdin=as_ndjson(records(40)).encode())
    assert done.returncode == ANSWERED
    assert b"records 21 to 30 of the list are not done" in done.stderr and b"--resume goes on" in done.stderr
    assert results_of(out.read_text(), "ndjson") == fine(records(20))


def test_nothing_at_all_succeeds(sim, ctl):
    sim.flaw("id", "refuse", message="none is good")
    done = ctl("--in", "ndjson", stdin=as_ndjson(records(5)).encode())
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert b"records 1 to 5 of the list are not done" in done.stderr and b"none is good" in done.stderr


def test_a_service_that_is_missing(sim):
    done = run("bulk", "my-folder/nothing", "--direct", "--in", "ndjson", env=sim.oauth_env(), stdin=b"{}\n")
    assert done.returncode == ANSWERED and b"Spark answered with status 404" in done.stderr


@pytest.mark.parametrize("line", [b"3", b'{"id":2},{"id":3}', b'{"id":', b"{} {}"])
def test_a_line_is_one_object(ctl, line):
    done = ctl("--in", "ndjson", stdin=b'{"id":1}\n' + line + b"\n")
    assert done.returncode == ANSWERED and b"behind record 1: this is no JSON object" in done.stderr
    assert results_of(done.stdout.decode(), "ndjson") == [({"id": 1}, None)]


@pytest.mark.parametrize("args, word", [
    (("--in", "csv"), b"CSV needs the daemon"), (("--in", "ndjson", "--out", "csv"), b"CSV needs the daemon"),
    (("--in", "ndjson", "--tenant", "x"), b"--tenant"), (("--in", "ndjson", "_engine=sync"), b"_engine needs the daemon")])
def test_what_only_the_daemon_can_do_is_said(ctl, args, word):
    done = ctl(*args)
    assert (done.returncode, done.stdout) == (USAGE, b"") and word in done.stderr


def test_nothing_is_begun_without_credentials(sim, tmp_path):
    out = tmp_path / "out.ndjson"
    for env in ({}, {"CSPARK_BASE_URL": sim.base_url}):
        done = run("bulk", ECHO, "--direct", "--in", "ndjson", "-o", out, env=env, stdin=b"{}\n")
        assert done.returncode == USAGE and not out.exists()
