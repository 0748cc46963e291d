"""What csparkd writes to the journal of a booted system."""

import json

from container import wait_for

SERVICE = "csparkd.service"


def start(host, more=""):
    host.configure(more=more)
    host.systemctl("start", "csparkd.socket", SERVICE)
    assert host.serves()


def entries(host, *match):
    """Found by the journal itself, by the value of a field."""
    said = host.container.run("journalctl", "-q", "-b", "-o", "json", "--all", "-u", SERVICE, *match).stdout
    return [json.loads(line) for line in said.splitlines()]


def test_a_request_is_found_by_its_fields(host):
    start(host)
    host.ask(where=("-H", "X-Request-Id: from-the-test"))
    entry, = wait_for(lambda: entries(host, "CSPARKD_REQUEST_ID=from-the-test"), "the access line")
    assert entry["CSPARKD_STATUS"] == "200" and entry["CSPARKD_ROUTE"] == "/execute/**"
    assert entry["_TRANSPORT"] == "journal" and entry["_SYSTEMD_UNIT"] == SERVICE and entry["SYSLOG_IDENTIFIER"] == "csparkd"
    assert entry["PRIORITY"] == "6" and entry["CSPARKD_SERVICE"] == "volume-cylinder" and entry["CSPARKD_TENANT"] == "default"
    assert entry["MESSAGE"].startswith("access method=") and " status=200 " in entry["MESSAGE"]
    assert "CSPARKD_CODE" not in entry  # nothing went wrong


def test_important_events_have_an_id(host):
    start(host)
    started = wait_for(lambda: entries(host, "CSPARKD_EVENT=started"), "the event")[-1]
    assert len(started["MESSAGE_ID"]) == 32 and started["MESSAGE"].startswith("started: csparkd ")
    assert started in entries(host, f"MESSAGE_ID={started['MESSAGE_ID']}")


def test_plain_lines_if_wanted(host):
    start(host, 'log = { target = "stderr"; };')
    lines = wait_for(lambda: [entry for entry in entries(host, "_TRANSPORT=stdout") if '"event":"started"' in entry["MESSAGE"]],
                     "a line of JSON")
    assert json.loads(lines[-1]["MESSAGE"])["level"] == "info"


def test_requests_do_not_wait_for_the_journal(host):
    """While it is stopped its queue fills up; afterwards csparkd goes on telling."""
    start(host)
    pid = int(host.container.show("systemd-journald.service", "MainPID"))
    host.container.run("kill", "-STOP", str(pid))
    try:
        said = host.container.run("curl", "-s", "-m", "60", "http://localhost:8080/healthz?n=[1-1000]").stdout
        assert said.count('"ok"') == 1000
    finally:
        host.container.run("kill", "-CONT", str(pid))
    host.ask(where=("-H", "X-Request-Id: after-it"))
    wait_for(lambda: entries(host, "CSPARKD_REQUEST_ID=after-it"), "the last line", 60)
