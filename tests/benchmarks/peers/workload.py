"""The events of the comparison, and the state that they must lead to."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tests.benchmarks.catalogue import Catalogue, retitled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PRICES, REVIEWS = 0.90, 0.08
"""The shares of the mix; the rest are new texts."""
PROBED_OF = 20
"""One item in so many is changed by probes alone."""
LATE, REPEATED, POISONED = 0.05, 0.05, 0.01
"""The shares of a disturbed run: events that come after a newer one, that come twice, that are no events."""
POISON = (b"{", b"[]", b'{"price": "cheap"}', b"\xff\xfe")


class Sent(NamedTuple):
    """A record of an input topic."""

    topic: str
    key: bytes
    value: bytes


@dataclass
class Expected:
    """The state of an item: the newest price and title, and how many reviews there are of it."""

    price: float | None = None
    title: str | None = None
    reviews: set[str] = field(default_factory=set)


class Workload:
    """Changes of a catalogue, each newer than the one before, and what they lead to."""

    def __init__(self, items: Catalogue, seed: int, *, began_at_ms: int) -> None:
        self._items = items
        self._random = random.Random(seed)
        self._at_ms = count(began_at_ms)
        self._number = count(1)
        numbered = list(enumerate(sorted(items.products)))
        self._ids = [product_id for number, product_id in numbered if number % PROBED_OF]
        self.probed = [product_id for number, product_id in numbered if not number % PROBED_OF]
        self.expected: dict[str, Expected] = defaultdict(Expected)
        self.touched: dict[str, None] = {}
        """The items that were changed since they were last seen to be right, the last changed one last."""

    def products(self) -> Iterator[Sent]:
        """Return the products of the catalogue."""
        for product_id, product in self._items.products.items():
            self._changed(product_id).title = shown_title(product["title"])
            yield _sent("products", product_id, product, next(self._at_ms))

    def mix(self, events: int) -> Iterator[Sent]:
        """Return 90% prices, 8% reviews and 2% new texts of random items."""
        return islice(self._mix(), events)

    def prices(self) -> Iterator[Sent]:
        """Return a new price of every item but those of probes."""
        return (self.price(product_id) for product_id in self._ids)

    def prices_without_end(self) -> Iterator[Sent]:
        """Return new prices of random items."""
        while True:
            yield self.price(self._random.choice(self._ids))

    def texts(self, events: int) -> Iterator[Sent]:
        """Return a new text of so many items."""
        return (self.text(product_id) for product_id in self._random.sample(self._ids, events))

    def disturbed(self, events: int) -> Iterator[Sent]:
        """Return the mix with late and repeated events among it, and with records that are no events."""
        return disturbed(list(self.mix(events)), self._random)

    def price(self, product_id: str) -> Sent:
        """Return a new price of an item."""
        price, at_ms = self._random.randrange(100, 200_000) / 100, next(self._at_ms)
        self._changed(product_id).price = price
        currency = self._items.currencies.get(product_id, "USD")
        return _sent("prices", product_id, {"price": f"{price:.2f}", "currency": currency}, at_ms)

    def review(self, product_id: str) -> Sent:
        """Return a new review of an item."""
        review_id = f"r{next(self._number)}"
        self._changed(product_id).reviews.add(review_id)
        body = {"review_id": review_id, "rating": self._random.randint(1, 5)}
        return _sent("reviews", product_id, body, next(self._at_ms))

    def text(self, product_id: str) -> Sent:
        """Return a new title of an item, with a word that no other text has."""
        product, at_ms = self._items.products[product_id], next(self._at_ms)
        title = retitled(product["title"], f"q{next(self._number)}x")
        self._changed(product_id).title = shown_title(title)
        return _sent("products", product_id, {**product, "title": title}, at_ms)

    def text_mix(self, events: int) -> Iterator[Sent]:
        """Return new texts of random items."""
        return (self.text(self._random.choice(self._ids)) for _ in range(events))

    def _changed(self, product_id: str) -> Expected:
        self.touched.pop(product_id, None)
        self.touched[product_id] = None
        return self.expected[product_id]

    def _mix(self) -> Iterator[Sent]:
        while True:
            share, product_id = self._random.random(), self._random.choice(self._ids)
            if share < PRICES:
                yield self.price(product_id)
            elif share < PRICES + REVIEWS:
                yield self.review(product_id)
            else:
                yield self.text(product_id)


def disturbed(events: Sequence[Sent], chosen: random.Random) -> Iterator[Sent]:
    """Return the events, some of them some hundred places later than they were, some twice, with poison between."""
    placed: list[tuple[float, Sent]] = []
    for place, event in enumerate(events):
        late = chosen.random() < LATE
        placed.append((place + (chosen.randrange(20, 400) if late else 0), event))
        if chosen.random() < REPEATED:
            placed.append((place + chosen.randrange(1, 400), event))
        if chosen.random() < POISONED:
            placed.append((place + 0.5, event._replace(value=chosen.choice(POISON))))
    placed.sort(key=lambda each: each[0])
    return (event for _, event in placed)


def shown_title(title: str | dict[str, str]) -> str:
    """Return the title that peers keep: the English one, or the first."""
    if isinstance(title, str):
        return title
    return title.get("en") or title[min(title)]


def _sent(topic: str, product_id: str, body: dict[str, Any], at_ms: int) -> Sent:
    value = orjson.dumps({"product_id": product_id, **body, "updated_at": at_ms})
    return Sent(topic, product_id.encode(), value)
