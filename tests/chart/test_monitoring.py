"""Alerts and dashboards: rules that promtool runs on series, and no metric that Drover does not have."""
import json
import re
import shutil
import subprocess

import pytest
import yaml

from chart import ROOT, VALUES, documents

MONITORING = ROOT / "deploy" / "monitoring"
ALERTS = MONITORING / "alerts.yaml"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool (Debian: prometheus)")

# A line of the generated list: the name for Prometheus, the one for OTLP, the kind.
LISTED = re.compile(r"^\| `([a-z0-9_]+)` \| `[a-z0-9._]+` \| (counter|gauge|histogram) \|", re.MULTILINE)


def known_series():
    """What `/metrics` and the collector write; the list is compared with the code (tests/tests/tidy/metrics.rs)."""
    series = {"target_info"}
    for name, kind in LISTED.findall((MONITORING / "METRICS.md").read_text()):
        series |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return series


def expressions():
    """Of all alerts and panels, each with the place where it is."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.name}: {panel['title']}", target["expr"]


def named_series(expression):
    """Names in front of selectors and ranges; functions, labels and texts are none."""
    without_labels = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\b(by|without|on|ignoring) ?\([^)]*\)", "", expression)
    words = re.findall(r"\b[a-z][a-z0-9_]*\b(?!\s*\()", without_labels)
    return {it for it in words if "_" in it}


def test_every_metric_that_is_named_exists():
    known = known_series()
    assert {"drover_repairs_total", "http_server_request_duration_seconds_bucket", "drover_bridge_master_up_ratio"} <= known
    assert len(known) > 30
    found = list(expressions())
    assert len(found) > 40
    for place, expression in found:
        names = named_series(expression)
        assert names, f"{place} names no metric"
        assert names <= known, f"{place}: {sorted(names - known)} is not written by Drover"


def test_every_alert_has_severity_summary_and_runbook():
    assert len({rule["alert"] for rule in RULES}) == len(RULES) >= 15
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), rule["alert"]
        assert rule["annotations"]["summary"].endswith((".", ")")), rule["alert"]
        assert len(rule["annotations"]["runbook"]) > 60 and "\n" not in rule["annotations"]["runbook"], rule["alert"]


def test_every_alert_is_tested_firing_and_silent():
    names = [it["name"] for it in yaml.safe_load((MONITORING / "alerts.test.yaml").read_text())["tests"]]
    for rule in RULES:
        assert f"{rule['alert']} fires" in names and f"{rule['alert']} stays silent" in names


def promtool(*arguments):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=120, cwd=MONITORING)


@needs_promtool
def test_every_alert_fires_on_its_series_and_on_no_other():
    done = promtool("test", "rules", "alerts.test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_a_stuck_actor_is_an_alert_within_two_minutes(tmp_path):
    """The series as a collector sends it: nothing before the first restart."""
    series = 'drover_actor_restarts_total{job="ci/drover", actor="expired-claims", reason="stuck"}'
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "30s",
        "tests": [{
            "interval": "15s",
            "input_series": [{"series": series, "values": "_x40 1x40"}],
            "promql_expr_test": [
                {"expr": 'count(ALERTS{alertname="DroverActorStuck"})', "eval_time": "9m30s", "exp_samples": []},
                {"expr": 'count(ALERTS{alertname="DroverActorStuck"})', "eval_time": "12m",
                 "exp_samples": [{"labels": "{}", "value": 1}]},
            ],
        }],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_reads_every_expression_of_the_dashboards(tmp_path):
    values = {"$__rate_interval": "5m", "$job": "ci/drover", "$master": "main"}
    rules = []
    for _, expression in expressions():
        for name, value in values.items():
            expression = expression.replace(name, value)
        assert "$" not in expression, expression
        rules.append({"record": f"panel:{len(rules)}", "expr": expression})
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = promtool("check", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda it: it.name)
def test_panels_have_ids_of_their_own_and_do_not_overlap(path):
    dashboard = json.loads(path.read_text())
    panels = dashboard["panels"]
    assert len({it["id"] for it in panels}) == len(panels)
    cells = [(x, y) for it in panels for x in range(it["gridPos"]["x"], it["gridPos"]["x"] + it["gridPos"]["w"])
             for y in range(it["gridPos"]["y"], it["gridPos"]["y"] + it["gridPos"]["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    variables = {it["name"] for it in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps(panels)))
    assert used <= variables, f"{sorted(used - variables)} is no variable of {path.name}"


def test_the_chart_carries_the_rules_and_dashboards_as_they_are():
    objects = {(it["kind"], it["metadata"]["name"]): it for it in documents(VALUES["monitoring"])}
    assert objects["PrometheusRule", "ci"]["spec"] == yaml.safe_load(ALERTS.read_text())
    for path in DASHBOARDS:
        (text,) = objects["ConfigMap", f"ci-dashboard-{path.stem}"]["data"].values()
        carried, own = json.loads(text), json.loads(path.read_text())
        assert carried["panels"] == own["panels"]
        assert carried["uid"] == f"{own['uid']}-ci", "two releases may share one Grafana"


def test_pods_send_metrics_with_attributes_of_their_own_and_the_monitor_finds_the_collector():
    objects = {(it["kind"], it["metadata"]["name"]): it for it in documents(VALUES["monitoring"])}
    env = {it["name"]: it for it in objects["Deployment", "ci-api"]["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env["DROVER__TELEMETRY__OTLP_ENDPOINT"]["value"] == "http://ci-collector:4318"
    assert "service.instance.id=$(POD_NAME)" in env["OTEL_RESOURCE_ATTRIBUTES"]["value"]
    order = list(env)
    assert order.index("POD_NAME") < order.index("OTEL_RESOURCE_ATTRIBUTES"), "a variable refers to earlier ones only"
    monitor, service = objects["ServiceMonitor", "ci"]["spec"], objects["Service", "ci-collector"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in [it["name"] for it in service["spec"]["ports"]]
    config = yaml.safe_load(objects["ConfigMap", "ci-collector"]["data"]["config.yaml"])
    for pipeline in config["service"]["pipelines"].values():
        assert set(pipeline["exporters"]) <= config["exporters"].keys()
        assert set(pipeline["receivers"]) <= config["receivers"].keys()


def test_prometheus_scrapes_every_pod_and_nobody_else_reaches_the_port():
    objects = {(it["kind"], it["metadata"]["name"]): it for it in documents(VALUES["prometheus"])}
    monitor = objects["PodMonitor", "ci"]["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    pods = [it["spec"]["template"] for (kind, _), it in objects.items() if kind == "Deployment"]
    assert len(pods) > 8
    for pod in pods:
        assert monitor["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        container = pod["spec"]["containers"][0]
        env = {it["name"]: it.get("value") for it in container["env"]}
        ports = {it["name"]: it["containerPort"] for it in container["ports"]}
        assert env["DROVER__TELEMETRY__PROMETHEUS_LISTEN"] == "0.0.0.0:9100" and ports[endpoint["port"]] == 9100
    (rule,) = objects["NetworkPolicy", "ci-metrics"]["spec"]["ingress"]
    assert rule["ports"] == [{"port": 9100, "protocol": "TCP"}] and len(rule["from"]) == 1


def test_series_have_the_same_job_by_either_way():
    """Alerts and dashboards select by it. The collector makes it of `service.namespace` and the service's name."""
    objects = {(it["kind"], it["metadata"]["name"]): it for it in documents(VALUES["prometheus"])}
    relabelings = objects["PodMonitor", "ci"]["spec"]["podMetricsEndpoints"][0]["relabelings"]
    job = next(it["replacement"] for it in relabelings if it["targetLabel"] == "job")
    collected = {(it["kind"], it["metadata"]["name"]): it for it in documents(VALUES["monitoring"])}
    env = collected["Deployment", "ci-api"]["spec"]["template"]["spec"]["containers"][0]["env"]
    attributes = next(it["value"] for it in env if it["name"] == "OTEL_RESOURCE_ATTRIBUTES")
    assert f"service.namespace={job.removesuffix('/drover')}," in attributes


def test_without_metrics_no_port_is_open():
    objects = {(it["kind"], it["metadata"]["name"]): it for it in documents(VALUES["network-policy"])}
    container = objects["Deployment", "ci-api"]["spec"]["template"]["spec"]["containers"][0]
    assert [it["name"] for it in container["ports"]] == ["http"]
    assert ("NetworkPolicy", "ci-metrics") not in objects
