"""The freshness of prices, and of further new texts, while 20,000 new texts wait for their vectors."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import freshness, load
from tests.benchmarks.figures import Figure, Goal

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from tests.benchmarks.running import Running

P50_MS_GOAL, P99_MS_GOAL = 20.0, 100.0
VECTOR_P50_MS_GOAL, VECTOR_SLOWEST_MS_GOAL = 30.0, 150.0
TEXTS = 30


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Give all items another text, then measure in ms how soon the prices among fifty events a second are searchable,
    and how soon further texts are found by their vectors."""
    sent = sender.submit(load.send_texts, stack.kafka).result()
    seconds = sent.seconds + stack.until_quiet(vectors=False)
    pending_before = stack.status()["lag"]["vectors_due"]
    prices = freshness.of_prices(stack, sender)
    with closing(freshness.Probes(stack)) as probes:
        probes.run_texts(TEXTS)
    pending_after = stack.status()["lag"]["vectors_due"]
    seen_ms = probes.seen_ms["vector"]
    figures = [
        Figure("price, p50", 1000 * prices.quantile(0.5), "ms", Goal(P50_MS_GOAL)),
        Figure("price, p99", 1000 * prices.quantile(0.99), "ms", Goal(P99_MS_GOAL)),
        Figure("new text found by its vector, p50", float(np.percentile(seen_ms, 50)), "ms", Goal(VECTOR_P50_MS_GOAL)),
        Figure("new text found by its vector, slowest", max(seen_ms), "ms", Goal(VECTOR_SLOWEST_MS_GOAL)),
        Figure("texts that wait for vectors, at the start", pending_before, ""),
        Figure("texts that wait for vectors, at the end", pending_after, ""),
        Figure("new texts made searchable by their words", sent.events / seconds, "/s"),
    ]
    return figures, {"prices": prices.observations}
