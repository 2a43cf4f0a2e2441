"""Writes as operations of a Qdrant Edge shard, and its records as payloads and vectors."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import numpy as np
import orjson
from qdrant_edge import Point, PointVectors, SparseVector, UpdateMode, UpdateOperation

from schemas.points import differs, point_id
from workers.index import lexical
from workers.index.edge import filters as where
from workers.index.edge.offers_text import columns_in, offers_in, offers_text
from workers.index.interface import DENSE, LEXICAL
from workers.index.layout import NESTED_FIELDS, POSITIONS_PAYLOAD, POSITIONS_POINT, complete_payload
from workers.index.writes import Upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from qdrant_edge import Record, ScoredPoint

    from schemas.points import Payload
    from workers.index.stored import Stored
    from workers.index.writes import Write

POINT_IDS_KNOWN_MAX = 100_000
"""The most point ids that are remembered as text, some 200 bytes each. Two rankings of a search have 400."""


def operation(write: Write, *, checked: bool = True) -> UpdateOperation:
    """Return a write as one operation, carried out completely or not at all.

    `checked`: its condition on the version holds, as the caller has looked, and nothing else writes to the shard
    meanwhile. Qdrant Edge takes up to half as long again to look itself, as it does for an upsert that is not checked.
    """
    point = point_id(write.product_id)
    if isinstance(write, Upsert):
        whole_point = Point(point, _vectors(write), _written(write.payload))
        return UpdateOperation.upsert_points([whole_point], condition=None if checked else where.older(write.version))
    return UpdateOperation.set_payload([point], _written(write.payload))


def differences(write: Upsert, before: Stored) -> list[UpdateOperation]:
    """Return the operations that turn a stored point, `before`, into the one that is to be written.

    They take half the time of an upsert, for which every field and the dense vector are handed over and indexed again.
    Between them the point has the new words and the old version: see `workers.index.edge.texts_in_hand`.
    """
    point = point_id(write.product_id)
    vectors = _words(write) if write.dense is before.dense else _vectors(write)
    stored = cast("dict[str, Any]", before.payload)
    differing = {field: value for field, value in write.payload.items() if differs(field, stored.get(field), value)}
    return [
        UpdateOperation.update_vectors([PointVectors(point, vectors)]),
        UpdateOperation.set_payload([point], _written(differing)),
    ]


def create_positions() -> UpdateOperation:
    """Return the operation that creates the hidden point of a new shard."""
    point = Point(POSITIONS_POINT, {}, dict(POSITIONS_PAYLOAD))
    return UpdateOperation.upsert_points([point], update_mode=UpdateMode.InsertOnly)


def id_of(point: Record | ScoredPoint) -> str:
    """Return the id of a point as text."""
    return _text(cast("UUID", point.id).int)


def ids_of(points: Sequence[Record | ScoredPoint]) -> list[str]:
    """Return the ids of points as text, in three quarters of the time that `id_of` takes for each."""
    uuids = cast("list[UUID]", [point.id for point in points])
    return [_text(each.int) for each in uuids]


def read(record: Record) -> Payload:
    """Return the payload as it was written."""
    return complete_payload(decoded(record, {"offers": offers_in}))


def read_head(record: Record) -> Payload:
    """Return the payload as `read` does, but many offers by fields, as they are most quickly compared."""
    return complete_payload(decoded(record, {"offers": columns_in}))


def decoded(record: Record, ways: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    """Return the fields that were read with the nested ones decoded, from JSON or in the way that is given for one."""
    stored = record.payload or {}
    return stored | {field: ways.get(field, orjson.loads)(stored[field]) for field in NESTED_FIELDS & stored.keys()}


def dense(record: Record) -> NDArray[np.float32] | None:
    """Return the dense vector, float32 `(dimension,)`; None if the point has none or was read without it."""
    vector = record.vector.get(DENSE) if isinstance(record.vector, dict) else None
    return None if vector is None else np.asarray(vector, dtype=np.float32)


def accepted(vector: NDArray[np.float32]) -> list[float]:
    """Return the vector as a list, which Qdrant Edge reads in half the time that it takes for an array."""
    listed: list[float] = vector.tolist()
    return listed


@lru_cache(POINT_IDS_KNOWN_MAX)
def _text(number: int) -> str:
    """Return a UUID as text, in an eighth of the time that `str` takes where it is known."""
    return str(UUID(int=number))


def _vectors(write: Upsert) -> dict[str, Any]:
    return _words(write) if write.dense is None else {DENSE: accepted(write.dense), **_words(write)}


def _words(write: Upsert) -> dict[str, Any]:
    return {} if write.words is None else {LEXICAL: SparseVector(*lexical.document(write.words))}


def _written(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Encode nested fields as JSON text: handing them to the shard value by value costs as much as the write itself."""
    return {
        field: _as_text(field, value) if field in NESTED_FIELDS and value is not None else value
        for field, value in payload.items()
    }


def _as_text(field: str, value: Any) -> str:
    return offers_text(value) if field == "offers" else orjson.dumps(value).decode()
