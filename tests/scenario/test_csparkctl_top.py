"""csparkctl top: its figures are those of what was sent, and a terminal is left as it was found."""

import fcntl
import json
import os
import pty
import select
import signal
import socketserver
import struct
import subprocess
import termios
import threading
import time

import pytest
from configured import CYLINDER, csparkd, wait_for
from gateway import free_port
from test_csparkctl import CSPARKCTL, PASSED_ON, Handler, Server, run

OK, ANSWERED, USAGE, UNREACHABLE = range(4)


def view(*args):
    done = run("top", "--once", "--json", *args)
    assert (done.returncode, done.stderr) == (OK, b"")
    return json.loads(done.stdout)


# ---- figures


class Scripted(Handler):
    """/metrics is another text each time, the last one for ever."""

    def do_GET(self):
        texts = self.server.texts
        if self.path == "/metrics":
            text = texts.pop(0) if len(texts) > 1 else texts[0]
        else:
            text = self.server.status
        status = 200 if text else 403
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def scripted():
    server = Server(socketserver.ThreadingTCPServer, ("127.0.0.1", 0))
    server.server.RequestHandlerClass = Scripted
    server.url = f"http://127.0.0.1:{server.server.server_address[1]}"
    server.server.status = ""
    yield server
    server.close()


def metrics(started=1, execute=0, local=0, failed=0, fast=0, slow=0, in_flight=0):
    return f"""cspark_start_time_seconds {started}
cspark_requests_total{{operation="execute",status_class="2xx"}} {execute}
cspark_requests_total{{operation="execute",status_class="5xx"}} {failed}
cspark_requests_total{{operation="local",status_class="2xx"}} {local}
cspark_request_duration_seconds_bucket{{operation="execute",le="0.01"}} {fast}
cspark_request_duration_seconds_bucket{{operation="execute",le="1"}} {fast + slow}
cspark_request_duration_seconds_bucket{{operation="execute",le="+Inf"}} {fast + slow}
cspark_errors_total{{code="overloaded"}} {failed}
cspark_retries_total{{cause="reset"}} 0
cspark_in_flight {in_flight}
cspark_in_flight_limit 512
"""


def test_figures_are_of_what_came_between_two_readings(scripted):
    scripted.server.texts = [metrics(execute=100, local=7, failed=1, fast=100),
                             metrics(execute=150, local=900, failed=6, fast=150, slow=50, in_flight=3)]
    seen = view("--url", scripted.url, "--interval", "0.2")
    seconds = seen["seconds"]
    assert seconds >= 0.2
    assert seen["requests"]["total"] == 156
    assert seen["requests"]["per_second"] * seconds == pytest.approx(55)
    assert seen["requests_by_status"]["5xx"] == {"total": 6, "per_second": pytest.approx(5 / seconds)}
    assert seen["errors"] == {"overloaded": {"total": 6, "per_second": pytest.approx(5 / seconds)}}
    assert seen["latency_seconds"] == {"p50": pytest.approx(0.01), "p99": pytest.approx(0.01 + 0.99 * 0.98)}
    assert seen["spark_seconds"] == {"p50": None, "p99": None}
    assert (seen["in_flight"], seen["in_flight_limit"], seen["tenants"]) == (3, 512, [])


def test_a_daemon_that_was_started_anew_counts_from_its_start(scripted):
    now = int(time.time())
    scripted.server.texts = [metrics(started=1, execute=1000), metrics(started=now - 1000, execute=10)]
    seen = view("--url", scripted.url, "--interval", "0.1")
    assert seen["seconds"] >= 1000 and seen["requests"]["per_second"] * seen["seconds"] == pytest.approx(10)


def test_control_characters_do_not_reach_a_terminal(scripted):
    scripted.server.texts = [metrics()]
    scripted.server.status = json.dumps({"version": "1", "tenants": [{"name": "a\033[2Jb", "token": {"state": "x"}}]})
    assert b"\033" not in run("top", "--once", "--interval", "0.1", "--url", scripted.url).stdout


LIST = {"request_id": "a", "tenant": "default", "service": "my-folder/my-service[1.0]", "engine": "batch", "records_in": 1000000,
        "records_done": 250000, "records_failed": 3, "records_per_s": 5000.5, "chunk_records": 200, "calls_under_way": 7,
        "held": True, "eta_ms": 149985}


def test_lists_have_a_line_each_and_no_more_than_there_is_room_for(scripted):
    scripted.server.texts = [metrics() + "cspark_bulks 12\n"]
    scripted.server.status = json.dumps({"tenants": [], "bulks": [LIST] * 11}, indent=2)
    lines = run("top", "--once", "--interval", "0.1", "--url", scripted.url).stdout.decode().splitlines()
    line = "my-folder/my-service[1.0] batch 1000000 250000 3 5000.5 200 7 00:02:30 caller waits"
    assert [" ".join(each.split()) for each in lines[-11:]] == [line] * 10 + ["and 2 more"]
    assert view("--url", scripted.url, "--interval", "0.1")["bulks"] == [LIST] * 11


@pytest.mark.parametrize("bulks", [None, {}, "x", [None, 1, "x", [], {}], [{"service": "a\033[2Jb" + "x" * 9999, "eta_ms": {"a": []}}]])
def test_lists_of_another_shape_do_no_harm(scripted, bulks):
    scripted.server.texts = [metrics()]
    scripted.server.status = json.dumps({"tenants": [], "bulks": bulks})
    done = run("top", "--once", "--interval", "0.1", "--url", scripted.url)
    assert done.returncode == OK and b"\033" not in done.stdout
    assert isinstance(view("--url", scripted.url, "--interval", "0.1")["bulks"], list)


def test_a_daemon_that_is_told_to_stop_says_so(scripted):
    scripted.server.texts = [metrics()]
    for state in "ready", "draining":
        scripted.server.status = json.dumps({"state": state, "tenants": []})
        title = run("top", "--once", "--interval", "0.1", "--url", scripted.url).stdout.decode().split("\n")[0]
        assert ("draining" in title) == (state == "draining") and "ready" not in title


def wait_counted(gateway, count):
    """An answer is there before it is counted."""
    wait_for(lambda: gateway.metric("cspark_requests_total", operation="execute") == count and
             gateway.metric("cspark_in_flight") == 0, "the count")


def test_figures_agree_with_what_was_sent(sim):
    with csparkd(sim) as gateway:
        for _ in range(30):
            assert gateway.post(CYLINDER, {"radius": 3}).status == 200
        assert gateway.post("/execute/my-folder/nothing", {}).status == 404
        wait_counted(gateway, 31)
        over, sent = threading.Event(), []

        def load():
            while not over.is_set():
                sent.append(gateway.post(CYLINDER, {"radius": 3}).status)

        def busy_view():
            seen = view("--url", gateway.url, "--interval", "0.3")
            return seen if seen["requests"]["per_second"] and seen["latency_seconds"]["p50"] else None

        thread = threading.Thread(target=load)
        thread.start()
        try:
            seen = wait_for(busy_view, "a view of the load", 30)
        finally:
            over.set()
            thread.join()
        assert set(sent) == {200}
        assert 31 < seen["requests"]["total"] <= 31 + len(sent)
        assert 0 < seen["requests"]["per_second"] * seen["seconds"] <= len(sent) + 0.001
        assert seen["errors"]["spark_rejected"] == {"total": 1, "per_second": 0}
        assert seen["latency_seconds"]["p50"] <= seen["latency_seconds"]["p99"]

        wait_counted(gateway, 31 + len(sent))
        seen = view("--url", gateway.url, "--interval", "0.1")
        assert seen["requests"] == {"total": 31 + len(sent), "per_second": 0} and seen["in_flight"] == 0
        assert seen["requests_by_status"]["4xx"]["total"] == 1
        [tenant] = seen["tenants"]
        assert (tenant["name"], tenant["state"], tenant["fetches"], tenant["breaker_open"]) == ("default", "valid", 1, 0)
        text = run("top", "--once", "--interval", "0.1", "--url", gateway.url).stdout.decode()
        assert f"({31 + len(sent)} in all)" in text and "spark_rejected" in text and "default" in text
        assert "\033" not in text


def test_without_a_terminal_views_follow_each_other(scripted):
    scripted.server.texts = [metrics()]
    command = [CSPARKCTL, "--url", scripted.url, "top", "--json", "--interval", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        views = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.kill()
    assert all(one["seconds"] >= 0.1 for one in views)


# ---- faults


def test_nobody_answers():
    done = run("top", "--once", "--url", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (UNREACHABLE, b"") and b"cannot reach csparkd" in done.stderr


def test_metrics_that_are_not_for_us(scripted):
    scripted.server.texts = [""]
    done = run("top", "--once", "--url", scripted.url)
    assert (done.returncode, done.stdout) == (ANSWERED, b"") and b"403" in done.stderr


@pytest.mark.parametrize("args", [["--interval", "0"], ["--interval", "x"], ["--interval", "nan"], ["what"], ["--what"]])
def test_usage_errors(args):
    assert run("top", *args).returncode == USAGE


def test_help():
    assert run("help", "top").stdout.startswith(b"usage: csparkctl top")


# ---- on a terminal

ENTER, LEAVE = b"\033[?1049h", b"\033[?1049l"


class Terminal:
    """top on a pseudo-terminal of its own."""

    def __init__(self, url, rows=40, columns=120):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.process = subprocess.Popen([CSPARKCTL, "--url", url, "top", "--interval", "0.2"], env=environment,
                                        stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self, *texts, deadline=20):
        """Until all these were seen since the last time; gives what was."""
        end = time.monotonic() + deadline
        while not all(text in self.seen for text in texts):
            left = end - time.monotonic()
            assert left > 0, (texts, self.seen)
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 65536)
        seen, self.seen = self.seen, b""
        return seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.mark.parametrize("how", ["q", "ctrl-c", "term"])
def test_the_terminal_is_restored(scripted, how):
    scripted.server.texts = [metrics(execute=5)]
    with Terminal(scripted.url) as terminal:
        assert ENTER in terminal.wait(ENTER, b"since its start", b"(5 in all)")
        terminal.wait(b"of the last")
        if how == "term":
            terminal.process.send_signal(signal.SIGTERM)
        else:
            os.write(terminal.master, b"q" if how == "q" else b"\x03")
        terminal.wait(LEAVE)
        assert terminal.process.wait(20) == OK
        assert termios.tcgetattr(terminal.slave) == terminal.before


def test_a_small_terminal_gets_what_fits(scripted):
    scripted.server.texts = [metrics(execute=5)]
    with Terminal(scripted.url) as terminal:
        terminal.wait(b"errors")
        terminal.resize(3, 20)  # which is a SIGWINCH
        terminal.wait(b"\033[Hcsparkd  at http://1\033[K\r\n\033[K\r\nrequests     0.0/s  \033[K\033[H")


def test_a_daemon_that_leaves_is_waited_for(scripted):
    scripted.server.texts = [metrics(execute=5)]
    with Terminal(scripted.url) as terminal:
        terminal.wait(b"(5 in all)")
        scripted.server.texts = [""]
        terminal.wait(b"does not give out its metrics: HTTP 403")
        scripted.server.texts = [metrics(execute=6)]
        terminal.wait(b"(6 in all)")
        assert terminal.process.poll() is None
