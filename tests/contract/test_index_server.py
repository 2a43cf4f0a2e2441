"""The index on a server that is away, stops half way, or was set up before."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from httpx import Headers
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from typing_extensions import override

from schemas.errors import Gone, Misconfigured, Unavailable
from schemas.queries import Filters
from tests.support.clocks import ManualClock
from tests.support.index_backends import MODEL, content, front_url, planned, vector
from workers.index.layout import INDEXED_FIELDS
from workers.index.server.calls import PERSISTENCE, Calls, check_version
from workers.index.server.collections import SERVED_SECONDS_MAX
from workers.index.server.open import open_with
from workers.index.server.operations import operations
from workers.index.writes import DenseVector, Upsert
from workers.retry import Backoff, Persistence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.index.interface import Index
    from workers.index.writes import Write

QUICK = Persistence(3, Backoff(0.001, 0.002))


class Disturbed(AsyncQdrantClient):
    """Local mode in which a test decides what becomes of each batch."""

    async def batch_update_points(
        self,
        collection_name: str,
        update_operations: Sequence[models.UpdateOperation],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,  # noqa: ASYNC109  # As the client has it.
        **more: Any,
    ) -> list[models.UpdateResult]:
        return await self.carried_out(collection_name, update_operations)

    async def carried_out(
        self, collection: str, several: Sequence[models.UpdateOperation]
    ) -> list[models.UpdateResult]:
        return await super().batch_update_points(collection, several)


class Flaky(Disturbed):
    """A connection that breaks: the next batches are applied in part, then the answer is lost."""

    breaks = 0
    applied = 0

    @override
    async def carried_out(
        self, collection: str, several: Sequence[models.UpdateOperation]
    ) -> list[models.UpdateResult]:
        if self.breaks:
            self.breaks -= 1
            await super().carried_out(collection, several[: self.applied])
            raise ResponseHandlingException(ConnectionError("connection lost"))
        return await super().carried_out(collection, several)


class Interrupted(Disturbed):
    """Another worker, which writes before the last operation of the next batch that writes a vector."""

    other: Write | None = None

    @override
    async def carried_out(
        self, collection: str, several: Sequence[models.UpdateOperation]
    ) -> list[models.UpdateResult]:
        writes_vector = any(isinstance(each, models.UpdateVectorsOperation) for each in several)
        if self.other is None or not writes_vector:
            return await super().carried_out(collection, several)
        *first, last = several
        await super().carried_out(collection, first)
        other, self.other = self.other, None
        await super().carried_out(collection, operations([other]))
        return await super().carried_out(collection, [last])


async def serving(client: AsyncQdrantClient, persistence: Persistence = PERSISTENCE, alias: str = "items") -> Index:
    return await (await open_with(client, alias=alias, model=MODEL, persistence=persistence)).serving()


def writes(count: int) -> list[Write]:
    made = [planned(content(str(number), f"title {number}"), number + 1).write for number in range(count)]
    return [write for write in made if write is not None]


@pytest.mark.parametrize("applied", [0, 1, 2])
async def test_a_batch_that_stopped_half_way_is_repeated(applied: int) -> None:
    client = Flaky(":memory:")
    index = await serving(client, persistence=QUICK)
    client.breaks, client.applied = 2, applied
    assert await index.write(writes(100)) == set()
    assert await index.count(Filters()) == 100
    await index.close()


async def test_a_server_that_stays_away_is_unavailable_in_a_sentence() -> None:
    client = Flaky(":memory:")
    index = await serving(client, persistence=QUICK)
    client.breaks = 3
    with pytest.raises(Unavailable, match=r"Qdrant server does not answer \(connection lost\)"):
        await index.write(writes(1))
    assert await index.write(writes(1)) == set()
    await index.close()


async def test_an_unreachable_server_is_unavailable() -> None:
    client = AsyncQdrantClient(url="http://127.0.0.1:9", check_compatibility=False)
    with pytest.raises(Unavailable, match="does not answer"):
        await open_with(client, alias="items", model=MODEL, persistence=QUICK)
    await client.close()


async def test_acknowledged_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    client = AsyncQdrantClient(":memory:")
    index = await serving(client, persistence=QUICK)
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


class Counting(AsyncQdrantClient):
    """Local mode that counts how many field indexes are being created at the same time."""

    under_way = most = 0

    async def create_payload_index(self, *which: Any, **how: Any) -> models.UpdateResult:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return await super().create_payload_index(*which, **how)


async def test_all_field_indexes_of_a_new_collection_are_asked_for_at_once() -> None:
    client = Counting(":memory:")
    index = await serving(client)
    assert client.most == len(INDEXED_FIELDS)
    await index.close()


async def test_search_asks_the_collection_that_the_alias_names_once_it_was_read_again() -> None:
    client, clock = AsyncQdrantClient(":memory:"), ManualClock()
    collections = await open_with(client, alias="items", model=MODEL, clock=clock)
    old = await collections.serving()
    other = await (await open_with(client, alias="rebuilt", model=MODEL._replace(revision="2"))).serving()
    await other.write(writes(2))
    switch = models.CreateAlias(collection_name=other.name, alias_name="items")
    await client.update_collection_aliases([models.CreateAliasOperation(create_alias=switch)])
    assert await collections.serving() is old, "the alias was read a moment ago"
    clock.sleep(2 * SERVED_SECONDS_MAX)
    now = await collections.serving()
    assert (now.collection, now.model.revision) == (other.collection, "2")
    assert await now.count(Filters()) == 2
    assert await old.count(Filters()) == 0
    await client.close()


class Dropping(AsyncQdrantClient):
    """Local mode behind a connection that loses the first answer to each request."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.lost: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in ("create_collection", "create_payload_index", "update_collection_aliases", "get_collection"):
            return found

        async def dropped(*arguments: Any, **named: Any) -> Any:
            answer, request = await found(*arguments, **named), repr((name, arguments, named))
            if request not in self.lost:
                self.lost.add(request)
                raise ResponseHandlingException(ConnectionError("connection lost"))
            return answer

        return dropped


async def test_an_index_is_created_over_a_connection_that_loses_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Dropping(":memory:")
    refuse = client.create_collection

    async def create_collection(name: str, **more: Any) -> bool:
        try:
            return bool(await refuse(name, **more))
        except ValueError as error:  # as the server says it
            raise UnexpectedResponse(409, "Conflict", b"already exists", Headers()) from error

    monkeypatch.setattr(client, "create_collection", create_collection)
    index = await serving(client, QUICK)
    assert await index.write(writes(3)) == set()
    assert await index.positions() == {}
    await index.close()


async def over_http() -> AsyncQdrantClient:
    """Only there is a lacking collection an answer of the server."""
    return AsyncQdrantClient(url=front_url(), check_compatibility=False)


async def test_positions_are_not_kept_in_a_collection_that_another_worker_created_again() -> None:
    client = await over_http()
    ours = await serving(client, QUICK, "again")
    await ours.save_positions({"0": 7})
    await client.delete_collection(ours.name)
    anew = await serving(client, QUICK, "again")
    assert (anew.name, anew.collection == ours.collection) == (ours.name, False)
    with pytest.raises(Gone, match="deleted or emptied"):
        await ours.save_positions({"0": 8})
    with pytest.raises(Gone, match="deleted or emptied"):
        await ours.positions()
    assert await anew.positions() == {}
    await client.close()


async def test_a_collection_that_is_gone_says_so_whatever_is_asked_of_it() -> None:
    client = await over_http()
    index = await serving(client, QUICK, "gone")
    await client.delete_collection(index.name)
    for asked in (index.write(writes(1)), index.count_pending_embeddings(), index.stored(["a"]), index.positions()):
        with pytest.raises(Gone, match="gone from the Qdrant server"):
            await asked
    await client.close()


async def test_an_emptied_collection_begins_anew() -> None:
    client = await over_http()
    index = await serving(client, QUICK, "emptied")
    await index.save_positions({"0": 7})
    await client.delete(index.name, models.Filter())
    with pytest.raises(Gone):
        await index.positions()
    assert await (await serving(client, QUICK, "emptied")).positions() == {}
    await client.close()


@pytest.mark.parametrize(("version", "is_taken"), [("1.16.9", False), ("1.17.0", True), ("1.20.1", True)])
async def test_a_server_that_is_too_old_is_refused(
    version: str, is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = AsyncQdrantClient(":memory:")

    async def info() -> models.VersionInfo:
        return models.VersionInfo(title="qdrant", version=version)

    monkeypatch.setattr(client, "info", info)
    with nullcontext() if is_taken else pytest.raises(Misconfigured, match=r"is of version 1\.16\.9.*1\.17 or later"):
        await check_version(Calls(client, QUICK))
    await client.close()


@pytest.mark.parametrize("old", [None, vector(0, 1)], ids=["no vector", "an old vector"])
async def test_an_embedding_stays_pending_where_another_worker_wrote_its_text_without_its_vector(old: Any) -> None:
    client = Interrupted(":memory:")
    index = await serving(client)
    first = planned(content("a", "Zebra lamp"), 1, dense=old).write
    text = planned(content("a", "Giraffe lamp"), 2).write
    assert isinstance(first, Upsert) and isinstance(text, Upsert) and text.payload["fingerprint"] is not None
    await index.write([first, text])
    [stored] = (await index.stored(["a"], vectors=True)).values()
    planned_before = stored._replace(payload=first.payload, dense=old)
    client.other = planned(content("a", "Giraffe lamp"), 3, stored=planned_before).write
    written = DenseVector("a", text.payload["fingerprint"], vector(1))
    await index.write_dense([written])
    assert (await index.stored(["a"]))["a"].payload["vector_due"] == written.fingerprint
    await index.write_dense([written])
    [now] = (await index.stored(["a"], vectors=True)).values()
    assert (now.payload["vector_due"], now.payload["vector_fingerprint"]) == (None, written.fingerprint)
    assert now.dense is not None and now.dense.tolist() == [1, 0, 0, 0]
