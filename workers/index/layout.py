"""The layout of a collection, as data: the indexed fields, the conditions of filters, the hidden point."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from schemas.points import POINT_NAMESPACE, Facets, Payload, Status
from schemas.queries import Filters
from schemas.texts import name_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SCHEMA_VERSION = 1
"""The version of the layout. It rises when points of an older layout cannot be served."""

POSITIONS_POINT = str(uuid.uuid5(POINT_NAMESPACE, "\0positions"))
"""The id of the hidden point that holds the positions by partition.

No product_id can contain a NUL, so no item has this point id.
"""
POSITIONS_PAYLOAD = {"status": "positions"}
"""The payload of the hidden point. No item has its status, so no query for items finds it."""

CREATED_WITH = "collection"
"""The field of the hidden point on a server that names the collection it was created with (Index.collection)."""

FieldType = Literal["keyword", "float", "integer"]

INDEXED_FIELDS: dict[str, FieldType] = {
    "status": "keyword",
    "gtin": "keyword",
    "brand": "keyword",
    "category": "keyword",
    "name_keys": "keyword",
    "sellers": "keyword",
    "availability": "keyword",
    "currency": "keyword",
    "price": "float",
    "rating": "float",
    "partition": "integer",
    "price_changes_at_ms": "integer",
    "vector_due_at_ms": "integer",
    "alerts_due_at_ms": "integer",
}
"""Every field that a search or a lane filters on.

`version` is not among them: an index on it would cost two thirds of the patch rate. Like `vector_due`, it is only
compared on points that are named by their ids.
"""


NESTED_FIELDS = frozenset(("title", "description", "attributes", "offers", "updated_at_ms", "searchable_at_ms"))
"""Fields that hold objects or lists of objects. Nothing filters on them."""


HEAD_FIELDS = (
    *Facets.__annotations__,
    *("product_id", "partition", "status", "left_out", "updated_at_ms", "searchable_at_ms"),
    *("version", "fingerprint", "product_digest", "alerts_due", "alerts_due_at_ms"),
)
"""The fields that tell whether a record changes the product of a point, and all that it may change otherwise."""


class Is(NamedTuple):
    """The condition that a field, or one element of a list field, equals a value."""

    field: str
    value: str


class IsIn(NamedTuple):
    """The condition that a field equals one of several values."""

    field: str
    values: list[int] | list[str]


class Within(NamedTuple):
    """The condition that a field has a value from `least` to `most`; None means no bound."""

    field: str
    least: float | None
    most: float | None


class IsOneOf(NamedTuple):
    """The condition that a point has one of these ids."""

    points: tuple[str, ...]


class Except(NamedTuple):
    """The condition that another condition holds and that a point has none of these ids."""

    condition: Within
    points: tuple[str, ...]


class AnyOf(NamedTuple):
    """The condition that at least one of these conditions holds."""

    conditions: tuple[Is | IsOneOf | Except, ...]


Condition = Is | IsIn | Within | IsOneOf | Except | AnyOf

VISIBLE = Is("status", Status.VISIBLE.value)
HIDDEN = IsIn("status", [status.value for status in Status if status is not Status.VISIBLE])
CANARY = Is("status", Status.CANARY.value)
"""The condition of the points that no count and no scan may have."""
EMBEDDING_PENDING = Within("vector_due_at_ms", 0, None)
ALERTS_PENDING = Within("alerts_due_at_ms", 0, None)

_KEYWORDS = {
    "seller": "sellers",
    "availability": "availability",
    "currency": "currency",
}
"""The payload field by the name of the filter."""
_NAMES = ("brand", "category")
"""Filters for names, and their payload fields."""


def conditions(filters: Filters) -> list[Condition]:
    """Return the conditions of these filters.

    No condition checks `status`, since points that are not visible carry no vectors.
    """
    keywords = ((field, getattr(filters, name)) for name, field in _KEYWORDS.items())
    named = ((name, getattr(filters, name)) for name in _NAMES)
    return [
        *(Is(field, value) for field, value in keywords if value is not None),
        *(_named(name, value) for name, value in named if value is not None),
        *_price_within(filters),
        *([] if filters.min_rating is None else [Within("rating", filters.min_rating, None)]),
    ]


class FiltersNow(Filters):
    """Filters that compare the prices of one moment."""

    turned: tuple[str, ...]
    """The points whose sale window has turned and whose stored price is still the one before."""
    passing: tuple[str, ...]
    """The turned points whose price at the moment is within the bounds."""


def _price_within(filters: Filters) -> list[Condition]:
    within = Within("price", filters.min_price, filters.max_price)
    if (within.least, within.most) == (None, None):
        return []
    if not isinstance(filters, FiltersNow) or not filters.turned:
        return [within]
    return [AnyOf((IsOneOf(filters.passing), Except(within, filters.turned)))]


def _named(field: str, value: str) -> AnyOf:
    """Return the condition for a name, however it is written. Points of earlier releases have no keys of names."""
    return AnyOf((Is("name_keys", f"{field}:{name_key(value)}"), Is(field, value)))


def in_partitions(partitions: Collection[int] | None) -> list[Condition]:
    """Return the condition that the item of a point belongs to one of these partitions; none for all partitions."""
    return [] if partitions is None else [IsIn("partition", list(partitions))]


def price_change_due(now_ms: int) -> Condition:
    """Return the condition that a sale window has turned since the price was computed."""
    return Within("price_changes_at_ms", None, now_ms)


def positions_in(payload: Mapping[str, Any] | None) -> dict[str, int]:
    """Return the positions in the payload of the hidden point."""
    return {name: value for name, value in (payload or {}).items() if name not in (*POSITIONS_PAYLOAD, CREATED_WITH)}


_ALL_NONE = dict.fromkeys(Payload.__annotations__)


def complete_payload(stored: Mapping[str, Any] | None) -> Payload:
    """Return a payload with all its keys. Qdrant drops a field that is set to None."""
    return cast("Payload", {**_ALL_NONE, **(stored or {})})
