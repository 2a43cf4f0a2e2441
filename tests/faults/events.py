"""The events of a run: the demo's real data, seeded.

They are shuffled within bounds. Some are sent twice, some a minute late, some come from clocks an hour off, some go to
the wrong partition, and some are poisoned.
"""

from __future__ import annotations

import random
import time
import zlib
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import orjson

from stream.demo import clothing, electronics, hongkong
from stream.demo.rows import rows
from stream.kafka.headers import EVENT_TIME
from stream.kafka.partitions import partition_of
from tests.faults.poison import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent

HK_ONE_IN = 4
"""One product of Hong Kong in so many takes part."""
ELECTRONICS = 80
REVIEWS = 400
ATTRIBUTES_MAX = 30
NEVER_COMES = "C-parked"
DISTANCE = 200
"""The number of events that a shuffled event may be from its place."""
LATE_EVENTS = 7_200
"""The number of events that a late event may be from its place: a minute, at the 120 events/s of a stack under `up`."""
TWICE_SHARE, LATE_SHARE, MISROUTED_SHARE, POISON_SHARE = 0.08, 0.01, 0.01, 0.01
LIVE_EVERY = 3
"""One change in so many is of electronics and reviews, the others are of Hong Kong."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ROUND_MS = 200 * DAY_MS // 20
"""The time of one round of Hong Kong's 160 days at twenty times their pace; the next round begins after it."""
VERSIONS_A_ROUND = 1_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """A record to send, and its meaning."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: tuple[tuple[str, bytes], ...] = ()
    means: dict[str, Any] | None = None
    """The event as the oracle gets it; None for a poisoned one."""
    reason: str | None = None
    """Words of the reason with which a poisoned event must be in the dead letters."""


class Source:
    """The source of all events of one seed."""

    def __init__(self, seed: int, partitions: int) -> None:
        self.rng = random.Random(seed)
        self._partitions = partitions
        self._began_ms = time.time_ns() // 1_000_000
        self._ticks, self._ticks_aside = count(1), count(1)
        self._clock_offsets_ms = (0, 0, 0, -HOUR_MS, HOUR_MS)
        self._poisons = 0
        self._electronics = list(islice(electronics.events(rows("electronics_products")), 2 * ELECTRONICS))
        self._reviews = list(islice(clothing.reviews(rows("reviews_clothing")), REVIEWS))
        self._worn = {key for _, key, _ in self._reviews}

    def catalogue(self) -> list[Made]:
        """Yield the products and offers that are sent before the changes begin."""
        events = [event for event in hongkong.snapshot(rows("hk_snapshot_start")) if _chosen(event[1])]
        made = [self._made(topic, key, _compressed(body, 0)) for topic, key, body in events]
        clothes = [event for event in clothing.products(rows("reviews_clothing")) if event[1] in self._worn]
        live = [*self._electronics, *clothes, *self._reviews[::2], *self._never_named()]
        made += [self._made(topic, key, self._stamped(_plain(body))) for topic, key, body in live]
        self.rng.shuffle(made)
        return made

    def changes(self) -> Iterator[Made]:
        """Yield disordered changes without end."""
        window: list[tuple[float, int, Made]] = []
        position = 0.0
        for number, made in enumerate(self._ordered()):
            position = float(number)
            window.append((position + self._distance(), number, made))
            if self.rng.random() < TWICE_SHARE:
                window.append((position + self.rng.uniform(0, 8 * DISTANCE), -number, made))
            if number % DISTANCE == 0:
                window.sort(key=lambda each: each[:2])
                ready = sum(at <= position for at, _, _ in window)
                yield from (each for _, _, each in window[:ready])
                del window[:ready]

    def probe(self, number: int) -> Made:
        """Return a price that no other event has, to see when it is searchable."""
        product_id = self._electronics[0][1]
        body = {"product_id": product_id, "seller": "probe", "price": f"{number}.50", "currency": "USD"}
        return self._aside("prices", product_id, body)

    def product(self, product_id: str, title: str) -> Made:
        """Return a new product."""
        return self._aside("products", product_id, {"product_id": product_id, "title": title})

    def _distance(self) -> float:
        return self.rng.uniform(0, LATE_EVENTS if self.rng.random() < LATE_SHARE else DISTANCE)

    def _ordered(self) -> Iterator[Made]:
        live = self._live()
        for number, (topic, key, body) in enumerate(_rounds()):
            yield self._made(topic, key, body)
            if number % LIVE_EVERY == 0:
                yield next(live)
            if self.rng.random() < POISON_SHARE:
                yield self._poison()

    def _made(self, topic: str, key: str, body: dict[str, Any]) -> Made:
        partition = partition_of(key.encode(), self._partitions)
        if self.rng.random() < MISROUTED_SHARE:
            partition = self.rng.randrange(self._partitions)
        return Made(topic, key.encode(), orjson.dumps(body), partition, means=body)

    def _poison(self) -> Made:
        kind = KINDS[self._poisons % len(KINDS)]
        self._poisons += 1
        return Made(kind.topic, kind.key, kind.value(), self.rng.randrange(self._partitions), reason=kind.reason)

    def _aside(self, topic: str, key: str, body: dict[str, Any]) -> Made:
        """Return an event beside the changes, which stay the same however many of these are made. No other event has
        its time."""
        body = body | {"updated_at": self._began_ms + 10 * next(self._ticks_aside) + 5}
        return Made(topic, key.encode(), orjson.dumps(body), partition_of(key.encode(), self._partitions), means=body)

    def _stamped(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body with a time that no other event has."""
        offset = self.rng.choice(self._clock_offsets_ms)
        return body | {"updated_at": self._began_ms + 10 * next(self._ticks) + offset}

    def _never_named(self) -> Iterator[DemoEvent]:
        yield "prices", NEVER_COMES, {"product_id": NEVER_COMES, "price": "12.50", "currency": "USD"}
        yield "reviews", NEVER_COMES, {"product_id": NEVER_COMES, "review_id": "r1", "rating": 4}

    def _live(self) -> Iterator[Made]:
        """Yield changes of electronics, clothes and their reviews."""
        rest = iter(self._reviews[1::2])
        products = [event for event in self._electronics if event[0] == "products"]
        while True:
            topic, key, body = self.rng.choice(products)
            review = self.rng.choice(self._reviews)
            match self.rng.randrange(9):
                case 0:
                    words = self.rng.sample(str(body["title"]).split(), k=1)
                    yield self._made(
                        topic, key, self._stamped(_plain(body) | {"title": f"{body['title']} {words[0]} new"})
                    )
                case 1:
                    stock = self.rng.choice(["in_stock", "out_of_stock", "preorder"])
                    yield self._made(
                        topic, key, self._stamped({"product_id": key, "op": "patch", "availability": stock})
                    )
                case 2:
                    yield self._gone(topic, key)
                case 3:
                    yield self._made(topic, key, self._stamped(_plain(body)))
                case 4:
                    yield self._made("prices", key, self._stamped(self._sale(key)))
                case 5:
                    yield self._made(*review[:2], self._stamped(_review(review[2], {"op": "delete"})))
                case 6:
                    rating = {"op": "patch", "rating": self.rng.randint(1, 5)}
                    yield self._made(*review[:2], self._stamped(_review(review[2], rating)))
                case 7:
                    _, worn, told = next(rest, review)
                    yield self._made("reviews", worn, self._stamped(told))
                case _:
                    price = f"{self.rng.uniform(5, 900):.2f}"
                    offer = {"product_id": key, "price": price, "currency": "USD"}
                    yield self._made("prices", key, self._stamped(offer))

    def _gone(self, topic: str, key: str) -> Made:
        """Return a delete; half of them are a null record, whose time is in its header.

        A null record from a clock that is an hour ahead would be a dead letter.
        """
        body = self._stamped({"product_id": key, "op": "delete"})
        if self.rng.random() < 0.5 or body["updated_at"] > self._began_ms + HOUR_MS // 2:
            return self._made(topic, key, body)
        headers = ((EVENT_TIME, str(body["updated_at"]).encode()),)
        return Made(topic, key.encode(), None, partition_of(key.encode(), self._partitions), headers, means=body)

    def _sale(self, key: str) -> dict[str, Any]:
        """Return a sale window that is open, over or to come, and at times about to turn."""
        now_ms = time.time_ns() // 1_000_000
        starts = now_ms + self.rng.choice([-DAY_MS, -DAY_MS, DAY_MS, 3_000])
        ends = max(starts + 2_000, now_ms + self.rng.choice([-HOUR_MS, 5_000, DAY_MS]))
        price = round(self.rng.uniform(50, 900), 2)
        return {
            "product_id": key,
            "seller": self.rng.choice(["outlet", "market"]),
            "price": str(price),
            "currency": "USD",
            "sale_price": str(round(price * 0.8, 2)),
            "sale_starts_at": starts,
            "sale_ends_at": ends,
        }


def _rounds() -> Iterator[DemoEvent]:
    for number in count():
        for topic, key, body in hongkong.changes(rows("hk_events")):
            if _chosen(key):
                yield topic, key, _compressed(body, number)


def _chosen(product_id: str) -> bool:
    return zlib.crc32(product_id.encode()) % HK_ONE_IN == 0


def _compressed(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the time twenty times faster, so that many rounds lie in the past, each later and of higher versions."""
    first_ms = 1_666_400_000_000
    at_ms = first_ms + (_ms(body["updated_at"]) - first_ms) // 20 + number * ROUND_MS
    return body | {"updated_at": at_ms, "version": body["version"] + number * VERSIONS_A_ROUND}


def _ms(time_of_source: str | int) -> int:
    from schemas.event_numbers import milliseconds

    return milliseconds(time_of_source)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that are shown as they are sent."""
    if "attributes" not in body:
        return body
    simple = (
        (name, value)
        for name, value in body["attributes"].items()
        if isinstance(value, str | int | float | bool) and len(str(value)) < 60 and len(name) < 40
    )
    return body | {"attributes": dict(islice(simple, ATTRIBUTES_MAX))}


def _review(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    return {"product_id": body["product_id"], "review_id": body["review_id"], **change}


def bodies(made: Iterable[Made]) -> list[tuple[str, dict[str, Any]]]:
    """Return the input of the oracle: topic and body of each event that is not poisoned."""
    return [(each.topic, each.means) for each in made if each.means is not None]
