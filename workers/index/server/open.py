"""Opens the collections on a Qdrant server, and checks that the server is there and new enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from workers.index.server.calls import Calls, OnlyRestAnswers, Persistence, check_version
from workers.index.server.client import create_client, create_grpc_client
from workers.index.server.collections import ServerCollections
from workers.index.server.features import check_features

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

    from workers.embedder.interface import ModelId
    from workers.index.address import ServerAddress


async def open_server(
    server: ServerAddress, *, alias: str, model: ModelId, model_source: str | None
) -> ServerCollections:
    """Open the collections on the server.

    Raises Unavailable while it is away, Misconfigured if it lacks a feature or does not let us in, and the errors of
    `open_with`.
    """
    calls = _calls_to(server)
    try:
        await check_version(calls)
        await check_features(calls)
        return await _opened(calls, alias, model, model_source)
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
    return Calls(create_client(server), Persistence(), create_grpc_client(server))


async def open_with(
    rest: AsyncQdrantClient,
    *,
    grpc: AsyncQdrantClient | None = None,
    alias: str,
    model: ModelId,
    model_source: str | None = None,
    persistence: Persistence | None = None,
) -> ServerCollections:
    """Open the collections under the alias. If it names none, create an empty one for this model.

    Raises Misconfigured, with what to do, if one of them was written by another version.
    """
    return await _opened(Calls(rest, persistence or Persistence(), grpc), alias, model, model_source)


async def _opened(calls: Calls, alias: str, model: ModelId, model_source: str | None) -> ServerCollections:
    collections = ServerCollections(calls, alias)
    await collections.ensure_serving(model, model_source)
    return collections
