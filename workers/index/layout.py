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
    values: list[int] | list[str]


class Within(NamedTuple):
    """The field has a value, and it is neither below `least` nor above `most`; None: no bound."""

    field: str
    least: float | None
    most: float | None


Condition = Is | IsIn | Within

VISIBLE = Is("status", Status.VISIBLE.value)
HIDDEN = IsIn("status", [status.value for status in Status if status is not Status.VISIBLE])
EMBEDDING_PENDING = Within("vector_due_at_ms", 0, None)

_KEYWORDS = {"seller": "sellers", "brand": "brand", "category": "category", "availability": "availability"}
"""By name of the filter, the field that is that."""


def conditions(filters: Filters) -> list[Condition]:
    """The conditions of these filters. They say nothing of `status`: points that are not visible carry no vectors."""
    ranges = [Within("price", filters.min_price, filters.max_price), Within("rating", filters.min_rating, None)]
    keywords = ((field, getattr(filters, name)) for name, field in _KEYWORDS.items())
    bounded = [each for each in ranges if (each.least, each.most) != (None, None)]
    return [*(Is(field, value) for field, value in keywords if value is not None), *bounded]


def in_partitions(partitions: list[int]) -> Condition:
    """That a point's item belongs to one of these partitions."""
    return IsIn("partition", partitions)


def price_change_due(now_ms: int) -> Condition:
    """That a sale window has turned since the price was computed."""
    return Within("price_changes_at_ms", None, now_ms)


def only_positions(payload: Mapping[str, Any] | None) -> dict[str, int]:
    """Those in the payload of the hidden point."""
    return {name: value for name, value in (payload or {}).items() if name not in (*POSITIONS_PAYLOAD, KEPT_FOR)}


_ALL_NONE = dict.fromkeys(Payload.__annotations__)


def whole(stored: Mapping[str, Any] | None) -> Payload:
    """A payload with all its keys: setting a field to None removes it from what Qdrant keeps."""
    return cast("Payload", {**_ALL_NONE, **(stored or {})})
