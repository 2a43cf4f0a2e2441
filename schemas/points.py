"""The payload of a point: everything that the index holds of an item except its vectors."""

from __future__ import annotations

import uuid
from collections.abc import Sequence  # noqa: TC003 -- the JSON Schema of a payload is made from it
from enum import StrEnum
from functools import lru_cache

import orjson
from typing_extensions import TypedDict

POINT_NAMESPACE = uuid.UUID("6f1b7c3e-4d0a-5c57-9a53-0f7b8f6d2c11")
OFFSET_BITS = 40
IDS_CACHED_MAX = 100_000
"""The most point ids in the cache, some 200 bytes each. Every change needs the id of its item several times."""


class Status(StrEnum):
    """The status of a point: visible, or the reason why search may not show the item."""

    VISIBLE = "visible"
    DELISTED = "delisted"
    PARKED = "parked"
    """Events about the item have come, but not its product."""
    CANARY = "canary"
    """The item is Freshline's own: see `schemas.canaries`."""


class Offer(TypedDict):
    """One seller's offer, valid or not yet: the window is data, the price now is computed from it."""

    seller: str
    price: float
    currency: str
    sale_price: float | None
    sale_starts_at_ms: int | None
    sale_ends_at_ms: int | None
    promotion: dict[str, str]
    """The text of the promotion, by language."""
    updated_at_ms: int


class Content(TypedDict):
    """The part of a payload that is a pure function of (item record, now, settings). Every key is always present."""

    product_id: str
    partition: int
    status: str
    title: dict[str, str]
    """The title by language."""
    description: dict[str, str]
    brand: str | None
    category: list[str]
    attributes: dict[str, object]
    link: str | None
    image_link: str | None
    gtin: str | None
    item_group_id: str | None
    availability: str | None
    offers: Sequence[Offer]
    """The offers, sorted by seller; void and withdrawn offers are left out."""
    sellers: list[str]
    currencies: list[str]
    """The currencies of all offers."""
    price: float | None
    """The lowest price valid now in the shop's currency."""
    currency: str | None
    price_changes_at_ms: int | None
    """The next boundary of a sale window after now; None if there is none."""
    rating: float | None
    review_count: int
    rating_histogram: list[int]
    name_keys: list[str]
    """The keys by which the brand, the levels of the category and the values of attributes are compared: "brand:acme",
    "category:cakes", "attributes.color:red"."""
    left_out: list[str]
    """The names of the parts of which the limits of an item leave out some. Points of earlier releases lack it."""
    updated_at_ms: dict[str, int | None]
    """The greatest time at the source, by facet."""


class Facets(TypedDict):
    """The fields of a content that its offers and reviews alone make."""

    offers: Sequence[Offer]
    sellers: list[str]
    currencies: list[str]
    price: float | None
    currency: str | None
    price_changes_at_ms: int | None
    rating: float | None
    review_count: int
    rating_histogram: list[int]


class Payload(Content):
    """The payload of a point in the index."""

    product_digest: str | None
    """The digest of what the fields of the product were made from. Points of earlier releases lack it."""
    version: int
    """(epoch << OFFSET_BITS) + offset of the item record."""
    fingerprint: str | None
    """The fingerprint of the document of this payload; None if the item is not visible."""
    vector_fingerprint: str | None
    """The fingerprint of the document that the stored dense vector was made from. It differs while one is pending. With
    `~` before it the vector of that document is being written."""
    vector_due: str | None
    """The fingerprint of the pending embedding; None if there is none."""
    vector_due_at_ms: int | None
    vector_failed: str | None
    """The reason why this text cannot be embedded; None if it can."""
    alerts_due: list[str] | None
    """The pending alerts: watches that the item has begun to match, each with the version that it did so by."""
    alerts_due_at_ms: int | None
    """The time at which the oldest of them was written; None if there are none."""
    searchable_at_ms: dict[str, int | None]
    """The time at which search could first show the facet, by facet."""


BEING_WRITTEN = "~"
"""The sign before a fingerprint whose vector is being written: which vector the point has is not known until then."""


@lru_cache(IDS_CACHED_MAX)
def point_id(product_id: str) -> str:
    """Return the id of the point of an item: the UUIDv5 of its product_id."""
    return str(uuid.uuid5(POINT_NAMESPACE, product_id))


def being_written(fingerprint: str) -> str:
    """Return the `vector_fingerprint` of a point while the vector of this document is being written to it."""
    return f"{BEING_WRITTEN}{fingerprint}"


def differs(field: str, before: object, now: object) -> bool:
    """Return whether a field of a point has another value than `before`.

    Among attributes 1, 1.0 and true are three values, as they are in JSON, although Python takes them for equal.
    """
    return before != now or (field == "attributes" and orjson.dumps(before) != orjson.dumps(now))


def point_epoch(version: int) -> int:
    """Return the epoch in the version of a point."""
    return version >> OFFSET_BITS


def point_version(epoch: int, offset: int) -> int:
    """Return one integer below 2**53 that orders item records over all logs (ranges in Qdrant compare floats)."""
    return (epoch << OFFSET_BITS) + offset


def version_offset(version: int) -> int:
    """Return the offset of the item record in the version of a point, whatever its log."""
    return version & ((1 << OFFSET_BITS) - 1)


def offset_in_log(version: int | None, epoch: int) -> int | None:
    """Return the offset of the item record if its log has this epoch; None if there is no record or another log."""
    return None if version is None or version >> OFFSET_BITS != epoch else version_offset(version)
