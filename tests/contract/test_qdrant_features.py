"""A server that lacks a feature is noticed at the start, by trying it, whatever its version says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from qdrant_client import AsyncQdrantClient, models

from schemas.errors import Misconfigured, Unavailable
from stream.runtime.ports import free_port
from tests.qdrant_front.serving import in_thread
from tests.support.index_backends import front_address
from workers.index.address import ServerAddress
from workers.index.open import check_answers
from workers.index.server.calls import Calls
from workers.index.server.client import create_client, create_grpc_client
from workers.index.server.features import SCRATCH_PREFIX, check_features
from workers.retry import Backoff, Persistence

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = Persistence(2, Backoff(0.001, 0.002))


class Older(AsyncQdrantClient):
    """A server that ignores the condition of a write, as those before 1.16 do, or the metadata of a collection."""

    ignores: str = ""

    async def batch_update_points(
        self, collection_name: str, update_operations: Sequence[models.UpdateOperation], *rest: Any, **more: Any
    ) -> list[models.UpdateResult]:
        return await super().batch_update_points(collection_name, self._understood(update_operations), *rest, **more)

    async def create_collection(  # type: ignore[override]
        self, collection_name: str, vectors_config: Any = None, **more: Any
    ) -> bool:
        if self.ignores == "metadata":
            more["metadata"] = None
        return bool(await super().create_collection(collection_name, vectors_config, **more))

    def _understood(self, operations: Sequence[models.UpdateOperation]) -> list[models.UpdateOperation]:
        copies = [operation.model_copy(deep=True) for operation in operations]
        for copy in copies:
            part = getattr(copy, self.ignores, None)
            if part is not None:
                part.update_filter = None
        return copies


async def left_behind(client: AsyncQdrantClient) -> list[str]:
    return [each.name for each in (await client.get_collections()).collections if each.name.startswith(SCRATCH_PREFIX)]


@pytest.mark.parametrize("backend", ["local mode", "REST", "gRPC"])
async def test_a_server_that_has_all_is_taken_and_left_as_it_was(backend: str) -> None:
    client = AsyncQdrantClient(":memory:") if backend == "local mode" else create_client(front_address(backend))
    calls = Calls(client, QUICK, create_grpc_client(front_address(backend)) if backend == "gRPC" else None)
    await check_features(calls)
    assert await left_behind(client) == []
    await calls.close()


@pytest.mark.parametrize(
    ("ignores", "lacking"),
    [
        ("upsert", "conditional upserts"),
        ("update_vectors", "conditional updates of vectors"),
        ("metadata", "metadata of collections"),
    ],
)
async def test_what_a_server_lacks_is_named(ignores: str, lacking: str) -> None:
    client = Older(":memory:")
    client.ignores = ignores
    with pytest.raises(Misconfigured, match=rf"lacks what Freshline needs \({lacking}\): use a newer one"):
        await check_features(Calls(client, QUICK))
    assert await left_behind(client) == []
    await client.close()


async def test_a_port_of_grpc_that_belongs_to_another_server_is_noticed() -> None:
    ours, other = in_thread(None), in_thread(None)
    with pytest.raises(Misconfigured, match="FRESHLINE_QDRANT_GRPC_PORT: another Qdrant server"):
        await check_answers(ServerAddress(ours.url, grpc_port=other.grpc_port))
    client = create_grpc_client(ServerAddress(ours.url, grpc_port=other.grpc_port))
    assert client is not None and await left_behind(client) == []
    await client.close()
    await check_answers(ServerAddress(ours.url, grpc_port=ours.grpc_port))


async def test_a_port_of_grpc_at_which_nothing_listens_is_told_apart_from_a_server_that_is_away() -> None:
    ours = in_thread(None)
    with pytest.raises(Unavailable, match=r"not over gRPC: correct FRESHLINE_QDRANT_GRPC_PORT.*refused\)$"):
        await check_answers(ServerAddress(ours.url, grpc_port=free_port()))
    with pytest.raises(Unavailable, match=r"does not answer .*FRESHLINE_QDRANT_URL says where it is"):
        await check_answers(ServerAddress(f"http://127.0.0.1:{free_port()}", grpc_port=free_port()))
