"""The normal form of a change: the part that it is about, and the facts that it sets."""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import InvalidEvent
from schemas.event_fields import ATTRIBUTES_MAX
from schemas.event_models import PriceChange, ReviewChange
from schemas.items import SHOP, UNDETERMINED
from schemas.texts import cleaned, cut, name_of

if TYPE_CHECKING:
    from schemas.event_models import Change, ProductChange

ATTRIBUTE_NAME_BYTES_MAX = 128
ATTRIBUTE_NAME_DIGEST_CHARS = 8
ATTRIBUTE_BYTES_MAX = 1024
NESTED_ATTRIBUTE_BYTES_MAX = 64
"""The most bytes of an object, or of a list with lists or objects in it. A larger one is stored as its JSON text, which
can be cut. A list of plain values, each of which is filtered by and counted, may take as much as a text.
"""
_MARK = "__"
"""The beginning of the names of fields in which a pipeline writes about the record. They are no attributes."""
_PRODUCT_SCALARS = ("brand", "category", "link", "image_link", "gtin", "item_group_id", "availability")
_PRICE_SCALARS = {
    "price": "price",
    "currency": "currency",
    "sale_price": "sale_price",
    "sale_starts_at": "sale_starts_at_ms",
    "sale_ends_at": "sale_ends_at_ms",
}


def normal_form(change: Change) -> tuple[str | None, dict[str, Any]]:
    """Return the part that a change is about, None for the product itself, and the facts that it sets.

    Facts are keyed as in an Entity; None clears. A delete sets none. Raises InvalidEvent for values that do not go
    together.
    """
    facts: dict[str, Any] = {}
    if isinstance(change, PriceChange):
        part = change.seller or SHOP
        if change.op != "delete":
            facts = _price_facts(change)
    elif isinstance(change, ReviewChange):
        part = change.review_id
        if change.op != "delete" and "rating" in change.model_fields_set:
            facts = {"rating": change.rating}
    else:
        return None, {} if change.op == "delete" else _product_facts(change)
    return part, facts


def _price_facts(change: PriceChange) -> dict[str, Any]:
    starts, ends = change.sale_starts_at, change.sale_ends_at
    if starts is not None and ends is not None and ends <= starts:
        raise InvalidEvent("sale_ends_at: is not after sale_starts_at: correct the window")
    sent, patch = change.model_fields_set, change.op == "patch"
    facts = {}
    for name, fact in _PRICE_SCALARS.items():
        if name in sent and ((value := getattr(change, name)) is not None or patch):
            facts[fact] = value
    if "promotion" in sent:
        facts |= _text_facts("promotion", change.promotion, patch)
    return facts


def _product_facts(change: ProductChange) -> dict[str, Any]:
    sent, patch = change.model_fields_set, change.op == "patch"
    facts = {}
    for name in _PRODUCT_SCALARS:
        if name in sent:
            value = getattr(change, name) or None  # An empty text or list counts as absent.
            if value is not None or patch:
                facts[name] = value
    for name in ("title", "description"):
        if name in sent:
            facts |= _text_facts(name, getattr(change, name), patch)
    return facts | _attribute_facts(change, patch)


def _text_facts(name: str, text: str | dict[str, str | None] | None, patch: bool) -> dict[str, Any]:
    if isinstance(text, dict):
        return {_part(name, language): part or None for language, part in text.items() if part or patch}
    facts: dict[str, Any] = {name: None} if patch else {}  # In an upsert the floor clears the other languages.
    if text:
        facts[_part(name, UNDETERMINED)] = text
    return facts


def _part(name: str, part: str) -> str:
    """Return the key of a part, one object in all items: such keys were a quarter of the memory of a state."""
    return sys.intern(f"{name}/{part}")


def _attribute_facts(change: ProductChange, patch: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if patch and change.attributes is None and "attributes" in change.model_fields_set:
        facts["attributes"] = None
    for name, value in ((change.attributes or {}) | (change.model_extra or {})).items():
        kept = _attribute_name(name)
        if isinstance(value, str) and not cleaned(value):
            value = None
        if kept and not kept.startswith(_MARK) and (value is not None or patch):
            facts[_part("attributes", kept)] = _attribute(name, value)
    if len(facts) > ATTRIBUTES_MAX:
        raise InvalidEvent(f"attributes: are {len(facts)}: at most {ATTRIBUTES_MAX} are kept; leave out some")
    return facts


def _attribute_name(name: str) -> str:
    """Return the name as it is kept: composed. A long one ends with its digest, so that two long names stay two."""
    kept = name_of(cleaned(name))
    if len(kept) * 6 <= ATTRIBUTE_NAME_BYTES_MAX or cut(kept, ATTRIBUTE_NAME_BYTES_MAX) == kept:
        return kept
    digest = sha256(kept.encode()).hexdigest()[:ATTRIBUTE_NAME_DIGEST_CHARS]
    return cut(kept, ATTRIBUTE_NAME_BYTES_MAX - ATTRIBUTE_NAME_DIGEST_CHARS) + digest


def _attribute(name: str, value: Any) -> Any:
    if isinstance(value, (list, dict)):
        try:
            text = orjson.dumps(value)
        except TypeError:
            raise InvalidEvent(f"attributes.{name[:40]}: is nested too deeply: flatten it") from None
        if len(text) <= (ATTRIBUTE_BYTES_MAX if _is_list_of_values(value) else NESTED_ATTRIBUTE_BYTES_MAX):
            return _with_storable_numbers(value)
        value = text.decode()
    if isinstance(value, str):
        return cut(cleaned(value), ATTRIBUTE_BYTES_MAX)
    return _with_storable_numbers(value)


def _is_list_of_values(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value)


def _with_storable_numbers(value: Any) -> Any:
    """Return a value with the whole numbers as texts that an index does not hold: they have 64 bits with a sign."""
    if isinstance(value, list):
        return [_with_storable_numbers(each) for each in value]
    if isinstance(value, dict):
        return {name: _with_storable_numbers(each) for name, each in value.items()}
    return str(value) if type(value) is int and not -(2**63) <= value < 2**63 else value
