"""Writes as operations of a Qdrant server. Each has a condition on the stored point."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from qdrant_client import models

from schemas.offer_columns import OfferColumns
from schemas.points import being_written, point_id
from workers.index import lexical
from workers.index.interface import DENSE, LEXICAL
from workers.index.server import filters as where
from workers.index.server.calls import OPERATIONS_MAX
from workers.index.writes import DenseVector, Patch, Upsert, Write

if TYPE_CHECKING:
    from collections.abc import Sequence


def operations(writes: Sequence[Write]) -> list[models.UpdateOperation]:
    """Return the operations of these writes.

    Neighbouring upserts share an operation, since on a server an operation costs 0.4 ms, however it is batched.
    """
    found: list[models.UpdateOperation] = []
    for is_upsert, run in groupby(writes, key=lambda write: isinstance(write, Upsert)):
        if is_upsert:
            found += [_upsert(chunk) for chunk in _chunks(cast("list[Upsert]", list(run)))]
        else:
            found += [_patch(write) for write in run if not isinstance(write, Upsert)]
    return found


def _upsert(upserts: Sequence[Upsert]) -> models.UpdateOperation:
    versions = [(point_id(upsert.product_id), upsert.version) for upsert in upserts]
    points = [
        models.PointStruct(id=point, vector=_vectors(upsert), payload=dict(upsert.payload))
        for (point, _), upsert in zip(versions, upserts, strict=True)
    ]
    condition = where.each_older(versions)
    return models.UpsertOperation(upsert=models.PointsList(points=points, update_filter=condition))


def _vectors(upsert: Upsert) -> dict[str, Any]:
    vectors: dict[str, Any] = {}
    if upsert.words is not None:
        words = lexical.document(upsert.words)
        vectors[LEXICAL] = models.SparseVector(indices=words.indices, values=words.values)
    if upsert.dense is not None:
        vectors[DENSE] = upsert.dense.tolist()
    return vectors


def _patch(write: Write) -> models.UpdateOperation:
    base = write.base if isinstance(write, Patch) else write.version
    payload = dict(write.payload)
    if isinstance(payload.get("offers"), OfferColumns):
        payload["offers"] = list(payload["offers"])
    return set_payload(payload, where.still(base, point_id(write.product_id)))


def set_payload(payload: dict[str, Any], condition: models.Filter) -> models.UpdateOperation:
    """Return the operation that patches the points that satisfy the condition."""
    return models.SetPayloadOperation(set_payload=models.SetPayload(payload=payload, filter=condition))


def update_vectors(vectors: Sequence[DenseVector]) -> models.UpdateOperation:
    """Return the operation that writes each vector whose embedding is still pending."""
    pending = [(point_id(each.product_id), each.fingerprint) for each in vectors]
    points = [
        models.PointVectors(id=point, vector={DENSE: each.vector.tolist()})
        for (point, _), each in zip(pending, vectors, strict=True)
    ]
    condition = where.any_embedding_pending(pending)
    return models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=points, update_filter=condition))


def begin_vector(vector: DenseVector) -> models.UpdateOperation:
    """Return the operation that says that a vector is being written, where its embedding is still pending.

    Another worker may write the item between the vector and the clearing of `vector_due`: with the same text, and
    without that vector, or with an old one. Its write takes the mark away, so that the embedding stays pending.
    """
    point, fingerprint = point_id(vector.product_id), vector.fingerprint
    return set_payload({"vector_fingerprint": being_written(fingerprint)}, where.embedding_pending(point, fingerprint))


def clear_pending(vector: DenseVector) -> models.UpdateOperation:
    """Return the operation that clears `vector_due` after its vector was written, where nothing came between."""
    written = {"vector_due": None, "vector_due_at_ms": None, "vector_fingerprint": vector.fingerprint}
    return set_payload(written, where.vector_being_written(point_id(vector.product_id), vector.fingerprint))


def _chunks(upserts: Sequence[Upsert]) -> list[list[Upsert]]:
    """Split upserts into chunks of bounded size that hold each item once.

    Within an operation the order of two writes to the same point would not be kept.
    """
    chunks: list[list[Upsert]] = [[]]
    for upsert in upserts:
        chunk = chunks[-1]
        if len(chunk) == OPERATIONS_MAX or any(other.product_id == upsert.product_id for other in chunk):
            chunks.append(chunk := [])
        chunk.append(upsert)
    return chunks
