"""Traits: the few values of a visible item by which a search sorts, groups and counts what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from typing_extensions import override

from schemas.event_numbers import PRICE_BELOW
from schemas.points import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.points import Offer

TRAIT_FIELDS = (
    "product_id",
    "status",
    "item_group_id",
    "brand",
    "category",
    "name_keys",
    "sellers",
    "availability",
    "price",
    "currency",
    "rating",
    "review_count",
    "updated_at_ms",
    "attributes",
)
"""The fields of a payload that traits are made of, but for the offers of items on sale."""
SALE_FIELDS = ("offers",)
"""The fields that these are made of. They are the larger part of a payload, and few searches need them."""


class EncodedAttributes(Mapping[str, Any]):
    """The attributes of an item, which are decoded when one is asked for first: few searches do, and as objects they
    take five times the memory."""

    __slots__ = ("_said",)

    def __init__(self, json: str) -> None:
        """`json`: an object; any other value has no attributes."""
        self._said: str | Mapping[str, Any] = json

    @override
    def get(self, name: str, default: Any = None) -> Any:
        return self._decoded().get(name, default)

    @override
    def __getitem__(self, name: str) -> Any:
        return self._decoded()[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    @override
    def __len__(self) -> int:
        return len(self._decoded())

    def _decoded(self) -> Mapping[str, Any]:
        if isinstance(self._said, str):
            self._said = _mapping(orjson.loads(self._said))
        return self._said


class Traits(NamedTuple):
    """The traits of one item. A value of a type that no release writes counts as absent."""

    product_id: str
    item_group_id: str | None
    brand: str | None
    category: tuple[str, ...]
    """The levels, the widest first."""
    name_keys: tuple[str, ...]
    """The keys that the filters for names and attributes compare."""
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
    offers_with_sales: tuple[Offer, ...]
    """The offers, if any of them has a sale price; else none, since they have one price at every moment."""
    own: Traits | None = None
    """The item at its own price, where a search asks for another one: that is what rules are about."""

    def priced(self, price: float | None, currency: str | None) -> Traits:
        """Return the same item at another price, in a third of the time that `_replace` takes."""
        return Traits._make((*self[:PRICE_AT], price, currency, *self[PRICE_AT + 2 : -1], self))


PRICE_AT = Traits._fields.index("price")
"""The place of the price among the traits; that of the currency follows."""


def traits_of(payload: Mapping[str, Any]) -> Traits | None:
    """Return the traits of a point; None if it is not visible."""
    if payload.get("status") != Status.VISIBLE:
        return None
    return Traits(
        product_id=_text(payload.get("product_id")) or "",
        item_group_id=_text(payload.get("item_group_id")),
        brand=_text(payload.get("brand")),
        category=_texts(payload.get("category")),
        name_keys=_texts(payload.get("name_keys")),
        sellers=_texts(payload.get("sellers")),
        availability=_text(payload.get("availability")),
        price=_price(payload.get("price")),
        currency=_text(payload.get("currency")),
        rating=_number(payload.get("rating")),
        review_count=_number(payload.get("review_count")) or 0,
        changed_at_ms=_number(_mapping(payload.get("updated_at_ms")).get("product")),
        attributes=_mapping(payload.get("attributes")),
        offers_with_sales=_with_sales(payload.get("offers")),
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


def _with_sales(value: object) -> tuple[Offer, ...]:
    """Return the offers if one has a sale price and all can be read."""
    offers = value if isinstance(value, list) else []
    on_sale = any(isinstance(offer, dict) and offer.get("sale_price") is not None for offer in offers)
    return tuple(offers) if on_sale and all(map(_is_offer, offers)) else ()


def _is_offer(value: object) -> bool:
    """Return whether the price of an offer at any moment can be computed from a value."""
    if not isinstance(value, dict) or _price(value.get("price")) is None or "seller" not in value:
        return False
    may_be_absent = ("sale_price", "sale_starts_at_ms", "sale_ends_at_ms")
    read = all(name in value and (value[name] is None or _number(value[name]) is not None) for name in may_be_absent)
    return read and isinstance(value.get("currency"), str)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict | EncodedAttributes) else {}
