"""What is measured of a contestant: freshness at offered rates, a flood, new texts, and what is right afterwards."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np
from kafka import KafkaProducer

from schemas.errors import FreshlineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.peers.contestants import Item, Running
    from tests.benchmarks.peers.workload import Expected, Sent, Workload

PROBES_PER_SECOND, SEARCHES_PER_SECOND = 5.0, 10.0
POLL_INTERVAL_S = 0.004
SEEN_SECONDS_MAX = 30.0
"""A probe that is not visible by then counts with this time."""
QUIET_SECONDS_MAX = 240.0
"""The longest wait until all is as expected. What is wrong by then counts as wrong."""
LOOK_INTERVAL_S = 0.1
THREADS = 16
NAP_S = 0.005


class AtRate(NamedTuple):
    """What was seen at one offered rate. Times in ms, from when an event or a search was due, not from when it was
    sent."""

    offered_per_second: float
    sent_per_second: float
    fresh_p50_ms: float
    fresh_p99_ms: float
    fresh_p999_ms: float
    unseen: int
    """Probes that were not visible after 30 s."""
    search_p50_ms: float
    search_p95_ms: float
    processor_seconds_per_1000: float
    memory_mb: float


class Flood(NamedTuple):
    """What was seen of events that came at once."""

    events: int
    per_second: float
    processor_seconds_per_1000: float


class Sender:
    """Sends events to the broker. Nothing waits for a confirmation."""

    def __init__(self, kafka: str) -> None:
        self._producer = KafkaProducer(bootstrap_servers=kafka, linger_ms=2)

    def send(self, sent: Sent) -> None:
        """Put an event into the producer's buffer."""
        self._producer.send(sent.topic, key=sent.key, value=sent.value)

    def send_all(self, events: Iterable[Sent], per_second: float | None = None) -> int:
        """Send all events, at a rate if one is given, and wait for the confirmations; return how many they were."""
        began_s, number = time.monotonic(), 0
        for number, sent in enumerate(events, 1):
            if per_second is not None and (early_s := began_s + number / per_second - time.monotonic()) > NAP_S:
                time.sleep(early_s)
            self.send(sent)
        self._producer.flush()
        return number

    def close(self) -> None:
        """Close the producer."""
        self._producer.close()


def at_rate(running: Running, workload: Workload, queries: Sequence[str], per_second: float, seconds: float) -> AtRate:
    """Offer the mix at a rate, with probes and searches beside it."""
    sender, probing = Sender(running.place.kafka), Sender(running.place.kafka)
    used_s, began_s = running.processor_seconds(), time.monotonic()
    fresh_ms: list[float] = []
    search_ms: list[float] = []
    with ThreadPoolExecutor(THREADS) as pool:
        load = pool.submit(sender.send_all, workload.mix(round(per_second * seconds)), per_second)
        asked = pool.submit(_search, running, queries, began_s, seconds, search_ms)
        probes = _probe(running, workload, probing, pool, began_s, seconds, fresh_ms)
        events = load.result()
        sent_s = time.monotonic() - began_s
        asked.result()
        for probe in probes:
            probe.result()
    events += len(fresh_ms)
    used_s = running.processor_seconds() - used_s
    for each in (sender, probing):
        each.close()
    return AtRate(
        offered_per_second=per_second,
        sent_per_second=events / sent_s,
        fresh_p50_ms=_percentile(fresh_ms, 50),
        fresh_p99_ms=_percentile(fresh_ms, 99),
        fresh_p999_ms=_percentile(fresh_ms, 99.9),
        unseen=sum(each >= 1000 * SEEN_SECONDS_MAX for each in fresh_ms),
        search_p50_ms=_percentile(search_ms, 50),
        search_p95_ms=_percentile(search_ms, 95),
        processor_seconds_per_1000=1000 * used_s / events,
        memory_mb=running.memory_mb(),
    )


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def flood(running: Running, workload: Workload, events: Iterable[Sent]) -> Flood:
    """Send events as fast as the broker takes them, and wait until the last price of each item is shown."""
    sender = Sender(running.place.kafka)
    used_s, began_s = running.processor_seconds(), time.monotonic()
    sent = sender.send_all(events)
    sender.close()
    until_right(running, workload.expected)
    seconds = time.monotonic() - began_s
    return Flood(sent, sent / seconds, 1000 * (running.processor_seconds() - used_s) / sent)


def until_right(running: Running, expected: dict[str, Expected]) -> list[str]:
    """Wait until every item is as expected, with its vector; return those that are not in the end."""
    left, until_s = list(expected), time.monotonic() + QUIET_SECONDS_MAX
    with running.asking() as ask:
        while left:
            # The items that are seen to be right stay right: nothing is sent meanwhile. A few tell when to look again.
            still = [each for each in left[:20] if not _is_right(expected[each], running.item(ask, each))]
            if not still:
                left = [each for each in left if not _is_right(expected[each], running.item(ask, each))]
            if time.monotonic() > until_s:
                return left
            time.sleep(LOOK_INTERVAL_S if left else 0)
    return []


def _is_right(expected: Expected, item: Item | None) -> bool:
    if item is None:
        return False
    price = expected.price is None or item.price == expected.price
    title = expected.title is None or item.title == expected.title
    return price and title and item.is_embedded and item.reviews == len(expected.reviews)


def _probe(
    running: Running,
    workload: Workload,
    sender: Sender,
    pool: ThreadPoolExecutor,
    began_s: float,
    seconds: float,
    fresh_ms: list[float],
) -> list[Any]:
    """Change the price of an item five times a second, and let a thread of the pool look for each."""
    probes = []
    for number in range(round(seconds * PROBES_PER_SECOND)):
        due_s = began_s + number / PROBES_PER_SECOND
        time.sleep(max(0.0, due_s - time.monotonic()))
        product_id = workload.probed[number % len(workload.probed)]
        sender.send(workload.price(product_id))
        wanted = workload.expected[product_id].price
        probes.append(pool.submit(_look, running, product_id, wanted, due_s, fresh_ms))
    return probes


def _look(running: Running, product_id: str, wanted: float | None, due_s: float, fresh_ms: list[float]) -> None:
    with running.asking() as ask:
        while time.monotonic() - due_s < SEEN_SECONDS_MAX:
            item = running.item(ask, product_id)
            if item is not None and item.price == wanted:
                break
            time.sleep(POLL_INTERVAL_S)
    fresh_ms.append(1000 * min(time.monotonic() - due_s, SEEN_SECONDS_MAX))


def _search(running: Running, queries: Sequence[str], began_s: float, seconds: float, search_ms: list[float]) -> None:
    with running.asking() as ask:
        for number in range(round(seconds * SEARCHES_PER_SECOND)):
            due_s = began_s + number / SEARCHES_PER_SECOND
            time.sleep(max(0.0, due_s - time.monotonic()))
            status, _ = ask(f"/search?q={quote(queries[number % len(queries)])}")
            if status != 200:
                raise FreshlineError(f"{running.contestant.name} answers a search with {status}")
            search_ms.append(1000 * (time.monotonic() - due_s))
