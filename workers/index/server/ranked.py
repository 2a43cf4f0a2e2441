"""The points that queries find, read from an answer of a Qdrant server without more work than a search needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qdrant_client import grpc as messages
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from workers.index.server.client import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_client import models

    from workers.index.server.calls import Calls


class FoundPoint(NamedTuple):
    """A point that a query has found."""

    point_id: str
    score: float
    payload: dict[str, Any] | None
    """The payload; None, or empty, if the query does not ask for it."""


async def ranked(calls: Calls, collection: str, queries: Sequence[models.QueryRequest]) -> list[list[FoundPoint]]:
    """Return the points of each query, asked in one request. Raises the errors of `Calls.ask`."""
    if calls.grpc is not None:
        return await _over_grpc(calls, collection, queries)
    found = await calls.ask(lambda: calls.rest.query_batch_points(collection, requests=queries))
    return [[FoundPoint(str(point.id), point.score, point.payload) for point in each.points] for each in found]


async def _over_grpc(calls: Calls, collection: str, queries: Sequence[models.QueryRequest]) -> list[list[FoundPoint]]:
    """Ask with a gRPC message that is built here. qdrant-client would copy each query and build a model of each point,
    and a search over gRPC would then cost more than over REST."""
    client = calls.client
    asked = messages.QueryBatchPoints(
        collection_name=collection,
        query_points=[RestToGrpc.convert_query_request(query, collection) for query in queries],
    )
    answer = await calls.ask(lambda: client.grpc_points.QueryBatch(asked, timeout=TIMEOUT_SECONDS))
    return [[_point(point) for point in each.result] for each in answer.result]


def _point(point: Any) -> FoundPoint:
    # Our ids are UUIDs.
    return FoundPoint(point.id.uuid, point.score, GrpcToRest.convert_payload(point.payload) if point.payload else None)
