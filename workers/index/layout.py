"""How a collection is laid out, as data: what is indexed, what filters ask, what is kept beside the items."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from schemas.points import POINT_NAMESPACE, Payload, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.queries import Filters

SCHEMA_VERSION = 1
"""Rises when points of an older layout cannot be served."""

POSITIONS_POINT = str(uuid.uuid5(POINT_NAMESPACE, "\0positions"))
"""The hidden point that holds the positions, by partition: no product_id can hold a NUL, so none shares its id."""
POSITIONS_PAYLOAD = {"status": "positions"}
"""Neither visible, delisted nor parked: nothing that is asked of items finds it."""

KEPT_FOR = "collection"
"""Field of the hidden point on a server: the collection that it was created with, as Index.collection names it."""

FieldType = Literal["keyword", "float", "integer"]

INDEXED_FIELDS: dict[str, FieldType] = {
    "status": "keyword",
    "gtin": "keyword",
    "brand": "keyword",
    "category": "keyword",
    "sellers": "keyword",
    "availability": "keyword",
    "price": "float",
    "rating": "float",
    "partition": "integer",
    "price_changes_at_ms": "integer",
    "vector_due_at_ms": "integer",
}
"""Every field that a search or a lane filters on.

Not `version`: an index on it would cost two thirds of the patch rate, and like `vector_due` it is only ever compared
on points that are named by their ids.
"""


NESTED_FIELDS = frozenset(("title", "description", "attributes", "offers", "updated_at_ms", "searchable_at_ms"))
"""Objects, and lists of them: never filtered on."""


class Is(NamedTuple):
    """The field, or one element of a list field, is this."""

    field: str
    value: str


class IsIn(NamedTuple):
    """The field is one of these."""

    field: str
    values: list[int]


class AtLeast(NamedTuple):
    """The field has a value, and it is not below this."""

    field: str
    value: float


class AtMost(NamedTuple):
    """The field has a value, and it is not above this."""

    field: str
    value: float


Condition = Is | IsIn | AtLeast | AtMost

VISIBLE = Is("status", Status.VISIBLE.value)
OWED = AtLeast("vector_due_at_ms", 0)

_CONDITIONS: dict[str, tuple[type[Is] | type[AtLeast] | type[AtMost], str]] = {
    "min_price": (AtLeast, "price"),
    "max_price": (AtMost, "price"),
    "seller": (Is, "sellers"),
    "brand": (Is, "brand"),
    "category": (Is, "category"),
    "availability": (Is, "availability"),
    "min_rating": (AtLeast, "rating"),
}
"""By name of the filter."""


def conditions(filters: Filters) -> list[Condition]:
    """The conditions of these filters. They say nothing of `status`: points that are not visible carry no vectors."""
    asked = ((*_CONDITIONS[name], getattr(filters, name)) for name in _CONDITIONS)
    return [condition(field, value) for condition, field, value in asked if value is not None]


def in_partitions(partitions: list[int]) -> Condition:
    """That a point's item belongs to one of these partitions."""
    return IsIn("partition", partitions)


def price_due_by(now_ms: int) -> Condition:
    """That a sale window has turned since the price was computed."""
    return AtMost("price_changes_at_ms", now_ms)


def only_positions(payload: Mapping[str, Any] | None) -> dict[str, int]:
    """Those in the payload of the hidden point."""
    return {name: value for name, value in (payload or {}).items() if name not in (*POSITIONS_PAYLOAD, KEPT_FOR)}


_ALL_NONE = dict.fromkeys(Payload.__annotations__)


def whole(stored: Mapping[str, Any] | None) -> Payload:
    """A payload with all its keys: setting a field to None removes it from what Qdrant keeps."""
    return cast("Payload", {**_ALL_NONE, **(stored or {})})
