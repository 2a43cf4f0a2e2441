"""The time until search shows an event at 50 events a second, as the stack measures it and as a client sees it."""

from __future__ import annotations

import time
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.items import SHOP
from stream.kafka.cluster import Cluster
from stream.kafka.producer import Producer
from stream.progress.histograms import since
from tests.benchmarks import load
from tests.benchmarks.catalogue import Mix, catalogue
from tests.benchmarks.figures import Figure, Goal, repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from schemas.answers import Hit
    from stream.demo.rows import DemoEvent
    from stream.progress.histograms import BucketCounts, Histograms
    from tests.benchmarks.running import Running

PER_SECOND, PROBES_PER_SECOND = 50.0, 5.0
"""The probes are among the fifty events a second."""
TEXT_EVERY = 10
"""One probe in so many is a new text."""
TEXT_PAUSE_S = 1.0
WARM_SECONDS = 5.0
WINDOW_SECONDS, WINDOWS = 20.0, 3
HITS = 3
"""The nearest vector and the one item with the word rank equally high: either may come first."""
WAIT_MS = 30_000
"""The longest wait that the API grants."""
LOOK_INTERVAL_S = 0.002
SEED = 77

GOALS_MS = {
    ("price", 0.5): 20.0,
    ("price", 0.99): 100.0,
    ("product", 0.5): 30.0,
    ("vector", 0.5): 80.0,
    ("vector", 0.99): 300.0,
}
NAMES = {"price": "price", "product": "new text by its words", "vector": "new text by its vector", "reviews": "review"}


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Return figures in ms, each the median of three windows of twenty seconds; p99 is that of the whole minute."""
    seconds = WARM_SECONDS + WINDOWS * WINDOW_SECONDS
    with closing(Probes(stack)) as probes:
        offered = sender.submit(load.offer, stack.kafka, PER_SECOND - PROBES_PER_SECOND, seconds)
        probes.run(WARM_SECONDS)
        probes.forget()
        marks = [stack.freshness()]
        for _ in range(WINDOWS):
            probes.run(WINDOW_SECONDS)
            marks.append(stack.freshness())
    sent = offered.result()
    figures = [*within(marks), *probes.figures()]
    events = {facet: counts.observations for facet, counts in since(marks[-1], marks[0]).items()}
    return figures, {"events": events, "events_per_second": round(sent.events / sent.seconds + PROBES_PER_SECOND, 1)}


def of_prices(stack: Running, sender: Executor) -> BucketCounts:
    """Return the freshness of the prices among fifty events a second over twenty seconds, in seconds."""
    before = stack.freshness()
    sender.submit(load.offer, stack.kafka, PER_SECOND, WINDOW_SECONDS).result()
    stack.until_quiet(vectors=False)
    return since(stack.freshness(), before)["price"]


def within(marks: Sequence[Histograms]) -> list[Figure]:
    """Return by facet, in ms: p50 of each window, p99 over all of them."""
    windows = [since(after, before) for before, after in pairwise(marks)]
    whole = since(marks[-1], marks[0])
    figures = []
    for facet, name in NAMES.items():
        for quantile in (0.5, 0.99):
            values = [1000 * window[facet].quantile(quantile) for window in windows]
            figure = repeated(f"{name}, p{100 * quantile:.0f}", values, "ms", _goal(facet, quantile))
            # Of a hundredth of twenty seconds' events there is too little.
            whole_ms = 1000 * whole[facet].quantile(quantile)
            figures.append(figure if quantile == 0.5 else figure._replace(value=whole_ms))
    return figures


def _goal(facet: str, quantile: float) -> Goal | None:
    bound_ms = GOALS_MS.get((facet, quantile))
    return None if bound_ms is None else Goal(bound_ms)


class Probes:
    """A client that sends a change and searches `after` it; it measures from before the sending to the answer with the
    change."""

    def __init__(self, stack: Running) -> None:
        self._stack = stack
        self._producer = Producer(Cluster(stack.kafka))
        self._mix = Mix(catalogue(), SEED, probes=True)
        self._sent = 0
        self.forget()

    def run(self, seconds: float) -> None:
        """Send five probes a second."""
        began = time.monotonic()
        for number in range(round(seconds * PROBES_PER_SECOND)):
            time.sleep(max(0.0, began + number / PROBES_PER_SECOND - time.monotonic()))
            self._sent += 1
            self._text() if self._sent % TEXT_EVERY == 0 else self._price()
        time.sleep(max(0.0, began + seconds - time.monotonic()))

    def run_texts(self, number: int) -> None:
        """Send so many new texts, each a second after the one before was found by its vector."""
        for _ in range(number):
            self._text()
            time.sleep(TEXT_PAUSE_S)

    def forget(self) -> None:
        """Forget the probes so far, which only warmed up the stack."""
        self.seen_ms: dict[str, list[float]] = {"price": [], "product": [], "vector": []}

    def close(self) -> None:
        """Close the connection to the broker."""
        self._producer.close()

    def figures(self) -> list[Figure]:
        """Return the percentiles in ms."""
        return [
            Figure(f"{NAMES[facet]}, as a client sees it, p{quantile}", float(np.percentile(seen, quantile)), "ms")
            for facet, seen in self.seen_ms.items()
            for quantile in (50, 95)
        ]

    def _price(self) -> None:
        event = self._mix.price()
        wanted = float(event[2]["price"])
        self._seen("price", event, event[1], lambda hit: _shop_price(hit) == wanted)

    def _text(self) -> None:
        event = self._mix.text()
        title = event[2]["title"]
        word = (title if isinstance(title, str) else next(iter(title.values()))).rpartition(" ")[2]
        began = self._seen("product", event, word, lambda hit: hit.product_id == event[1])
        while not self._stack.client.item(product_id=event[1]).indexed.vector_is_current:
            time.sleep(LOOK_INTERVAL_S)
        self.seen_ms["vector"].append(1000 * (time.perf_counter() - began))

    def _seen(self, facet: str, event: DemoEvent, query: str, shows: Callable[[Hit], bool]) -> float:
        began = time.perf_counter()
        token = self._producer.send_now(load.record(event))
        answer = self._stack.client.search(q=query, limit=HITS, after=str(token), wait_ms=WAIT_MS)
        self.seen_ms[facet].append(1000 * (time.perf_counter() - began))
        if not answer.fresh or not any(map(shows, answer.hits)):
            raise AssertionError(f"{query!r} does not show {event} after {token}: {answer}")
        return began


def _shop_price(hit: Hit) -> float | None:
    own = [offer.price for offer in hit.offers if offer.seller == SHOP]
    return own[0] if own else None
