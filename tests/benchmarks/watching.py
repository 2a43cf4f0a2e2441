"""The cost, in processor time and without an index, of comparing an event with 10,000 watches."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING, Any, cast

import orjson

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemState
from schemas.queries import Filters
from schemas.watches import WatchRecord
from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal
from workers.clock import SystemClock
from workers.index.layout import HEAD_FIELDS, complete_payload
from workers.index.writes import Patch, Upsert
from workers.lanes.alert_raising import AlertRaiser, ChangedPoint
from workers.lanes.sinks import Sinks
from workers.point import payload
from workers.query_gate import QueryGate
from workers.state.fold import fold
from workers.state.projection import content
from workers.watches.watch import counting_words, watch_of
from workers.watches.watch_set import WatchSet
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from schemas.points import Payload
    from workers.index.writes import Write
    from workers.watches.watch import Watch

WATCHES, ITEMS, EVENTS = 10_000, 2_000, 500
NOW_MS, CHANGED_MS = 1_900_000_000_000, 1_800_000_000_000
OF_PRODUCT, WITH_PRICE = 0.3, 0.6
"""The share of watches that are about one product, and of the others the share that has a highest price."""
CURRENCY = "USD"
P99_GOAL = Goal(2.0)


def measure() -> tuple[list[Figure], dict[str, Any]]:
    """Return the processor time of an event by its kind: the mean, the 50th and the 99th percentile."""
    found = _measured()
    figures = [
        Figure(f"{WATCHES:,} watches, {event}, {name}", times[name], "ms", P99_GOAL if name == "p99" else None)
        for event, times in found.items()
        for name in times
    ]
    return figures, {"by_event": found, "load_after": os.getloadavg()}


class _Serving:
    def serves(self, collection: str) -> bool:
        return True


def _measured() -> dict[str, dict[str, float]]:
    chosen = random.Random(1)
    points = _points(chosen)
    watches = WatchSet()
    for each in _watches(chosen, points):
        watches.put(each)
    raiser = AlertRaiser(watches, "items", serving=_Serving(), clock=SystemClock(), sink=Sinks(), gate=QueryGate())
    changes: dict[str, Callable[[Payload], ChangedPoint]] = {
        "price falls": lambda point: _priced(point, 1 - chosen.uniform(0.01, 0.3)),
        "price rises": lambda point: _priced(point, 1 + chosen.uniform(0.01, 0.3)),
        "new item": lambda point: ChangedPoint(_whole(point), None, True),
        "new text": lambda point: ChangedPoint(_whole(_retitled(point, chosen.choice(points))), point, False),
    }
    found = {}
    for name, change in changes.items():
        events = [change(chosen.choice(points)) for _ in range(EVENTS)]
        found[name] = _spread(_times(raiser, points, events))
    return found


def _points(chosen: random.Random) -> list[Payload]:
    products = list(catalogue().products.items())
    return [_point(*each, chosen) for each in chosen.sample(products, ITEMS)]


def _point(product_id: str, product: dict[str, Any], chosen: random.Random) -> Payload:
    offer = {
        "product_id": product_id,
        "price": round(chosen.uniform(1, 900), 2),
        "currency": CURRENCY,
        "updated_at": CHANGED_MS,
    }
    state = ItemState(product_id)
    for topic, body in (("products", product | {"updated_at": CHANGED_MS}), ("prices", offer)):
        parsed = parse(topic, product_id.encode(), orjson.dumps(body), arrived_at_ms=NOW_MS, event_time_ms=None)
        state = fold(state, parsed)
    shown = content(state, NO_REVIEWS, partition=0, now_ms=NOW_MS, shop_currency=None)
    return payload.payload(shown, 1, payload.NO_VECTOR, {"product": 1, "price": 1, "reviews": None})


def _watches(chosen: random.Random, points: Sequence[Payload]) -> Iterable[Watch]:
    for number in range(WATCHES):
        point = chosen.choice(points)
        price = round((point["price"] or 1.0) * chosen.uniform(0.7, 1.1), 2)
        bounded = Filters(max_price=price, currency=CURRENCY)
        about: dict[str, Any] = {"owner": f"u-{number}", "created_at_ms": 0, "expires_at_ms": NOW_MS * 2}
        if chosen.random() < OF_PRODUCT:
            record = WatchRecord(product_id=point["product_id"], filters=bounded, **about)
        else:
            words = counting_words(next(iter(point["title"].values())))
            asked = " ".join(chosen.sample(words, min(len(words), chosen.randint(1, 3))))
            record = WatchRecord(q=asked, filters=bounded if chosen.random() < WITH_PRICE else Filters(), **about)
        yield watch_of(str(number), record)


def _priced(point: Payload, factor: float) -> ChangedPoint:
    price = round((point["price"] or 1.0) * factor, 2)
    head = complete_payload({name: value for name, value in point.items() if name in HEAD_FIELDS})
    return ChangedPoint(Patch(point["product_id"], 1, 2, {"version": 2, "price": price}), head, False)


def _retitled(point: Payload, other: Payload) -> Payload:
    return cast("Payload", {**point, "title": other["title"]})


def _whole(point: Payload) -> Write:
    return Upsert(point["product_id"], 2, point, item_words(point), None)


def _times(raiser: AlertRaiser, points: Sequence[Payload], events: Sequence[ChangedPoint]) -> list[float]:
    """Return the processor time of each event, in ms."""
    whole = {point["product_id"]: point for point in points}

    async def read(product_ids: Sequence[str]) -> dict[str, Payload]:
        return {each: whole[each] for each in product_ids}

    async def compare() -> list[float]:
        times = []
        for each in events:
            began_s = time.process_time()
            await raiser.with_alerts([each], read)
            times.append(1000 * (time.process_time() - began_s))
        return times

    return asyncio.run(compare())


def _spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "mean": round(sum(ordered) / len(ordered), 3),
        "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[len(ordered) * 99 // 100], 3),
    }
