"""The features of a Qdrant server that Freshline needs, tried on a scratch collection."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from qdrant_client import models

from schemas.errors import Gone, Misconfigured
from workers.index.interface import DENSE
from workers.index.server.calls import AlreadyExists, RefusedCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.server.calls import Calls

SCRATCH_PREFIX = "freshline-check-"
METADATA = {"made_by": "freshline"}
POINT = 1
STORED, WRITTEN = 2, 1
"""The version of the point, and that of the writes that its condition must refuse."""
VECTOR, OTHER_VECTOR = [1.0, 0.0], [0.0, 1.0]


async def check_features(calls: Calls) -> None:
    """Raise Misconfigured if the server lacks something that Freshline needs, by whatever version it calls itself.

    Raises Unavailable while the server is away.
    """
    try:
        async with _scratch_collection(calls) as name:
            if not await calls.ask(lambda: calls.rest.collection_exists(name)):
                raise Misconfigured(
                    "FRESHLINE_QDRANT_GRPC_PORT: another Qdrant server answers there than at FRESHLINE_QDRANT_URL: "
                    "name the port of gRPC of the same server"
                )
            missing = [what for what, works in await _tried(calls, name) if not works]
    except RefusedCall as error:
        missing = [f"it refuses a request: {error}"]
    if missing:
        version = (await calls.ask(calls.client.info)).version
        raise Misconfigured(
            f"the Qdrant server of version {version} lacks what Freshline needs ({', '.join(missing)}): use a newer one"
        )


@contextlib.asynccontextmanager
async def _scratch_collection(calls: Calls) -> AsyncIterator[str]:
    client, name = calls.client, f"{SCRATCH_PREFIX}{uuid.uuid4().hex}"
    vectors = {DENSE: models.VectorParams(size=len(VECTOR), distance=models.Distance.COSINE)}
    with contextlib.suppress(AlreadyExists):  # The answer to the first attempt was lost.
        await calls.ask(lambda: client.create_collection(name, vectors_config=vectors, metadata=METADATA))
    try:
        yield name
    finally:
        with contextlib.suppress(Gone):
            await calls.ask(lambda: client.delete_collection(name))


async def _tried(calls: Calls, name: str) -> list[tuple[str, bool]]:
    """Return the features that were tried, each with whether it works."""
    older = models.Filter(must=[models.FieldCondition(key="version", range=models.Range(lt=WRITTEN))])
    again = models.PointVectors(id=POINT, vector={DENSE: OTHER_VECTOR})
    await calls.update(
        name,
        [
            models.UpsertOperation(upsert=models.PointsList(points=[_point(STORED)])),
            models.UpsertOperation(upsert=models.PointsList(points=[_point(WRITTEN)], update_filter=older)),
            models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=[again], update_filter=older)),
        ],
    )
    info = await calls.ask(lambda: calls.client.get_collection(name))
    stored = await _stored(calls, name)
    vector = stored.vector.get(DENSE) if isinstance(stored.vector, dict) else None
    return [
        ("conditional upserts", (stored.payload or {}).get("version") == STORED),
        ("conditional updates of vectors", vector == VECTOR),
        ("metadata of collections", dict(info.config.metadata or {}) == METADATA),
    ]


async def _stored(calls: Calls, name: str) -> models.Record:
    (found,) = await calls.ask(lambda: calls.client.retrieve(name, [POINT], with_payload=True, with_vectors=True))
    return found


def _point(version: int) -> models.PointStruct:
    return models.PointStruct(id=POINT, vector={DENSE: VECTOR}, payload={"version": version})
