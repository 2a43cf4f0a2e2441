"""The throughput of the mix, sent as fast as it becomes searchable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stream.progress.histograms import since
from tests.benchmarks import freshness, load
from tests.benchmarks.figures import Figure, Goal, repeated

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from stream.progress.histograms import Histograms
    from tests.benchmarks.running import Running

SECONDS, REPEATS = 12.0, 3
FACETS_OF_INPUTS = ("product", "price", "reviews")
P99_MS_GOAL, RATE_GOAL = 2_000.0, 2_000.0


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Return the sustained rate: at most 1,500 events are under way, so the rate in equals the rate out. Vectors may
    lag, and are counted."""
    rates, runs, used = [], [], {}
    for _ in range(REPEATS):
        before, used_before = stack.freshness(), stack.processor_seconds()
        sent = sender.submit(load.flood, stack.kafka, stack.api, SECONDS).result()
        drained = stack.until_quiet(vectors=False)
        rates.append(sent.events / (sent.seconds + drained))
        runs.append(since(stack.freshness(), before))
        used = {name: round(all_ - used_before[name], 1) for name, all_ in stack.processor_seconds().items()}
    figures = [
        repeated("events sustained", rates, "/s", Goal(RATE_GOAL, at_least=True)),
        _percentile(runs, "price", 0.5, None),
        _percentile(runs, "price", 0.99, Goal(P99_MS_GOAL)),
        _percentile(runs, "product", 0.99, None),
        Figure("vectors pending at the end", stack.status()["lag"]["vectors_due"], ""),
        *_afterwards(stack, sender),
    ]
    events = [sum(run[facet].observations for facet in FACETS_OF_INPUTS) for run in runs]
    return figures, {"events_seen": events, "processor_seconds_of_last_run": used, "seconds": SECONDS}


def _afterwards(stack: Running, sender: Executor) -> list[Figure]:
    """Measure the cost of the log that the flood left, at fifty events a second, once all vectors are searchable."""
    stack.until_quiet()
    prices = freshness.of_prices(stack, sender)
    return [
        Figure(f"price at 50 events/s afterwards, p{100 * quantile:.0f}", 1000 * prices.quantile(quantile), "ms")
        for quantile in (0.5, 0.99)
    ]


def _percentile(runs: list[Histograms], facet: str, quantile: float, goal: Goal | None) -> Figure:
    name = {"price": "price", "product": "new text by its words"}[facet]
    values = [1000 * run[facet].quantile(quantile) for run in runs]
    return repeated(f"{name} meanwhile, p{100 * quantile:.0f}", values, "ms", goal)
