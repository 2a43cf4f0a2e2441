"""The item state, which the fold keeps of an item, and the records that carry it in the logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.stamps import Stamp  # noqa: TC001

UNDETERMINED = "und"
"""The language key of a text that came as a plain string (BCP 47)."""


SHOP = "shop"
"""The seller of a price event without a seller."""


class Register(NamedTuple):
    """A last-writer-wins register: the value with the greatest stamp; None is a cleared field, whose stamp stays."""

    stamp: Stamp
    value: Any


@dataclass(slots=True)
class Entity:
    """A product, an offer or a review: registers by field, and the stamp that masks them. It is never changed in place.

    `facts` is keyed by field; a text or attribute has one key for each part: "title/en", "attributes/colour". The bare
    "title" or "attributes" is the register that clears all parts below its stamp.

    An entity is canonical: only the greater of `floor` and `deleted` is set, and no fact lies below it, since nothing
    below can ever show again. Parts of a product's texts and attributes stay as cleared registers instead: their
    number decides how much room each has, and that must not depend on the order of events.
    """

    floor: Stamp | None = None
    """The stamp of the greatest upsert, unless a delete is greater. Facts below it count as absent."""
    deleted: Stamp | None = None
    """The stamp of the greatest delete (for a product, the greatest versioned one), unless an upsert is greater."""
    facts: dict[str, Register] = field(default_factory=dict)
    latest_ms: int = -1
    """The greatest updated_at of all its events; -1 for none. For an offer always -1: see ItemState.price_latest_ms."""
    json: bytes | None = field(default=None, init=False, compare=False, repr=False)
    """The JSON of an offer, encoded for an item record and repeated by the next one; None while it is not encoded."""


@dataclass(slots=True)
class ItemState:
    """The folded state of one product and its offers. It is never changed in place. Reviews are folded separately."""

    product_id: str
    product: Entity = field(default_factory=Entity)
    deleted_unversioned_ms: int = -1
    """The greatest updated_at of the unversioned deletes; -1 for none. A null record has no version and must delist."""
    void_at_ms: int = -1
    """The greatest updated_at of all deletes of the product; -1 for none. Offers not later than this are void."""
    offers: dict[str, Entity] = field(default_factory=dict)
    """The offers by seller."""
    price_latest_ms: int = -1
    """The greatest updated_at of all events of its offers; -1 for none."""
    crowded: bool = False
    """True if the item has had more sellers than are kept."""


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """The summary of an item's reviews that search shows."""

    count: int
    sum_hundredths: int
    """The sum of the ratings times 100, an integer, so that the order of folding cannot change it."""
    histogram: tuple[int, int, int, int, int]
    """The number of reviews by rating, 1 to 5, rounded half up."""
    latest_ms: int = -1
    """The greatest updated_at of all events of the reviews; -1 for none."""


NO_REVIEWS = ReviewSummary(0, 0, (0, 0, 0, 0, 0))


REPAIRER = "reconcile"
"""The writer of records that repair the index. The points of those items cannot be trusted."""


class Change(NamedTuple):
    """The events of one facet that an item record carries for the first time."""

    first_arrived_at_ms: int
    """The timestamp of the earliest of their Kafka records, in milliseconds since the epoch."""
    events: int


@dataclass(slots=True, frozen=True)
class ItemRecord:
    """The value of a record in the item log."""

    writer: str
    """The id of the process that wrote the record."""
    state: ItemState
    reviews: ReviewSummary
    changes: dict[str, Change]
    """The changes by facet; empty for a record that was only published again."""
