"""What is written to a Qdrant Edge shard, and what is read from it, in its own terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from qdrant_edge import Point, UpdateMode, UpdateOperation

from schemas.points import point_id
from workers.index.edge import filters as where
from workers.index.interface import DENSE, LEXICAL, Patch, Upsert
from workers.index.layout import NESTED_FIELDS, POSITIONS_PAYLOAD, POSITIONS_POINT, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from qdrant_edge import Record

    from schemas.points import Payload
    from workers.index.interface import Write
    from workers.index.lexical import Lexical


def operation(write: Write, lexical: Lexical) -> UpdateOperation:
    """All of a write in one: whole, or not at all, under its condition on the version."""
    point = point_id(write.product_id)
    if isinstance(write, Upsert):
        whole_point = Point(point, _vectors(write, lexical), _written(write.payload))
        return UpdateOperation.upsert_points([whole_point], condition=where.older(write.version))
    version = write.base if isinstance(write, Patch) else write.version
    return UpdateOperation.set_payload_by_filter(where.still(version, point), _written(write.payload))


def create_positions() -> UpdateOperation:
    """The hidden point of a new shard."""
    point = Point(POSITIONS_POINT, {}, dict(POSITIONS_PAYLOAD))
    return UpdateOperation.upsert_points([point], update_mode=UpdateMode.InsertOnly)


def read(record: Record) -> Payload:
    """The payload as it was written."""
    stored = record.payload or {}
    return whole(stored | {field: orjson.loads(stored[field]) for field in NESTED_FIELDS & stored.keys()})


def dense(record: Record) -> NDArray[np.float32] | None:
    """float32 `(dimension,)`; None if it has none, or was read without."""
    vector = record.vector.get(DENSE) if isinstance(record.vector, dict) else None
    return None if vector is None else np.asarray(vector, dtype=np.float32)


def accepted(vector: NDArray[np.float32]) -> Any:
    """Qdrant Edge takes arrays as they are; its stubs know lists only."""
    return vector


def _vectors(write: Upsert, lexical: Lexical) -> dict[str, Any]:
    words: dict[str, Any] = {} if write.text is None else {LEXICAL: lexical.document(write.text)}
    return words if write.dense is None else {DENSE: write.dense, **words}


def _written(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Nested fields as JSON text: crossing into the shard value by value cost as much as the write itself."""
    return {
        field: orjson.dumps(value).decode() if field in NESTED_FIELDS and value is not None else value
        for field, value in payload.items()
    }
