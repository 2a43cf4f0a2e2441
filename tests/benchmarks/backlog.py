"""The freshness of prices while 20,000 new texts wait for their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks import freshness, load
from tests.benchmarks.figures import Figure, Goal

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from tests.benchmarks.running import Running

P50_MS_GOAL, P99_MS_GOAL = 20.0, 100.0


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Give all items another text, then measure the freshness of the prices among fifty events a second, in ms."""
    sent = sender.submit(load.send_texts, stack.kafka).result()
    seconds = sent.seconds + stack.until_quiet(vectors=False)
    pending_before = stack.status()["lag"]["vectors_due"]
    prices = freshness.of_prices(stack, sender)
    pending_after = stack.status()["lag"]["vectors_due"]
    figures = [
        Figure("price, p50", 1000 * prices.quantile(0.5), "ms", Goal(P50_MS_GOAL)),
        Figure("price, p99", 1000 * prices.quantile(0.99), "ms", Goal(P99_MS_GOAL)),
        Figure("texts that wait for vectors, at the start", pending_before, ""),
        Figure("texts that wait for vectors, at the end", pending_after, ""),
        Figure("new texts made searchable by their words", sent.events / seconds, "/s"),
    ]
    return figures, {"prices": prices.observations}
