"""A whole stack that exports its traces: one of a price, one of a new text with its vector, one of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from tests.support.collector import Collector, collector
from tests.support.running_stack import running_stack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.collector import CollectedSpan

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def path(spans: list[CollectedSpan]) -> list[tuple[str, str]]:
    """Return (service, name) of the spans of a trace, each after its parent; spans that hang on nothing are missing."""
    found, parents = [], [""]
    while parents:
        parent = parents.pop(0)
        for span in spans:
            if span.parent_id == parent:
                found.append((span.service, span.name.partition(" items-")[0]))
                parents.append(span.span_id)
    return found


def trace_with(collected: Collector, *names: str) -> list[CollectedSpan] | None:
    """Return the trace that has spans of all these names; None as long as there is none."""
    for spans in collected.traces().values():
        if set(names) <= {span.name for span in spans}:
            return spans
    return None


def test_a_price_and_a_new_text_are_each_one_trace_over_all_processes(tmp_path: Path) -> None:
    lines = {
        "products": '{"product_id": "p1", "title": "Brass lamp"}',
        "prices": '{"product_id": "p1", "price": 5, "currency": "EUR"}',
    }
    with collector() as collected:
        export = {"OTEL_EXPORTER_OTLP_ENDPOINT": collected.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with running_stack(tmp_path, **export) as stack:
            for topic, line in lines.items():
                (tmp_path / topic).write_text(line)
                sent = stack.start_freshline("produce", topic, str(tmp_path / topic), "--wait", **export)
                _, said = sent.communicate()
                assert sent.returncode == 0, said
            stack.until(lambda: trace_with(collected, "send products", "embed text") is not None, "a vector is traced")
            stack.until(lambda: trace_with(collected, "send prices", "process items") is not None, "a price is traced")
            httpx.get(f"{stack.api}/search", params={"q": "lamp"}, headers={"traceparent": PARENT}, trust_env=False)
            stack.get("/status")
            stack.until(lambda: trace_with(collected, "GET /search") is not None, "a search is traced")
        hops = [
            ("freshline", "send {}"),
            ("freshline-items", "process {}"),
            ("freshline-items", "send items"),
            ("freshline-index", "process items"),
            ("freshline-index", "upsert"),
        ]
        of_price = trace_with(collected, "send prices", "process items")
        of_text = trace_with(collected, "send products", "embed text")
        assert of_price and path(of_price) == [(service, name.format("prices")) for service, name in hops]
        expected = [(service, name.format("products")) for service, name in hops] + [("freshline-index", "embed text")]
        assert of_text and sorted(path(of_text)) == sorted(expected)
        [search] = [span for span in collected.spans if span.name.startswith("GET")]
        assert (search.trace_id, search.parent_id) == tuple(PARENT.split("-")[1:3])
