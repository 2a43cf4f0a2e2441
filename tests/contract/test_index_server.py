"""The index on a server that is away, stops half way, or was set up before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from index_backends import MODEL, content, planned
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

from schemas.errors import Unavailable
from schemas.queries import Filters
from workers.index.server_calls import Backoff
from workers.index.server_collections import open_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.index.interface import Index, Write

QUICK = Backoff(attempts=3, first_seconds=0.001)

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


class Flaky(AsyncQdrantClient):
    """Local mode behind a connection that breaks: the next batches are applied in part, then the answer is lost."""

    breaks = 0
    applied = 0

    async def batch_update_points(
        self, collection_name: str, update_operations: Sequence[models.UpdateOperation], **more: Any
    ) -> list[models.UpdateResult]:
        if self.breaks:
            self.breaks -= 1
            await super().batch_update_points(collection_name, update_operations[: self.applied], **more)
            raise ResponseHandlingException(ConnectionError("connection lost"))
        return await super().batch_update_points(collection_name, update_operations, **more)


async def serving(client: AsyncQdrantClient, backoff: Backoff | None = None) -> Index:
    return await (await open_with(client, alias="items", model=MODEL, backoff=backoff)).serving()


def writes(count: int) -> list[Write]:
    made = [planned(content(str(number), f"title {number}"), number + 1).write for number in range(count)]
    return [write for write in made if write is not None]


@pytest.mark.parametrize("applied", [0, 1, 2])
async def test_a_batch_that_stopped_half_way_is_repeated(applied: int) -> None:
    client = Flaky(":memory:")
    index = await serving(client, backoff=QUICK)
    client.breaks, client.applied = 2, applied
    assert await index.write(writes(100)) == set()
    assert await index.count(Filters()) == 100
    await index.close()


async def test_a_server_that_stays_away_is_unavailable_in_a_sentence() -> None:
    client = Flaky(":memory:")
    index = await serving(client, backoff=QUICK)
    client.breaks = 3
    with pytest.raises(Unavailable, match=r"Qdrant server does not answer \(connection lost\)"):
        await index.write(writes(1))
    assert await index.write(writes(1)) == set()
    await index.close()


async def test_an_unreachable_server_is_unavailable() -> None:
    client = AsyncQdrantClient(url="http://127.0.0.1:9", check_compatibility=False)
    with pytest.raises(Unavailable, match="does not answer"):
        await open_with(client, alias="items", model=MODEL, backoff=QUICK)
    await client.close()


async def test_acknowledged_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    client = AsyncQdrantClient(":memory:")
    index = await serving(client, backoff=QUICK)
    pending = models.UpdateResult(operation_id=1, status=models.UpdateStatus.ACKNOWLEDGED)

    async def acknowledge(*_: Any, **__: Any) -> list[models.UpdateResult]:
        return [pending]

    monkeypatch.setattr(client, "batch_update_points", acknowledge)
    with pytest.raises(Unavailable, match="acknowledged, not completed"):
        await index.write(writes(1))
    await index.close()


async def test_a_collection_is_created_once_and_found_by_its_alias() -> None:
    client = AsyncQdrantClient(":memory:")
    first = await serving(client)
    await first.write(writes(3))
    again = await serving(client)
    assert (again.name, again.collection) == (first.name, first.collection)
    assert await again.count(Filters()) == 3
    await client.close()


async def test_search_asks_the_collection_that_the_alias_names_now() -> None:
    client = AsyncQdrantClient(":memory:")
    collections = await open_with(client, alias="items", model=MODEL)
    old = await collections.serving()
    other = await (await open_with(client, alias="rebuilt", model=MODEL._replace(revision="2"))).serving()
    await other.write(writes(2))
    switch = models.CreateAlias(collection_name=other.name, alias_name="items")
    await client.update_collection_aliases([models.CreateAliasOperation(create_alias=switch)])
    now = await collections.serving()
    assert (now.collection, now.model.revision) == (other.collection, "2")
    assert await now.count(Filters()) == 2
    assert await old.count(Filters()) == 0
    await client.close()
