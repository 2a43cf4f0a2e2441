"""The index of the peers: a Qdrant Edge shard with one point an item, as its documentation writes it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeVectorParams,
    Point,
    Query,
    QueryRequest,
    ScrollRequest,
    UpdateOperation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

HITS = 10
PAGE = 1_000
VECTOR = "dense"


class Store:
    """The points of all items."""

    def __init__(self, directory: Path, dimension: int) -> None:
        if (directory / "segments").exists():
            self._shard = EdgeShard.load(str(directory))
        else:
            directory.mkdir(parents=True, exist_ok=True)
            vectors = {VECTOR: EdgeVectorParams(size=dimension, distance=Distance.Cosine)}
            self._shard = EdgeShard.create(str(directory), EdgeConfig(vectors=vectors))

    def upsert(self, items: Sequence[tuple[Mapping[str, Any], NDArray[np.float32]]]) -> None:
        """Write whole points: payload and float32 `(dimension,)`."""
        points = [Point(_id(p["product_id"]), {VECTOR: v.tolist()}, dict(p)) for p, v in items]
        self._shard.update(UpdateOperation.upsert_points(points))

    def patch(self, patches: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Set fields of the payloads of points that are there."""
        for product_id, fields in patches:
            self._shard.update(UpdateOperation.set_payload([_id(product_id)], dict(fields)))

    def get(self, product_id: str) -> dict[str, Any] | None:
        """Return the payload of an item; None if it has none."""
        found = self._shard.retrieve([_id(product_id)], True, False)
        return dict(found[0].payload or {}) if found else None

    def search(self, vector: NDArray[np.float32]) -> list[dict[str, Any]]:
        """Return the payloads of the nearest points, best first."""
        nearest = Query.Nearest(vector.tolist(), using=VECTOR)
        found = self._shard.query(QueryRequest(limit=HITS, query=nearest, with_payload=True))
        return [dict(point.payload or {}) for point in found]

    def all(self) -> list[dict[str, Any]]:
        """Return the payloads of all points."""
        return [dict(record.payload) for record in self._records(vectors=False)]

    def all_with_vectors(self) -> list[tuple[dict[str, Any], NDArray[np.float32]]]:
        """Return the payloads of all points with their vectors, float32 `(dimension,)`."""
        return [(dict(r.payload), np.array(r.vector[VECTOR], np.float32)) for r in self._records(vectors=True)]

    def _records(self, *, vectors: bool) -> Iterator[Any]:
        offset = None
        while True:
            asked = ScrollRequest(offset=offset, limit=PAGE, with_payload=True, with_vector=vectors)
            records, offset = self._shard.scroll(asked)
            yield from records
            if offset is None:
                return

    def close(self) -> None:
        """Flush and close the shard."""
        self._shard.close()


def _id(product_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, product_id))
