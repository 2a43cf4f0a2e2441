"""Searches of one client while 500 events a second come in."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import load
from tests.benchmarks.catalogue import Catalogue, asked_queries, catalogue
from tests.benchmarks.figures import Figure, Goal, repeated

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from tests.benchmarks.running import Running

PER_SECOND = 500.0
SEARCHES_PER_SECOND = 20.0
WARM_SECONDS = 15.0
"""In which a stack that has just taken its catalogue tidies up: searches took twice as long meanwhile."""
SECONDS, REPEATS = 10.0, 3
P50_MS_GOAL, P95_MS_GOAL = 15.0, 40.0
SEED = 5
FILTERS: tuple[dict[str, object], ...] = (
    {},
    {},
    {"max_price": 300},
    {},
    {"availability": "in_stock"},
    {"min_price": 20, "max_price": 900},
    {},
    {"min_rating": 3},
)
"""Half of the searches filter."""
TITLE_WORDS = 3


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Figures in ms over HTTP, each the median of three runs of ten seconds."""
    queries = _queries(catalogue())
    seconds = WARM_SECONDS + REPEATS * SECONDS
    offered = sender.submit(load.offer, stack.kafka, PER_SECOND, seconds)
    _search(stack, queries, WARM_SECONDS)
    runs = [_search(stack, queries, SECONDS) for _ in range(REPEATS)]
    sent = offered.result()
    figures = [
        _percentile(runs, 50, Goal(P50_MS_GOAL)),
        _percentile(runs, 95, Goal(P95_MS_GOAL)),
        _percentile(runs, 99, None),
        Figure("events meanwhile", sent.events / sent.seconds, "/s"),
    ]
    return figures, {"searches": sum(map(len, runs)), "seconds_to_quiet": round(stack.until_quiet(vectors=False), 1)}


def _percentile(runs: list[list[float]], percent: int, goal: Goal | None) -> Figure:
    return repeated(f"search, p{percent}", [float(np.percentile(run, percent)) for run in runs], "ms", goal)


def _search(stack: Running, queries: list[str], seconds: float) -> list[float]:
    """Milliseconds of each search, twenty a second."""
    began, took = time.monotonic(), []
    for number in range(round(seconds * SEARCHES_PER_SECOND)):
        time.sleep(max(0.0, began + number / SEARCHES_PER_SECOND - time.monotonic()))
        asked = time.perf_counter()
        stack.client.get("/search", q=queries[number % len(queries)], **FILTERS[number % len(FILTERS)])
        took.append(1000 * (time.perf_counter() - asked))
    return took


def _queries(items: Catalogue) -> list[str]:
    """What people asked of this catalogue, where that is at hand, and first words of titles."""
    asked = list(asked_queries().values())
    titles = [product["title"] for product in items.products.values()]
    texts = [title if isinstance(title, str) else next(iter(title.values())) for title in titles]
    drawn = random.Random(SEED)
    words = [" ".join(text.split()[:TITLE_WORDS]) for text in drawn.sample(texts, len(asked) or len(texts) // 100)]
    queries = [*asked, *words]
    drawn.shuffle(queries)
    return queries
