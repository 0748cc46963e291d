"""Prometheus' own tool on what csparkd exposes and on the alerts that it ships."""

import json
import shutil
import subprocess

import needs
import pytest
from configured import csparkd
from simulator import Simulator

ALERTS = needs.TOP / "docs" / "prometheus-alerts.yml"
CYLINDER = "/execute/my-folder/volume-cylinder"


@pytest.fixture(scope="module")
def promtool():
    path = shutil.which("promtool")
    needs.require(None if path else "no promtool (scripts/install-deps e2e)")
    return path


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_metrics_are_what_prometheus_wants(promtool):
    with Simulator() as sim, csparkd(sim) as gateway:
        gateway.post(CYLINDER, {"radius": 3, "height": 4})
        gateway.get("/nowhere")
        gateway.get("/services/my-folder/volume-cylinder/file")
        text = gateway.get("/metrics").text
    assert run(promtool, "check", "metrics", input=text) == ""


def test_the_alerts_can_be_loaded(promtool):
    assert "SUCCESS" in run(promtool, "check", "rules", str(ALERTS))


def test_every_query_of_the_dashboard_can_be_parsed(promtool, tmp_path):
    """As rules, which the tool checks; with what Grafana puts in for its variables."""
    dashboard = json.loads((needs.TOP / "docs" / "grafana-csparkd.json").read_text())
    queries = [target["expr"].replace("$__rate_interval", "1m") for panel in dashboard["panels"]
               for target in panel["targets"]]
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    path = tmp_path / "rules.yml"  # JSON is YAML
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in run(promtool, "check", "rules", str(path))
