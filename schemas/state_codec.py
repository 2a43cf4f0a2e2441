"""Item and review records as compact JSON (see `state_json`), and back. An item record carries the whole state.

Workers of two releases run at once while one replaces the other. The older one keeps facts that it does not know and
drops any other addition, so a release may add only facts to an item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import ForeignRecord
from schemas.logged_item import MALFORMED, LoggedItem, decoded_entity
from schemas.stamps import UNVERSIONED
from schemas.state_json import PROMOTION, SHORT_NAMES, SHORT_PROMOTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemas.items import Change, Entity, ItemRecord, ItemState, ReviewSummary
    from schemas.state_json import EntityAsJson, FactAsJson

_CROWDED = ((UNVERSIONED, -1, ""), "")
"""An earlier release kept a (stamp, seller) here, up to which it dropped offers: this one drops none there."""
SEPARATOR = b"\x00"
"""Stands between the ids in the key of a review. Neither has it."""


class EncodedItem(NamedTuple):
    """The content of an item record, its product as bytes: most records repeat the product of the one before."""

    prices: ItemState
    """The state of the item without its product."""
    product_json: bytes
    """The product as `encode_product` returns it."""
    reviews: ReviewSummary


def encode_item(record: ItemRecord) -> bytes:
    """Return the value of a record of the item log."""
    content = EncodedItem(record.state, encode_product(record.state.product), record.reviews)
    return encode_record(record.writer, content, record.changes)


def encode_record(writer: str, content: EncodedItem, changes: Mapping[str, Change]) -> bytes:
    """Return the value of a record of the item log whose product is encoded already."""
    state, reviews = content.prices, content.reviews
    body: dict[str, Any] = {
        "w": writer,
        "id": state.product_id,
        "p": orjson.Fragment(content.product_json),
        "du": state.deleted_unversioned_ms,
        "v": state.void_at_ms,
        "o": {seller: orjson.Fragment(offer.json or _encoded_offer(offer)) for seller, offer in state.offers.items()},
        "pl": state.price_latest_ms,
        "r": (reviews.count, reviews.sum_hundredths, reviews.histogram, reviews.latest_ms),
        "c": {facet: (*change,) for facet, change in changes.items()},
    }
    if state.crowded:
        body["x"] = _CROWDED
    return orjson.dumps(body)


def encode_product(product: Entity) -> bytes:
    """Return a product as a record of the item log has it. `decoded_entity` of `schemas.logged_item` is the inverse."""
    return _kept(_entity(product, str))


def _encoded_offer(offer: Entity) -> bytes:
    offer.json = _kept(_entity(offer, _shortened))
    return offer.json


def _kept(body: EntityAsJson) -> bytes:
    """Return JSON that stays in memory: a copy, since what orjson returns holds on to its buffer of 4 KB and more."""
    return bytes(memoryview(orjson.dumps(body)))


def decode_item_under(key: bytes | None, value: bytes) -> ItemRecord:
    """Return the record of a key and value of the item log. Raises as `logged_item_under` does."""
    return logged_item_under(key, value).record


def logged_item_under(key: bytes | None, value: bytes) -> LoggedItem:
    """Return the item in a record of the item log, its product part not decoded yet unless the product has changed.

    The state of an item comes only from records under its key, since partition, compaction and order follow the key.
    Raises ForeignRecord, also if the key is of another item.
    """
    item = LoggedItem(value)
    if item.product_id.encode() != key:
        shown = "no key" if key is None else f"the key {key[:64].decode(errors='backslashreplace')!r}"
        raise ForeignRecord(f"a record of the item {item.product_id[:64]!r} under {shown}: make them equal")
    if "product" in item.changes:
        _ = item.record
    return item


def review_key(product_id: str, review_id: str) -> bytes:
    """Return the key of a record of `review-states`. Neither id contains NUL."""
    return product_id.encode() + SEPARATOR + review_id.encode()


def split_review_key(key: bytes) -> tuple[str, str]:
    """Return (product_id, review_id), the inverse of review_key. Raises ForeignRecord."""
    product_id, _, review_id = key.partition(SEPARATOR)
    try:
        return product_id.decode(), review_id.decode()
    except UnicodeDecodeError as error:
        raise ForeignRecord(f"no key of a review: {error}") from error


def encode_review(review: Entity) -> bytes:
    """Return the value of a record of `review-states`."""
    return orjson.dumps(_entity(review, str))


def decode_review(value: bytes) -> Entity:
    """Return the review of a value of `review-states`. Raises ForeignRecord."""
    try:
        return decoded_entity(value)
    except MALFORMED as error:
        raise ForeignRecord(f"no review record of Freshline: {error!r}") from error


def _shortened(name: str) -> str:
    return SHORT_NAMES.get(name) or name.replace(PROMOTION, SHORT_PROMOTION, 1)


def _entity(entity: Entity, name_of: Callable[[str], str]) -> EntityAsJson:
    floor = entity.floor
    at_floor: dict[str, Any] = {}
    others: dict[str, FactAsJson] = {}
    for name, (stamp, value) in entity.facts.items():
        if stamp is floor or stamp == floor:
            at_floor[name_of(name)] = value
        else:
            others[name_of(name)] = (*stamp, value)
    body: EntityAsJson = {}
    if floor is not None:
        body["f"] = (*floor,)
    if entity.deleted is not None:
        body["d"] = (*entity.deleted,)
    if entity.latest_ms >= 0:
        body["l"] = entity.latest_ms
    if at_floor:
        body["s"] = at_floor
    if others:
        body["x"] = others
    return body
