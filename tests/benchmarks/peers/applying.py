"""The code that a careful engineer writes in a day: keep the newest by time, patch or embed, write. Batches of any
size."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson

from tests.benchmarks.peers.model import text_of
from tests.benchmarks.peers.workload import shown_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tests.benchmarks.peers.model import Model


class Writes(Protocol):
    """The store that items are written to. `Store` is one, a table of PostgreSQL another."""

    def upsert(self, items: Sequence[tuple[Mapping[str, Any], NDArray[np.float32]]]) -> None:
        """Write whole items: payload and float32 `(dimension,)`."""

    def patch(self, patches: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Set fields of items."""


class Change(NamedTuple):
    """An event as the peers read it."""

    topic: str
    product_id: str
    body: dict[str, Any]
    at_ms: int


def parsed(topic: str, value: bytes | None) -> Change | None:
    """Return the event; None if it is none, which the peers pass over."""
    try:
        body = orjson.loads(value or b"")
        product_id, at_ms = body["product_id"], int(body["updated_at"])
        if topic == "prices":
            body["price"] = float(body["price"])
    except (ValueError, TypeError, KeyError):
        return None
    return Change(topic, product_id, body, at_ms)


class Shop:
    """The state that a peer keeps in memory, and the writes that follow from a batch of events."""

    def __init__(self, writes: Writes, model: Model, known: Iterable[Mapping[str, Any]]) -> None:
        """`known`: the items that are stored already, as payloads."""
        self._writes = writes
        self._model = model
        self._stored = {item["product_id"]: dict(item) for item in known}
        self._newest: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._reviews: defaultdict[str, set[str]] = defaultdict(set)

    def apply(self, changes: Iterable[Change | None]) -> None:
        """Write the effects of these events."""
        patches: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        products: dict[str, dict[str, Any]] = {}
        for change in changes:
            if change is None:
                continue
            if change.topic == "reviews":
                self._reviews[change.product_id].add(change.body["review_id"])
                patches[change.product_id]["reviews"] = len(self._reviews[change.product_id])
            elif self._is_newest(change) and change.topic == "prices":
                patches[change.product_id] |= {"price": change.body["price"], "currency": change.body["currency"]}
            elif change.topic == "products" and self._newest["products", change.product_id] == change.at_ms:
                products[change.product_id] = change.body
        self._write(patches, products)

    def _is_newest(self, change: Change) -> bool:
        newest = change.at_ms > self._newest[change.topic, change.product_id]
        if newest:
            self._newest[change.topic, change.product_id] = change.at_ms
        return newest

    def _write(self, patches: dict[str, dict[str, Any]], products: dict[str, dict[str, Any]]) -> None:
        for product_id, fields in patches.items():
            self._stored.setdefault(product_id, new_item(product_id)).update(fields)
        if products:
            vectors = self._model.embed([text_of(product) for product in products.values()])
            for product_id, product in products.items():
                self._stored.setdefault(product_id, new_item(product_id))["title"] = shown_title(product["title"])
            self._writes.upsert([(self._stored[p], v) for p, v in zip(products, vectors, strict=True)])
        self._writes.patch((p, fields) for p, fields in patches.items() if p not in products and self._is_listed(p))

    def _is_listed(self, product_id: str) -> bool:
        return self._stored[product_id]["title"] is not None


def new_item(product_id: str) -> dict[str, Any]:
    """Return the payload of an item of which nothing is known."""
    return {"product_id": product_id, "title": None, "price": None, "currency": None, "reviews": 0}
