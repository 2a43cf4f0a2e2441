"""20,000 items, and changes of them in the mix that the goals are stated for."""

from __future__ import annotations

import random
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from stream.demo import electronics, hongkong
from stream.demo.rows import rows
from tests.oracle.hongkong import rows as rows_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
"""The folder of the whole catalogue, if it lies beside the repository."""
ITEMS = 20_000
PRICES, REVIEWS = 0.80, 0.15
"""The shares of the mix; the rest are new texts."""
PROBED_OF = 20
EDITIONS = ("Compact", "Silver", "Walnut", "Outdoor", "Refurbished", "Studio", "Travel", "Limited", "Classic", "Pro")


class Catalogue(NamedTuple):
    """The items that a benchmark begins with."""

    source: str
    products: dict[str, dict[str, Any]]
    """The product events by product_id."""
    currencies: dict[str, str]
    offers: list[DemoEvent]

    @property
    def product_events(self) -> Iterator[DemoEvent]:
        """Return all events that are not about an offer."""
        return (("products", product_id, product) for product_id, product in self.products.items())


def catalogue(items: int = ITEMS) -> Catalogue:
    """Return so many items, by default 20,000: all of `electronics` where it lies beside the repository, filled up with
    Hong Kong's groceries, and with both again, as often as needed, each time with other titles.

    Otherwise they are the demo's items, repeated in the same way.
    """
    whole = SHARED / "electronics_products.jsonl.gz"
    if whole.exists():
        source = "electronics, whole; groceries"
        events = list(electronics.events(rows_of_file(whole)))
    else:
        source = "the demo's electronics and groceries, titles varied"
        events = list(electronics.events(rows("electronics_products")))
    return _of_events(source, _repeated([*events, *hongkong.snapshot(rows("hk_snapshot_start"))]), items)


def _repeated(events: list[DemoEvent]) -> Iterator[DemoEvent]:
    yield from events
    for number in count(1):
        for topic, product_id, event in events:
            copy_id = f"{product_id}-{number}"
            changed = {**event, "product_id": copy_id}
            if topic == "products":
                changed |= {"title": retitled(event["title"], f"{EDITIONS[number % len(EDITIONS)]} {number}")}
            yield topic, copy_id, changed


def _of_events(source: str, events: Iterable[DemoEvent], items: int) -> Catalogue:
    """Return the first items of the events, a product before its offers."""
    found = Catalogue(source, {}, {}, [])
    for topic, product_id, sourced in events:
        # The time of its record stamps it, as it does all that comes later.
        event = {name: value for name, value in sourced.items() if name not in ("updated_at", "version")}
        if topic == "products":
            if len(found.products) == items:
                break
            found.products[product_id] = event
        else:
            found.offers.append((topic, product_id, event))
            found.currencies[product_id] = event["currency"]
    return found


def first(items: int) -> Catalogue:
    """Return so many items of the catalogue."""
    whole = catalogue()
    return whole._replace(products=dict(islice(whole.products.items(), items)))


def asked_queries() -> dict[str, str]:
    """Return the queries that people asked of `electronics`, by query_id; empty if the file is not at hand."""
    file = SHARED / "electronics_queries.jsonl"
    asked = [orjson.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    return {row["query_id"]: row["query"] for row in asked}


class Mix:
    """Changes without end: 80% prices, 15% reviews, 5% new texts, of random items.

    One item in twenty is changed by probes alone, so that a probe finds what it wrote.
    """

    def __init__(self, items: Catalogue, seed: int, *, probes: bool = False) -> None:
        self._items = items
        self._random = random.Random(seed)
        numbered = enumerate(sorted(items.products))
        self._ids = [product_id for number, product_id in numbered if (number % PROBED_OF == 0) == probes]
        self._seed = seed
        self._count = count(1)

    def __iter__(self) -> Iterator[DemoEvent]:
        while True:
            share = self._random.random()
            yield self.price() if share < PRICES else self.review() if share < PRICES + REVIEWS else self.text()

    def events(self, most: int) -> Iterator[DemoEvent]:
        """Return the next `most` changes."""
        return islice(self, most)

    def price(self) -> DemoEvent:
        """Return another price of the shop's own offer."""
        product_id = self._random.choice(self._ids)
        price = f"{self._random.randrange(100, 200_000) / 100:.2f}"
        currency = self._items.currencies.get(product_id, "USD")
        return "prices", product_id, {"product_id": product_id, "price": price, "currency": currency}

    def review(self) -> DemoEvent:
        """Return a review that was not there before."""
        product_id, rating = self._random.choice(self._ids), self._random.randint(1, 5)
        review_id = f"{self._seed}-{next(self._count)}"
        return "reviews", product_id, {"product_id": product_id, "review_id": review_id, "rating": rating}

    def text(self, product_id: str | None = None) -> DemoEvent:
        """Return another title, of this or of some item. Its last word is in no other title."""
        product_id = product_id or self._random.choice(self._ids)
        product = self._items.products[product_id]
        title = retitled(product["title"], f"{self._random.choice(EDITIONS)} q{self._seed}x{next(self._count)}")
        return "products", product_id, {**product, "title": title}


def retitled(title: str | dict[str, str], words: str) -> str | dict[str, str]:
    """Return the title, in each language, with these words at its end."""
    if isinstance(title, str):
        return f"{title} {words}"
    return {language: f"{text} {words}" for language, text in title.items()}
