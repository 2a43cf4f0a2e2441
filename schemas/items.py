"""Item state: what the fold keeps of an item, and the records that carry it in the logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.stamps import Stamp  # noqa: TC001

UNDETERMINED = "und"
"""Language key of a text that came as a plain string (BCP 47)."""


class Register(NamedTuple):
    """A last-writer-wins register: the value with the greatest stamp; None is a cleared field, whose stamp stays."""

    stamp: Stamp
    value: Any


@dataclass(slots=True)
class Entity:
    """A product, an offer or a review: registers by field, and the stamp that masks them. Never changed in place.

    `facts` is keyed by field; a text or attribute has one key a part: "title/en", "attributes/colour", and the bare
    "title" or "attributes" is the register that clears all parts below its stamp.

    Kept canonical: of `floor` and `deleted` only the greater is set, and no fact lies below it, since nothing below
    can ever show again. Parts of a product's texts and attributes stay as cleared registers instead: how many there
    have been decides how much room each has, and that must not depend on the order of events.
    """

    floor: Stamp | None = None
    """Stamp of the greatest upsert, unless a delete is greater: what lies below counts as absent."""
    deleted: Stamp | None = None
    """Stamp of the greatest delete (of a product: the greatest versioned one), unless an upsert is greater."""
    facts: dict[str, Register] = field(default_factory=dict)
    latest_ms: int = -1
    """Greatest updated_at of all its events, -1: none. Of an offer always -1: see ItemState.price_latest_ms."""


@dataclass(slots=True)
class ItemState:
    """Everything folded of one product and its offers. Reviews are folded apart, one by one. Never changed in place."""

    product_id: str
    product: Entity = field(default_factory=Entity)
    deleted_unversioned_ms: int = -1
    """Greatest updated_at of the unversioned deletes, -1: none. A null record has no version, and must still delist."""
    void_at_ms: int = -1
    """Greatest updated_at of all deletes of the product: offers not later than it are void."""
    offers: dict[str, Entity] = field(default_factory=dict)
    """By seller."""
    price_latest_ms: int = -1
    """Greatest updated_at of all events of its offers, -1: none."""
    evicted: tuple[Stamp, str] | None = None
    """Greatest (stamp, seller) that the limit of offers has pushed out: nothing up to it is kept of any offer."""


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What an item shows of its reviews."""

    count: int
    sum_hundredths: int
    """Sum of ratings times 100: an integer, so that the order of folding cannot change it."""
    histogram: tuple[int, int, int, int, int]
    """Reviews by rating, rounded half up, 1 to 5."""
    latest_ms: int = -1
    """Greatest updated_at of all their events, -1: none."""


NO_REVIEWS = ReviewSummary(0, 0, (0, 0, 0, 0, 0))

FACETS = ("product", "price", "reviews")
"""The parts of an item whose freshness is shown apart."""


REPAIRER = "reconcile"
"""Writer of records that mend the index: what stands in it for their items is not to be trusted."""


class Change(NamedTuple):
    """The events of one facet that an item record carries for the first time."""

    first_arrived_at_ms: int
    """Timestamp of the earliest of their Kafka records."""
    events: int


@dataclass(slots=True, frozen=True)
class ItemRecord:
    """The value of a record in the item log."""

    writer: str
    """Id of the process that wrote it."""
    state: ItemState
    reviews: ReviewSummary
    changes: dict[str, Change]
    """By facet; empty for what was only published again."""
