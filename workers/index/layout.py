"""The layout of a collection, as data: the indexed fields, the fields of a head, the hidden point."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal, cast

from schemas.points import POINT_NAMESPACE, Facets, Payload

if TYPE_CHECKING:
    from collections.abc import Mapping

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

TEXTS_IN_HAND = "texts_in_hand"
"""The field of the hidden point of an embedded index that names the points to which new texts were written last: the
version that each was to get, by point id, as JSON."""

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
    "currencies": "keyword",
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
"""The fields from which the plan sees whether the product changed, and every other field that a record can change."""

TIME_FIELDS = ("product_id", "searchable_at_ms")


def positions_in(payload: Mapping[str, Any] | None) -> dict[str, int]:
    """Return the positions in the payload of the hidden point."""
    others = (*POSITIONS_PAYLOAD, CREATED_WITH, TEXTS_IN_HAND)
    return {name: value for name, value in (payload or {}).items() if name not in others}


def is_item(payload: Payload) -> bool:
    """Return whether a complete payload is that of an item: an id from outside may be that of the hidden point."""
    return payload["product_id"] is not None


_ALL_NONE = dict.fromkeys(Payload.__annotations__)


def complete_payload(stored: Mapping[str, Any] | None) -> Payload:
    """Return a payload with all its keys. Qdrant drops a field that is set to None."""
    return cast("Payload", {**_ALL_NONE, **(stored or {})})
