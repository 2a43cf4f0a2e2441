"""A whole stack with its canary: it measures freshness from outside, is seen nowhere else, and notices a standstill."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream.api.canary.names import canary_id
from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def metric(stack: RunningStack, name: str) -> float:
    families = text_string_to_metric_families(stack.http.get("/metrics").text)
    return sum(each.value for family in families for each in family.samples if each.name == name)


def snapshot(stack: RunningStack) -> dict[str, object]:
    """Return the first snapshot of the dashboard's stream."""
    with stack.http.stream("GET", "/events") as answer:
        for line in answer.iter_lines():
            if line.startswith("data:") and "canary" in line:
                found: dict[str, object] = json.loads(line.removeprefix("data:"))
                return found
    raise AssertionError("the stream ended")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack without items."""
    with running_stack(tmp_path_factory.mktemp("canary"), FRESHLINE_CANARY_SECONDS="0.5") as running:
        yield running


def test_hidden_items_are_searched_for_and_are_in_nothing_that_people_see(stack: RunningStack, tmp_path: Path) -> None:
    stack.until(lambda: metric(stack, "freshline_canary_seconds_count") >= 8, "changes are shown by searches")
    canary = canary_id(0, 4)
    for path in (f"/items/{canary}", f"/products/{canary}/life"):
        assert stack.http.get(path).status_code == 404, path
    assert not stack.get("/explain", q=canary, product_id=canary)["in_index"]
    assert stack.get("/canary/0")["product_id"] == canary and stack.http.get("/canary/4").status_code == 404
    assert not any("canary" in path for path in stack.get("/openapi.json")["paths"])
    for query in (canary, canary.upper(), "freshline canary", "canary"):
        found = stack.get("/search", q=query, facets="brand")
        assert (found["hits"], found["total"], found["facets"]["brand"]) == ([], 0, [])
    browsed = stack.get("/search", min_price=0)
    assert (browsed["hits"], browsed["total"]) == ([], 0)
    status = stack.get("/status")
    assert (status["index"]["points"], status["events"], sum(status["plans"].values())) == (0, 0, 0)
    shown = snapshot(stack)
    assert all(not of_topic["folded"] for of_topic in shown["flow"].values())  # type: ignore[attr-defined]
    assert shown["canary"]["last_seconds"] > 0  # type: ignore[index]
    for name in ("freshline_events_folded_total", "freshline_freshness_seconds_count", "freshline_plans_total"):
        assert metric(stack, name) == 0, name
    exported = stack.freshline("export", str(tmp_path / "export"))
    assert exported.code == 0 and '"items":0' in (tmp_path / "export").read_text().splitlines()[-1]
    reconciled = json.loads(stack.freshline("reconcile", "--json").out)
    assert canary not in json.dumps(reconciled) and reconciled["items"] == 0, reconciled
    (tmp_path / "own").write_text(json.dumps({"product_id": canary, "price": 1, "currency": "EUR"}))
    refused = stack.freshline("produce", "prices", str(tmp_path / "own"))
    assert refused.code == 1 and "Freshline's own" in refused.err


def test_a_worker_that_stands_still_without_a_sign_is_noticed_and_forgotten_once_it_goes_on(
    stack: RunningStack,
) -> None:
    stack.until(lambda: metric(stack, "freshline_canary_seconds_count") >= 4, "changes are shown by searches")
    os.kill(stack.pid("items"), signal.SIGSTOP)
    try:
        stack.until(lambda: metric(stack, "freshline_canary_overdue_seconds") > 3, "the canary is overdue")
    finally:
        os.kill(stack.pid("items"), signal.SIGCONT)
    stack.until(lambda: metric(stack, "freshline_canary_overdue_seconds") < 1, "the canary is shown again")
