"""csparkctl bulk with the real daemon in front of the simulator: lists of any length, interrupted and continued."""

import csv
import io
import json
import os
import random
import socketserver
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest
from configured import csparkd, wait_for
from simulator import Simulator
from test_csparkctl import ANSWERED, CSPARKCTL, OK, PASSED_ON, UNREACHABLE, USAGE, run

PARTLY = 5
ECHO = "any/echo"


@pytest.fixture
def gateway(sim):
    with csparkd(sim, top={"workers": 1}) as gateway:
        yield gateway


@pytest.fixture
def ctl(gateway):
    return lambda *args, **options: run("--url", gateway.url, "bulk", ECHO, *args, **options)


def records(count):
    return [{"id": i, "name": f'say "{i}",\nthen go' if i % 7 == 0 else f"n{i}"} for i in range(count)]


def as_csv(inputs):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(inputs[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(inputs)
    return out.getvalue()


def as_ndjson(inputs):
    return "".join(json.dumps(record) + "\n" for record in inputs)


def as_columns(inputs):
    return json.dumps([list(inputs[0])] + [list(record.values()) for record in inputs])


WRITERS = {"csv": as_csv, "ndjson": as_ndjson, "json": json.dumps, "columns": as_columns}


def results_of(text, form):
    """What came for each record: outputs, errors."""
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return [({"id": int(row["id"]), "name": row["name"]} if row["id"] else None, json.loads(row["_error"] or "null"))
                for row in rows]
    lines = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    return [(line["outputs"], line["errors"] or None) for line in lines]


def fine(inputs):
    return [(record, None) for record in inputs]


# -- forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("written", WRITERS)
@pytest.mark.parametrize("out", ["csv", "ndjson", "json"])
def test_results_come_in_the_order_of_the_list(ctl, written, out):
    inputs = records(500)
    form = "json" if written == "columns" else written
    done = ctl("--in", form, "--out", out, "--piece", "60", stdin=WRITERS[written](inputs).encode())
    assert done.returncode == OK, done.stderr
    assert results_of(done.stdout.decode(), out) == fine(inputs)


def test_files_say_their_form(ctl, tmp_path):
    inputs = records(50)
    (tmp_path / "in.jsonl").write_text(as_ndjson(inputs))
    done = ctl("-i", tmp_path / "in.jsonl", "-o", tmp_path / "out.csv", "--piece", "20")
    assert (done.returncode, done.stdout) == (OK, b"")
    assert done.stderr.startswith(b"csparkctl: 50 records, 0 failed, in ")
    text = (tmp_path / "out.csv").read_bytes().decode()
    assert text.startswith("id,name,_error\r\n") and results_of(text, "csv") == fine(inputs)


def test_tables_of_other_countries(ctl):
    body = "id;x\n1;1,5\n2;2,5\n"
    done = ctl("--in", "csv", "--separator", ";", "--decimal", ",", "--quiet", "--piece", "1", stdin=body.encode())
    assert (done.returncode, done.stderr) == (OK, b"")
    assert done.stdout == b"id;x;_error\r\n1;1,5;\r\n2;2,5;\r\n"


def test_a_table_says_its_separator(ctl):
    body = "\ufeffsep=;\r\nid;x\r\n1;a,b\r\n\r\n2;c\r\n"
    done = ctl("--in", "csv", "--quiet", "--piece", "1", stdin=body.encode())
    assert (done.returncode, done.stderr, done.stdout) == (OK, b"", b'id,x,_error\r\n1,"a,b",\r\n2,c,\r\n')


def test_parameters_are_passed_on(sim, ctl):
    done = ctl("--in", "csv", "--outputs", "id", "--purpose", "a b", "_correlation=x&y", stdin=as_csv(records(3)).encode())
    assert done.stdout == b"id,_error\r\n0,\r\n1,\r\n2,\r\n"


@pytest.mark.parametrize("form, text, wanted", [
    ("csv", "", ""), ("csv", "a,b\n", ""), ("ndjson", "\n", ""), ("json", "", "[\n]\n"), ("json", "[]", "[\n]\n")])
def test_a_list_of_nothing_gives_nothing(ctl, form, text, wanted):
    done = ctl("--in", form, "--quiet", stdin=text.encode())
    assert (done.returncode, done.stdout, done.stderr) == (OK, wanted.encode(), b"")


# -- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["csv", "ndjson", "json"])
def test_records_fail_alone(sim, ctl, out):
    for bad in (17, 18, 19):
        sim.flaw("id", "refuse", value=bad, message=f"{bad} is bad")
    # The last piece has nothing but a bad record.
    inputs = records(20)
    done = ctl("--in", "ndjson", "--out", out, "--piece", "19", stdin=as_ndjson(inputs).encode())
    assert done.returncode == PARTLY, done.stderr
    assert b"20 records, 3 failed" in done.stderr
    results = results_of(done.stdout.decode(), out)
    assert results[:17] == fine(inputs[:17])
    for outputs, errors in results[17:]:
        assert outputs is None and (errors[0]["code"], errors[0]["spark_status"]) == ("spark_rejected", 422)


def test_pieces_with_and_without_errors_are_one_table(sim, ctl):
    sim.flaw("id", "refuse", value=25)
    done = ctl("--in", "csv", "--piece", "10", stdin=as_csv(records(40)).encode())
    assert done.returncode == PARTLY
    rows = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
    assert rows[0] == ["id", "name", "_error"] and {len(row) for row in rows} == {3}
    assert [bool(row[2]) for row in rows[1:]] == [i == 25 for i in range(40)]


def test_other_columns_than_before_are_an_error(ctl):
    done = ctl("--in", "ndjson", "--out", "csv", "--piece", "1", stdin=b'{"id":1}\n{"x":2}\n')
    assert done.returncode == ANSWERED and done.stdout == b"id,_error\r\n1,\r\n"
    assert b"other names than before" in done.stderr


def test_nothing_at_all_succeeds(sim, ctl):
    sim.flaw("id", "refuse")
    done = ctl("--in", "ndjson", stdin=as_ndjson(records(5)).encode())
    assert (done.returncode, done.stdout) == (ANSWERED, b"")
    assert b"records 1 to 5 of the list are not done" in done.stderr and b"spark_rejected" in done.stderr


def test_a_service_that_is_missing(gateway):
    done = run("--url", gateway.url, "bulk", "my-folder/nothing", "--in", "ndjson", stdin=b"{}\n")
    assert done.returncode == ANSWERED and b"SERVICE_NOT_FOUND" in done.stderr


def test_a_list_that_breaks_off_is_done_as_far_as_it_goes(ctl):
    done = ctl("--in", "json", "--out", "csv", "--piece", "2", stdin=b'[{"id":1},{"id":2},{"id":3},{]')
    assert done.returncode == ANSWERED and done.stdout == b"id,_error\r\n1,\r\n2,\r\n3,\r\n"
    assert b"behind record 3: line 1, column 30" in done.stderr


def test_a_record_that_the_daemon_refuses(ctl):
    done = ctl("--in", "csv", "--piece", "2", stdin=b"id,x\n1,1\n2,2\n3\n")
    assert done.returncode == ANSWERED and done.stdout == b"id,x,_error\r\n1,1,\r\n2,2,\r\n"
    assert b"records 3 to 3" in done.stderr and b"bad_csv" in done.stderr


def test_a_daemon_that_is_away(tmp_path):
    out = tmp_path / "out.csv"
    done = run("--url", f"unix:{tmp_path}/none", "bulk", ECHO, "--in", "csv", "-o", out, "--patience", "0", stdin=b"a\n1\n")
    assert done.returncode == UNREACHABLE and b"cannot reach csparkd" in done.stderr


@pytest.mark.parametrize("args", [
    (), ("f/s",), ("f/s", "--in", "xml"), ("f/s", "--in", "csv", "--out", "text"), ("f/s", "--in", "csv", "--resume"),
    ("f/s", "--in", "csv", "--resume", "--force", "-o", "x"), ("f/s", "--in", "csv", "radius=3"), ("no locator", "--in", "csv"),
    ("f/s", "--in", "csv", "_format=text"), ("f/s", "--in", "csv", "--piece", "0"), ("f/s", "--in", "csv", "--parallel", "99"),
    ("f/s", "--in", "csv", "--separator", "x"), ("f/s", "--in", "csv", "--timeout", "x"), ("f/s", "--direct")])
def test_wrong_words_are_refused(args):
    done = run("bulk", *args)
    assert (done.returncode, done.stdout) == (USAGE, b"") and done.stderr


def test_help_says_all_options():
    done = run("bulk", "--help")
    assert done.returncode == OK and b"--resume" in done.stdout and b"--direct" in done.stdout


def test_a_terminal_sees_how_far_it_is(sim, gateway, tmp_path):
    (tmp_path / "in.csv").write_text(as_csv(records(60)))
    sim.mood("echo", "hold", after=2)
    ours, theirs = os.openpty()
    with subprocess.Popen([CSPARKCTL, "--url", gateway.url, "bulk", ECHO, "-i", tmp_path / "in.csv", "--piece", "10",
                           "--parallel", "1"],
                          env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
                          stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while b" left" not in seen:
            seen += os.read(ours, 4096)
        sim.clear()
        sim.release()
        while b"60 records" not in seen:
            seen += os.read(ours, 4096)
        assert process.wait(30) == OK
    os.close(ours)
    assert b" records, 0 failed, " in seen and b"\r\x1b[K" in seen


# -- files that exist -----------------------------------------------------------------------


def test_a_file_that_exists_is_not_touched(ctl, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine\n1\n")
    for args in ((), ("--resume",)):
        assert ctl("--in", "csv", "-o", out, *args, stdin=b"a\n1\n").returncode == USAGE
        assert out.read_text() == "mine\n1\n"
    assert ctl("-i", out, "-o", out, "--force").returncode == USAGE
    assert out.read_text() == "mine\n1\n"
    assert ctl("--in", "csv", "-o", out, "--force", stdin=b"a\n1\n").returncode == OK
    assert out.read_bytes() == b"a,_error\r\n1,\r\n"


@pytest.mark.parametrize("out", ["csv", "ndjson", "json"])
def test_any_rest_of_a_file_is_continued(sim, ctl, tmp_path, out):
    sim.flaw("id", "refuse", value=4)
    inputs, file = records(9), tmp_path / f"out.{out}"
    body = as_csv(inputs).encode()
    assert ctl("--in", "csv", "-o", file, stdin=body).returncode == PARTLY
    whole = file.read_bytes()
    for end in sorted({0, 1, 2, len(whole) - 1, len(whole), *random.Random(1).sample(range(len(whole)), 12)}):
        file.write_bytes(whole[:end])
        done = ctl("--in", "csv", "-o", file, "--resume", "--piece", "4", stdin=body)
        assert done.returncode == PARTLY, (end, done.stderr)
        assert file.read_bytes() == whole, end


def test_more_rows_than_records_are_refused(ctl, tmp_path):
    out = tmp_path / "out.csv"
    assert ctl("--in", "csv", "-o", out, stdin=b"a\n1\n2\n").returncode == OK
    done = ctl("--in", "csv", "-o", out, "--resume", stdin=b"a\n1\n")
    assert done.returncode == ANSWERED and b"more rows than the list has records" in done.stderr


# -- interruptions --------------------------------------------------------------------------

COUNT, PIECE = 2000, 25


class Run:
    """A bulk that is under way."""

    def __init__(self, url, folder, form):
        (folder / "in.csv").write_text(as_csv(records(COUNT)))
        self.out = folder / f"out.{form}"
        self.command = [CSPARKCTL, "--url", url, "bulk", ECHO, "-i", folder / "in.csv", "-o", self.out, "--piece", str(PIECE),
                        "--patience", "60"]
        self.wanted = run(*self.command[1:], "--out", form, "--quiet", "--force").stdout or self.written()
        self.out.unlink()
        self.process = None

    def start(self, *args, stdin=None):
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.process = subprocess.Popen([*self.command, *args], env=environment, stdin=stdin, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)

    def written(self):
        return self.out.read_bytes() if self.out.exists() else b""

    def is_over(self):
        return self.process.poll() is not None

    def wait_growth(self, size):
        """Until the output has so many bytes, or it is over."""
        wait_for(lambda: self.is_over() or len(self.written()) >= size, "the next row", 30)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self):
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err

    def check(self):
        code, err = self.end()
        assert code == OK, err
        assert self.written() == self.wanted


def moments(seed, wanted, count):
    """Where the output is to be when something happens."""
    return sorted(random.Random(seed).randrange(len(wanted)) for _ in range(count))


def hold(sim, calls):
    """Nothing is answered any more after so many calls: what is under way stays so, and a run cannot end."""
    sim.mood("echo", "hold", after=calls)


def let_go(sim):
    sim.clear()
    sim.release()


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_a_killed_run_is_continued(sim, gateway, tmp_path, form):
    bulk = Run(gateway.url, tmp_path, form)
    sim.limits(per_call_ms=10)
    for moment in moments(form, bulk.wanted, 4):
        bulk.start("--resume")
        bulk.wait_growth(moment)
        bulk.kill()
        assert bulk.wanted.startswith(bulk.written())
    bulk.start("--resume")
    bulk.check()


def test_a_run_that_is_killed_while_it_waits_is_continued(sim, gateway, tmp_path):
    bulk = Run(gateway.url, tmp_path, "csv")
    for calls in (0, *random.Random(4).sample(range(1, 20), 3)):
        hold(sim, calls)
        bulk.start("--resume")
        sim.wait_inflight(1)
        bulk.kill()
        let_go(sim)
        assert bulk.wanted.startswith(bulk.written()) and len(bulk.written()) < len(bulk.wanted)
    bulk.start("--resume")
    bulk.check()


@pytest.fixture
def mortal(sim):
    """A daemon that is killed, and comes back at the same address."""
    with csparkd(sim, top={"workers": 1}, access_lines=False) as gateway:
        yield gateway


def kill_daemon(gateway):
    gateway.process.kill()
    gateway.wait_exit()


def test_a_killed_daemon_is_waited_for(sim, tmp_path, mortal):
    bulk = Run(mortal.url, tmp_path, "csv")
    sim.limits(per_call_ms=10)
    bulk.start()
    for moment in moments(2, bulk.wanted, 3):
        bulk.wait_growth(moment)
        kill_daemon(mortal)
        mortal.start()
    bulk.check()


def test_a_spark_that_is_away_is_waited_for(sim, tmp_path, gateway):
    bulk = Run(gateway.url, tmp_path, "csv")
    sim.mood("echo", "status-503", after=20)
    bulk.start()
    assert b"asking again for up to 60 s" in bulk.process.stderr.readline()
    sim.clear()
    bulk.check()


def test_spark_stays_away(sim, tmp_path, gateway):
    bulk = Run(gateway.url, tmp_path, "csv")
    sim.mood("echo", "status-503", after=20)
    bulk.start("--patience", "0")
    code, err = bulk.end()
    assert code == ANSWERED and b"of the list are not done" in err and b"--resume goes on behind them" in err
    assert bulk.written() and bulk.wanted.startswith(bulk.written())


def test_without_patience_a_killed_daemon_ends_the_run(sim, tmp_path, mortal):
    bulk = Run(mortal.url, tmp_path, "csv")
    hold(sim, 20)
    bulk.start("--patience", "0")
    bulk.wait_growth(1)
    sim.wait_inflight(1)
    kill_daemon(mortal)
    let_go(sim)
    code, err = bulk.end()
    assert code == UNREACHABLE and b"--resume goes on behind them" in err, err
    assert bulk.wanted.startswith(bulk.written())
    mortal.start()
    bulk.start("--resume")
    bulk.check()


def test_a_killed_simulator_is_waited_for(tmp_path):
    with Simulator() as sim, csparkd(sim, top={"workers": 1}) as gateway:
        gateway.sim = None  # what it saw is gone with it
        bulk = Run(gateway.url, tmp_path, "csv")
        hold(sim, 20)
        bulk.start()
        sim.wait_inflight(1)
        for moment in moments(3, bulk.wanted, 3):
            sim.crash()
            sim.start()
            sim.limits(per_call_ms=10)
            bulk.wait_growth(moment)
        bulk.check()


# -- told when to ask again -----------------------------------------------------------------


class Reluctant(BaseHTTPRequestHandler):
    """A daemon that refuses as often as it is told, and says when to come again."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.times.append(time.monotonic())
        if len(self.server.times) <= self.server.refusals:
            self.say(self.server.status, b'{"code":"overloaded","detail":"Too much."}', "application/problem+json")
        else:
            self.say(200, b'{"outputs":{"id":1},"warnings":null,"errors":null,"process_time":1}\n', "application/x-ndjson")

    def say(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status != 200:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

    def address_string(self):
        return "a caller"


@pytest.fixture
def reluctant():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Reluctant) as server:
        server.times, server.url = [], f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask_reluctant(server, status, retry_after, refusals, *args):
    server.status, server.retry_after, server.refusals = status, retry_after, refusals
    return run("--url", server.url, "bulk", ECHO, "--in", "ndjson", *args, stdin=b'{"id":1}\n')


@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_asked_before_the_daemon_wants_it(reluctant, status):
    done = ask_reluctant(reluctant, status, "1", 2)
    assert done.returncode == OK and done.stdout.startswith(b'{"outputs":{"id":1}'), done.stderr
    first, second, third = reluctant.times
    assert second - first >= 1 and third - second >= 1


def test_a_date_is_not_waited_for(reluctant):
    done = ask_reluctant(reluctant, 503, "Fri, 31 Dec 2199 23:59:59 GMT", 1)
    assert (done.returncode, len(reluctant.times)) == (OK, 2)


def test_patience_bounds_what_the_daemon_wants(reluctant):
    done = ask_reluctant(reluctant, 503, "99999999999", 1, "--patience", "1")
    assert (done.returncode, len(reluctant.times)) == (OK, 2)
    assert reluctant.times[1] - reluctant.times[0] >= 1


def test_without_patience_it_is_not_asked_again(reluctant):
    done = ask_reluctant(reluctant, 503, "1", 1, "--patience", "0")
    assert (done.returncode, len(reluctant.times)) == (ANSWERED, 1) and b"overloaded" in done.stderr


# -- kill -9 of whatever runs ---------------------------------------------------------------

# By chance: the seed is printed, $CSPARK_SEED plays it again.
SEED = int(os.environ.get("CSPARK_SEED", time.time_ns() % 1000000))
EACH = 3  # kills of each program; many more in so little time, and csparkd asks for tokens more and more seldom


class Fed(Run):
    """Its list comes through a pipe that stays open: no run is over before the list is."""

    def __init__(self, url, folder, form):
        super().__init__(url, folder, form)
        at = self.command.index("-i")
        self.list = self.command[at + 1].read_bytes()
        self.command[at:at + 2] = ["--in", "csv"]

    def start(self, *args):
        super().start(*args, stdin=subprocess.PIPE)
        self.process.stdin.write(self.list[:-1])
        self.process.stdin.flush()

    def feed_the_rest(self):
        self.process.stdin.write(self.list[-1:])


class Killer:
    """kill -9 of one of the three programs, which is started again at once."""

    def __init__(self, bulk, gateway, sim):
        self.bulk, self.gateway, self.sim = bulk, gateway, sim
        self.programs = [self.csparkctl, self.csparkd, self.simulator]

    def csparkctl(self):
        self.bulk.kill()
        assert self.bulk.wanted.startswith(self.bulk.written())
        self.bulk.start("--resume")

    def csparkd(self):
        kill_daemon(self.gateway)
        self.gateway.start()

    def simulator(self):
        self.sim.crash()
        self.sim.start()
        self.sim.limits(per_call_ms=10)

    def wait(self, size, calls):
        """Until the output has so many bytes, and Spark has had so many calls since, if there are as many to come."""
        self.bulk.wait_growth(size)
        calls += self.sim.stats()["executes"]
        wait_for(lambda: self.bulk.is_over() or self.sim.stats()["executes"] >= calls or
                 len(self.bulk.written()) >= 0.9 * len(self.bulk.wanted), "the next call", 30)
        assert not self.bulk.is_over(), self.bulk.end()


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_whatever_is_killed_no_record_is_missing_doubled_or_out_of_order(tmp_path, form):
    print(f"CSPARK_SEED={SEED}")
    dice = random.Random(f"{SEED} {form}")
    with Simulator() as sim, csparkd(sim, top={"workers": 1}, access_lines=False) as gateway:
        gateway.sim = None  # what it saw is gone with it
        bulk = Fed(gateway.url, tmp_path, form)
        assert results_of(bulk.wanted.decode(), form) == fine(records(COUNT))
        killer = Killer(bulk, gateway, sim)
        sim.limits(per_call_ms=10)
        bulk.start()
        programs = dice.sample(killer.programs * EACH, 3 * EACH)
        sizes = sorted(dice.randrange(int(0.9 * len(bulk.wanted))) for _ in programs)
        for program, size in zip(programs, sizes):
            killer.wait(size, dice.randrange(4))
            program()
        bulk.feed_the_rest()
        bulk.check()
