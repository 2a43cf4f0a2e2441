"""The measurements of a contestant: freshness at offered rates, a flood, new texts, and the state of the index
afterwards."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import numpy as np
from kafka import KafkaProducer

from schemas.errors import FreshlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from tests.benchmarks.peers.contestants import Item, Running
    from tests.benchmarks.peers.workload import Expected, Sent, Workload

PROBES_PER_SECOND, SEARCHES_PER_SECOND = 5.0, 10.0
POLL_INTERVAL_S, POLL_SHARE = 0.004, 0.05
"""A probe is looked for every 4 ms, and less often the longer it waits, so that looks do not slow who is late."""
SEEN_SECONDS_MAX = 30.0
"""A probe that is not visible by then counts with this time."""
QUIET_SECONDS_MAX = 120.0
"""The longest wait until all is as expected. What is wrong by then counts as wrong."""
LOOK_INTERVAL_S = 0.02
WATCHED = 10
"""The number of changed items, and of the last of them, that tell when it is time to look at all."""
THREADS = 16
NAP_S = 0.005


class Settled(NamedTuple):
    """The index of a contestant once nothing more is sent to it."""

    at_s: float
    """The monotonic time at which all was as expected, or at which the waiting ended."""
    processor_seconds: float
    """The processor seconds that it had used by then."""
    wrong: dict[str, int]
    """The number of wrong items by their first fault; empty once the index is the fold."""


class AtRate(NamedTuple):
    """The measurements at one offered rate. Times in ms, from when an event or a search was due, not from when it was
    sent."""

    offered_per_second: float
    sent_per_second: float
    fresh_p50_ms: float
    fresh_p99_ms: float
    fresh_p999_ms: float
    probes: int
    unseen: int
    """Probes that were not visible after 30 s."""
    search_p50_ms: float
    search_p95_ms: float
    processor_seconds_per_1000: float
    memory_mb: float
    behind_seconds: float
    """The seconds from the last event until all was visible."""
    load: float
    """The load of the machine in the minute before the end."""
    wrong: dict[str, int]


class Flood(NamedTuple):
    """The measurements of events that came at once, until all of them were visible."""

    events: int
    sent_per_second: float
    """The rate of the sender, above which no contestant can be seen to be."""
    per_second: float
    processor_seconds_per_1000: float
    load: float
    wrong: dict[str, int]


class Sender:
    """Sends events to the broker. Nothing waits for a confirmation."""

    def __init__(self, kafka: str) -> None:
        self._producer = KafkaProducer(bootstrap_servers=kafka, linger_ms=2)

    def send(self, sent: Sent) -> None:
        """Put an event into the producer's buffer."""
        self._producer.send(sent.topic, key=sent.key, value=sent.value)

    def send_now(self, sent: Sent) -> tuple[str, int, int]:
        """Send an event, and return its topic, partition and offset once the broker has confirmed it."""
        placed = self._producer.send(sent.topic, key=sent.key, value=sent.value).get()
        return placed.topic, placed.partition, placed.offset

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


def at_rate(
    running: Running,
    workload: Workload,
    events: Iterable[Sent],
    change: Callable[[str], Sent],
    queries: Sequence[str],
    per_second: float,
    seconds: float,
    searches_per_second: float = SEARCHES_PER_SECOND,
) -> AtRate:
    """Offer events at a rate; beside them searches, and probes, which `change` makes for a product_id."""
    sender, probing = Sender(running.place.kafka), Sender(running.place.kafka)
    used_s, began_s = running.processor_seconds(), time.monotonic()
    search_ms: list[float] = []
    with ThreadPoolExecutor(THREADS) as pool:
        load = pool.submit(sender.send_all, events, per_second)
        asked = pool.submit(_search, running, queries, began_s, seconds, searches_per_second, search_ms)
        probes = _probe(running, workload, change, probing, pool, began_s, seconds)
        sent = load.result() + len(probes)
        sent_s = time.monotonic() - began_s
        asked.result()
        fresh_ms = [probe.result() for probe in probes]
    for each in (sender, probing):
        each.close()
    settled = until_settled(running, workload)
    return AtRate(
        offered_per_second=per_second,
        sent_per_second=sent / sent_s,
        fresh_p50_ms=_percentile(fresh_ms, 50),
        fresh_p99_ms=_percentile(fresh_ms, 99),
        fresh_p999_ms=_percentile(fresh_ms, 99.9),
        probes=len(fresh_ms),
        unseen=sum(each >= 1000 * SEEN_SECONDS_MAX for each in fresh_ms),
        search_p50_ms=_percentile(search_ms, 50),
        search_p95_ms=_percentile(search_ms, 95),
        processor_seconds_per_1000=1000 * (settled.processor_seconds - used_s) / sent,
        memory_mb=running.memory_mb(),
        behind_seconds=max(0.0, settled.at_s - began_s - sent_s),
        load=os.getloadavg()[0],
        wrong=settled.wrong,
    )


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def flood(running: Running, workload: Workload, events: Iterable[Sent]) -> Flood:
    """Send events as fast as the broker takes them, and wait until all of them are visible."""
    ready = list(events)  # The sender is not to wait for the making of them.
    sender = Sender(running.place.kafka)
    used_s, began_s = running.processor_seconds(), time.monotonic()
    sent = sender.send_all(ready)
    sent_s = time.monotonic() - began_s
    sender.close()
    settled = until_settled(running, workload)
    return Flood(
        events=sent,
        sent_per_second=sent / sent_s,
        per_second=sent / (settled.at_s - began_s),
        processor_seconds_per_1000=1000 * (settled.processor_seconds - used_s) / sent,
        load=os.getloadavg()[0],
        wrong=settled.wrong,
    )


def until_settled(running: Running, workload: Workload, *, seconds_max: float = QUIET_SECONDS_MAX) -> Settled:
    """Wait until every item that was changed since the last time is as expected, with its vector.

    Some of them tell when it is time to look at all. The reads of that look are not counted, unless it finds an item
    that is not right yet.
    """
    changed, until_s = list(workload.touched), time.monotonic() + seconds_max
    watched = changed[:: max(1, len(changed) // WATCHED)] + changed[-WATCHED:]
    with running.asking() as ask:

        def wrong(product_ids: Iterable[str]) -> dict[str, str]:
            found = ((each, what_is_wrong(workload.expected[each], running.item(ask, each))) for each in product_ids)
            return {each: what for each, what in found if what is not None}

        for product_id in watched:
            while wrong([product_id]) and time.monotonic() < until_s:
                time.sleep(LOOK_INTERVAL_S)
        at_s, used_s = time.monotonic(), running.processor_seconds()
        while left := wrong(changed):
            changed, at_s, used_s = list(left), time.monotonic(), running.processor_seconds()
            if at_s > until_s:
                return Settled(at_s, used_s, dict(Counter(left.values())))
            time.sleep(LOOK_INTERVAL_S)
    workload.touched.clear()
    return Settled(at_s, used_s, {})


def what_is_wrong(expected: Expected, item: Item | None) -> str | None:
    """Return the first thing of an item that is not as expected; None if all is."""
    if item is None:
        return "missing"
    checked = {
        "price": expected.price is None or item.price == expected.price,
        "title": expected.title is None or item.title == expected.title,
        "reviews": item.reviews == len(expected.reviews),
        "vector": item.is_embedded,
    }
    return next((what for what, is_right in checked.items() if not is_right), None)


def _probe(
    running: Running,
    workload: Workload,
    change: Callable[[str], Sent],
    sender: Sender,
    pool: ThreadPoolExecutor,
    began_s: float,
    seconds: float,
) -> list[Future[float]]:
    """Change an item five times a second, and let a thread of the pool look for each change."""
    probes = []
    for number in range(round(seconds * PROBES_PER_SECOND)):
        due_s = began_s + number / PROBES_PER_SECOND
        time.sleep(max(0.0, due_s - time.monotonic()))
        product_id = workload.probed[number % len(workload.probed)]
        sender.send(change(product_id))
        wanted = workload.expected[product_id]
        probes.append(pool.submit(_look, running, product_id, wanted, due_s))
    return probes


def _look(running: Running, product_id: str, wanted: Expected, due_s: float) -> float:
    """Return the ms until an item is as expected, at most those of the longest wait."""
    with running.asking() as ask:
        while time.monotonic() - due_s < SEEN_SECONDS_MAX:
            if what_is_wrong(wanted, running.item(ask, product_id)) is None:
                break
            time.sleep(max(POLL_INTERVAL_S, POLL_SHARE * (time.monotonic() - due_s)))
    return 1000 * min(time.monotonic() - due_s, SEEN_SECONDS_MAX)


def _search(
    running: Running,
    queries: Sequence[str],
    began_s: float,
    seconds: float,
    per_second: float,
    search_ms: list[float],
) -> None:
    with running.asking() as ask:
        for number in range(round(seconds * per_second)):
            due_s = began_s + number / per_second
            time.sleep(max(0.0, due_s - time.monotonic()))
            status, _ = ask(f"/search?q={quote(queries[number % len(queries)])}")
            if status != 200:
                raise FreshlineError(f"{running.contestant.name} answers a search with {status}")
            search_ms.append(1000 * (time.monotonic() - due_s))
