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
    """A product, an offer or a review: registers by field, and the stamps that mask them.

    `facts` is keyed by field; a text or attribute has one key a part: "title/en", "attributes/colour", and the bare
    "title" or "attributes" is the register that clears all parts below its stamp.
    """

    floor: Stamp | None = None
    """Stamp of the greatest upsert: what lies below counts as absent."""
    deleted: Stamp | None = None
    """Stamp of the greatest delete (of a product: the greatest versioned one)."""
    facts: dict[str, Register] = field(default_factory=dict)


@dataclass(slots=True)
class ItemState:
    """Everything folded of one product and its offers. Reviews are folded apart, one by one."""

    product_id: str
    product: Entity = field(default_factory=Entity)
    deleted_unversioned: Stamp | None = None
    """The latest unversioned delete by updated_at (a null record has no version, and must still delist)."""
    void_at_ms: int = -1
    """Greatest updated_at of all deletes of the product: offers not later than it are void."""
    offers: dict[str, Entity] = field(default_factory=dict)
    """By seller."""


class ReviewSummary(NamedTuple):
    """What an item shows of its reviews."""

    count: int
    sum_hundredths: int
    """Sum of ratings times 100: an integer, so that the order of folding cannot change it."""
    histogram: tuple[int, int, int, int, int]
    """Reviews by rating, rounded half up, 1 to 5."""


NO_REVIEWS = ReviewSummary(0, 0, (0, 0, 0, 0, 0))

FACETS = ("product", "price", "reviews")
"""The parts of an item whose freshness is shown apart."""


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
