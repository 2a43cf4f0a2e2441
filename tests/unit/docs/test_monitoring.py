"""The alerts and the dashboard of Grafana name metrics that exist, and promtool agrees with the rules where it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from stream.runtime.metrics import IndexMetrics, ItemsMetrics

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring"
RULES = FOLDER / "freshline.rules.yml"
SUFFIXES = ("", "_total", "_bucket", "_count", "_sum")


def known_metrics() -> set[str]:
    registry = CollectorRegistry()
    ItemsMetrics(registry)
    IndexMetrics(registry)
    return {name + suffix for metric in registry.collect() for name in [metric.name] for suffix in SUFFIXES}


@pytest.mark.parametrize("path", [path for path in FOLDER.rglob("*") if path.is_file()], ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bfreshline_[a-z_]+", path.read_text(encoding="utf-8")))
    assert named <= known_metrics(), named - known_metrics()


def test_every_alert_has_a_severity_a_summary_and_a_runbook_line() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 5
    for alert in alerts:
        assert alert["labels"]["severity"] in ("page", "ticket"), alert["alert"]
        assert alert["annotations"]["summary"] and alert["annotations"]["runbook"].endswith((".", "?")), alert["alert"]


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    tests = yaml.safe_load((FOLDER / "freshline.test.yml").read_text(encoding="utf-8"))["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    fired = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert {rule["alert"] for rule in rules if "alert" in rule} == fired == silent


def test_counters_of_the_items_workers_are_taken_from_one_source() -> None:
    """Each index worker answers the counters of all items workers, and an items worker's own port has them again."""
    registry = CollectorRegistry()
    ItemsMetrics(registry)
    counters = {f"{metric.name}_total" for metric in registry.collect()}
    for path in (RULES, FOLDER / "grafana" / "freshline.json"):
        text = path.read_text(encoding="utf-8").replace('\\"', '"')
        selections = [(counter, rest) for counter in counters for rest in re.findall(rf"\b{counter}\b(.*)", text)]
        assert selections
        assert [each for each in selections if not each[1].startswith('{worker!=""}')] == [], path.name


def test_promtool_takes_the_configurations_and_sees_the_alerts_fire_and_clear() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool: apt-get install prometheus")
    configs = [("check", "config", config.name) for config in sorted(FOLDER.glob("prometheus*.yml"))]
    assert len(configs) == 2
    for command in (*configs, ("check", "rules", RULES.name), ("test", "rules", "freshline.test.yml")):
        done = subprocess.run([promtool, *command], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
