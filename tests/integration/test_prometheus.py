"""A real Prometheus scrapes a live stack: its alerts fire when a part is stopped, and clear once it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from schemas.trace_context import TraceContext
from tests.support.collector import collector
from tests.support.prometheus import (
    DASHBOARD,
    MISSING,
    PROMETHEUS,
    PROMTOOL,
    RULES,
    SHORTEST_S,
    Prometheus,
    hurried,
    running_prometheus,
)
from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(PROMETHEUS is None or PROMTOOL is None, reason=MISSING)

CONTEXT = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[RunningStack, Prometheus]]:
    """A stack that exports traces, a price in it, and a Prometheus that has scraped it."""
    with collector() as collected:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collected.url, "FRESHLINE_CANARY_SECONDS": "1"}
        with running_stack(tmp_path, **env) as stack, running_prometheus(tmp_path, stack.api) as prometheus:
            body = json.dumps({"product_id": "p1", "price": 5, "currency": "EUR"}).encode()
            stack.send("products", "p1", title="Brass lamp")
            stack.producer.send("prices", key=b"p1", value=body, headers=CONTEXT.headers).get()
            stack.until_quiet()
            counted = 'freshline_freshness_seconds_count{topic="prices",stage="searchable"} > 0'
            prometheus.until(lambda: bool(prometheus.ask("/query", query=counted)["result"]), "the stack is scraped")
            yield stack, prometheus


def stopped(stack: RunningStack, prometheus: Prometheus, worker: str, alerts: set[str]) -> None:
    """Stop a worker until these alerts fire, and let it go on until none of them does."""
    prometheus.until(lambda: not alerts & prometheus.firing(), f"none of {alerts} fires")  # A scrape may be late.
    os.kill(stack.pid(worker), signal.SIGSTOP)
    try:
        if worker == "items":
            stack.producer.send("prices", key=b"p1", value=b'{"product_id":"p1","price":6,"currency":"EUR"}').get()
        prometheus.until(lambda: alerts <= prometheus.firing(), f"{alerts} fire")
    finally:
        os.kill(stack.pid(worker), signal.SIGCONT)
    prometheus.until(lambda: not alerts & prometheus.firing(), f"{alerts} clear")


def test_alerts_fire_while_the_index_or_the_fold_is_stopped_and_clear_after(
    watched: tuple[RunningStack, Prometheus],
) -> None:
    stack, prometheus = watched
    rules = [rule for group in prometheus.ask("/rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} >= {"FreshlineIsDown", "FreshlineStandsStill", "FreshlineCanaryStalls"}
    prometheus.until(lambda: _healthy(prometheus), "every rule is evaluated without an error")
    httpx.get(f"{stack.api}/search?q=lamp", trust_env=False).raise_for_status()
    prometheus.until(lambda: _without_data(prometheus) == [], "every panel of the Grafana dashboard has data")
    prometheus.until(lambda: CONTEXT.trace_id in _exemplars(prometheus), "the trace of the price is an exemplar")
    stopped(stack, prometheus, "index", {"FreshlineIsDown"})
    stopped(stack, prometheus, "items", {"FreshlineStandsStill", "FreshlineCanaryStalls"})


def _without_data(prometheus: Prometheus) -> list[str]:
    """Return the queries of the Grafana dashboard to which Prometheus answers nothing."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    asked = [
        target["expr"].replace("$__rate_interval", f"{SHORTEST_S}s") for each in panels for target in each["targets"]
    ]
    return [query for query in asked if not prometheus.ask("/query", query=query)["result"]]


def _exemplars(prometheus: Prometheus) -> set[str]:
    found = prometheus.ask("/query_exemplars", query="freshline_freshness_seconds_bucket", start=0, end=2**32)
    return {each["labels"]["trace_id"] for series in found for each in series["exemplars"]}


def _healthy(prometheus: Prometheus) -> bool:
    return all(rule["health"] == "ok" for group in prometheus.ask("/rules")["groups"] for rule in group["rules"])


def test_the_hurried_rules_are_the_shipped_ones_with_shorter_windows(tmp_path: Path) -> None:
    assert PROMTOOL is not None
    rules = hurried(RULES.read_text(encoding="utf-8"))
    assert "[2m]" not in rules and "[4s]" in rules
    (tmp_path / RULES.name).write_text(rules, encoding="utf-8")
    done = subprocess.run([PROMTOOL, "check", "rules", RULES.name], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
