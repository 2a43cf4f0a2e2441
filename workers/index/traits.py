"""Traits: the few values of a visible item by which a search sorts, groups and counts what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.event_fields import PRICE_BELOW
from schemas.points import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAIT_FIELDS = (
    "product_id",
    "status",
    "item_group_id",
    "brand",
    "category",
    "sellers",
    "availability",
    "price",
    "currency",
    "rating",
    "review_count",
    "updated_at_ms",
    "attributes",
)
"""The fields of a payload that traits are made of."""


class Traits(NamedTuple):
    """The traits of one item. A value of a type that no release writes counts as absent."""

    product_id: str
    item_group_id: str | None
    brand: str | None
    category: tuple[str, ...]
    """The levels, the widest first."""
    sellers: tuple[str, ...]
    availability: str | None
    price: float | None
    """The price as it was when it was written. A sale window may have turned since."""
    currency: str | None
    rating: float | None
    review_count: float
    changed_at_ms: float | None
    """The time at the source of the last change of the product."""
    attributes: Mapping[str, Any]


def traits_of(payload: Mapping[str, Any]) -> Traits | None:
    """Return the traits of a point; None if it is not visible."""
    if payload.get("status") != Status.VISIBLE:
        return None
    return Traits(
        product_id=_text(payload.get("product_id")) or "",
        item_group_id=_text(payload.get("item_group_id")),
        brand=_text(payload.get("brand")),
        category=_texts(payload.get("category")),
        sellers=_texts(payload.get("sellers")),
        availability=_text(payload.get("availability")),
        price=_price(payload.get("price")),
        currency=_text(payload.get("currency")),
        rating=_number(payload.get("rating")),
        review_count=_number(payload.get("review_count")) or 0,
        changed_at_ms=_number(_mapping(payload.get("updated_at_ms")).get("product")),
        attributes=_mapping(payload.get("attributes")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _price(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number < PRICE_BELOW else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
