"""Checks that events can have led to a record of the item state. It is used where a file brings records in.

Records of Freshline's own processes are not checked, so that reading and joining them stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.currencies import CURRENCIES
from schemas.errors import ForeignRecord
from schemas.event_fields import PRODUCT_ID_BYTES_MAX, SELLER_BYTES_MAX, VERSION_MAX, checked_name
from schemas.event_numbers import PRICE_BELOW
from schemas.items import Entity
from schemas.stamps import UNVERSIONED
from schemas.times import TIME_MS_BELOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemas.items import ItemRecord, ReviewSummary
    from schemas.stamps import Stamp

    Facts = Mapping[str, Callable[[Any], bool]]

RATING_HUNDREDTHS_MIN, RATING_HUNDREDTHS_MAX = 100, 500


def check_item(record: ItemRecord) -> None:
    """Raise ForeignRecord, with the reason, if no events can have led to this record."""
    state = record.state
    _check_name("the product_id", state.product_id, PRODUCT_ID_BYTES_MAX)
    _check(isinstance(record.writer, str), "the writer", record.writer)
    _check_entity("the product", state.product, _PRODUCT)
    for seller, offer in state.offers.items():
        _check_name("a seller", seller, SELLER_BYTES_MAX, needed=False)
        _check_entity(f"the offer of {seller!r}", offer, _OFFER)
    for time_ms in (state.deleted_unversioned_ms, state.void_at_ms, state.price_latest_ms):
        _check(_is_time(time_ms), "a time", time_ms)
    _check_summary(record.reviews)


def check_review(product_id: str, review_id: str, review: Entity) -> None:
    """Raise ForeignRecord, with the reason, if no events can have led to this record."""
    _check_name("the product_id", product_id, PRODUCT_ID_BYTES_MAX)
    _check_name("the review_id", review_id, PRODUCT_ID_BYTES_MAX)
    if review == Entity():  # Any JSON object without fields of a review reads as an empty one.
        raise ForeignRecord("it says nothing of a review")
    _check_entity("the review", review, _REVIEW)


def _check(right: bool, what: str, value: object) -> None:
    if not right:
        raise ForeignRecord(f"{what} cannot be {str(value)[:60]!r}")


def _check_name(what: str, name: object, bytes_max: int, *, needed: bool = True) -> None:
    if not isinstance(name, str):
        raise ForeignRecord(f"{what} is no text")
    try:
        checked_name(name, bytes_max, needed=needed)
    except ValueError as error:
        raise ForeignRecord(f"{what} {str(error).partition(':')[0]}") from None


def _check_entity(what: str, entity: Entity, facts: Facts) -> None:
    for stamp in (entity.floor, entity.deleted, *(register.stamp for register in entity.facts.values())):
        if stamp is not None:
            _check_stamp(what, stamp)
    _check(_is_time(entity.latest_ms), f"a time of {what}", entity.latest_ms)
    for name, (_, value) in entity.facts.items():
        allows = facts.get(name.partition("/")[0])
        _check(allows is not None and (value is None or allows(value)), f"{name} of {what}", value)


def _check_stamp(what: str, stamp: Stamp) -> None:
    version, updated_at_ms, digest = stamp
    known = _is_integer(version) and UNVERSIONED <= version <= VERSION_MAX
    _check(known and _is_time(updated_at_ms) and isinstance(digest, str), f"a stamp of {what}", tuple(stamp))


def _check_summary(summary: ReviewSummary) -> None:
    numbers = (summary.count, summary.sum_hundredths, *summary.histogram)
    right = (
        all(_is_integer(number) and number >= 0 for number in numbers)
        and len(summary.histogram) == 5
        and sum(summary.histogram) == summary.count
        and RATING_HUNDREDTHS_MIN * summary.count <= summary.sum_hundredths <= RATING_HUNDREDTHS_MAX * summary.count
        and _is_time(summary.latest_ms)
    )
    _check(right, "the summary of the reviews", summary)


def _is_integer(value: object) -> bool:
    return type(value) is int


def _is_time(value: Any) -> bool:
    """Return whether this is a time in milliseconds. -1 means none, or a record without a timestamp.

    A time that is far ahead, as earlier releases took them from a wrong clock, is one: see `schemas.state_times`.
    """
    return type(value) is int and value >= -1


def _is_boundary(value: Any) -> bool:
    return _is_time(value) and value < TIME_MS_BELOW


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_price(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < PRICE_BELOW


def _is_rating(value: Any) -> bool:
    return type(value) is int and RATING_HUNDREDTHS_MIN <= value <= RATING_HUNDREDTHS_MAX


_PRODUCT: Facts = {
    "title": _is_text,
    "description": _is_text,
    "attributes": lambda _value: True,
    "brand": _is_text,
    "category": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "link": _is_text,
    "image_link": _is_text,
    "gtin": _is_text,
    "item_group_id": _is_text,
    "availability": _is_text,
}
_OFFER: Facts = {
    "price": _is_price,
    "currency": lambda value: isinstance(value, str) and value in CURRENCIES,
    "sale_price": _is_price,
    "sale_starts_at_ms": _is_boundary,
    "sale_ends_at_ms": _is_boundary,
    "promotion": _is_text,
}
_REVIEW: Facts = {"rating": _is_rating}
"""The check of a fact's value, by its name or the part before the slash. Every value may be null, which is cleared."""
