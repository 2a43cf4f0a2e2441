"""Opens the collections on a Qdrant server, and checks that the server is there and new enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from workers.clock import SystemClock
from workers.index.server.calls import PERSISTENCE, Calls, OnlyRestAnswers, check_version
from workers.index.server.client import create_client, create_grpc_client
from workers.index.server.collections import ServerCollections
from workers.index.server.features import check_features
from workers.index.server.reading import BROWSED_POINTS

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

    from workers.clock import Clock
    from workers.embedder.interface import ModelId
    from workers.index.address import ServerAddress
    from workers.retry import Persistence


async def open_server(
    server: ServerAddress, *, alias: str, model: ModelId, model_source: str | None, clock: Clock
) -> ServerCollections:
    """Open the collections on the server.

    Raises Unavailable while it is away, Misconfigured if it lacks a feature or does not let us in, and the errors of
    `open_with`.
    """
    calls = _calls_to(server)
    try:
        await check_version(calls)
        await check_features(calls)
        return await _opened(ServerCollections(calls, alias, clock), model, model_source)
    except BaseException:
        await calls.close()  # A start tries again: each try would leave clients that go on connecting.
        raise


async def check_server(server: ServerAddress) -> None:
    """Raise Unavailable if the server does not answer, Misconfigured if it does not let us in, lacks what Freshline
    needs, or is another one over gRPC than over REST.
    """
    calls = _calls_to(server)
    try:
        await check_version(calls)
        await check_features(calls)
    except OnlyRestAnswers:
        raise
    except Unavailable as error:
        raise Unavailable(
            f"{server.url}: {error} FRESHLINE_QDRANT_URL says where it is; unset, the embedded index serves."
        ) from error
    finally:
        await calls.close()


def _calls_to(server: ServerAddress) -> Calls:
    return Calls(create_client(server), PERSISTENCE, create_grpc_client(server))


async def open_with(
    rest: AsyncQdrantClient,
    *,
    grpc: AsyncQdrantClient | None = None,
    alias: str,
    model: ModelId,
    persistence: Persistence = PERSISTENCE,
    clock: Clock | None = None,
    browsed_points: int = BROWSED_POINTS,
) -> ServerCollections:
    """Open the collections under the alias. If it names none, create an empty one for this model.

    Raises Misconfigured, with what to do, if one of them was written by another version.
    """
    calls = Calls(rest, persistence, grpc)
    collections = ServerCollections(calls, alias, clock or SystemClock(), browsed_points=browsed_points)
    return await _opened(collections, model, None)


async def _opened(collections: ServerCollections, model: ModelId, model_source: str | None) -> ServerCollections:
    await collections.ensure_serving(model, model_source)
    return collections
