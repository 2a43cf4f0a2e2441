"""The course of a rebuild where the index is away, the roles change meanwhile, or another worker does the same.

These tests prove docs/invariants.md#8.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from qdrant_client import AsyncQdrantClient

from schemas.errors import Conflict, Unavailable
from schemas.points import point_version
from stream.rebuild.context import RebuildContext, RebuildIntervals
from stream.rebuild.run import Rebuild
from stream.runtime.jobs import Step
from stream.writers.backfill import done_name, end_name
from tests.support.waiting import until
from workers.clock import SystemClock
from workers.embedder.fake import FakeEmbedder
from workers.embedder.registry import EmbedderRegistry
from workers.index.server.calls import PERSISTENCE, Calls
from workers.index.server.collections import ServerCollections
from workers.query_gate import QueryGate
from workers.retry import Backoff
from workers.search.hits import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from workers.index.interface import Index
    from workers.index.roles import Collections

EPOCH, END = 3, 7


class Server(Calls):
    """A server that may be away."""

    away = False

    async def ask(self, call: Callable[[], Awaitable[Any]]) -> Any:
        if self.away:
            raise Unavailable("the Qdrant server does not answer")
        return await super().ask(call)


class StandInWriter(NamedTuple):
    failed: None = None


class StandInWriters:
    """A writer set that has a writer for every collection with a role."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._attached: set[str] = set()

    async def refresh(self) -> None:
        self._attached = {index.collection for index in (await self._collections.roles()).all}

    def writer(self, index: Index) -> StandInWriter | None:
        return StandInWriter() if index.collection in self._attached else None


class Worker:
    """An index worker, as far as a rebuild knows it."""

    def __init__(self, client: AsyncQdrantClient, models: EmbedderRegistry) -> None:
        self.server = Server(client, PERSISTENCE)
        self.collections = ServerCollections(self.server, "items", SystemClock())
        self.writers = StandInWriters(self.collections)
        self.models = models
        parts: Any = (self.collections, self.writers, models, Shop(None, ()), EPOCH, 1, None, SystemClock())
        self.rebuild = Rebuild(RebuildContext(*parts), RebuildIntervals(0.01, 0.01, Backoff(0.01, 0.01)))
        self.step = Step(SystemClock())

    async def run(self, model: str | None = None) -> dict[str, Any]:
        return await self.rebuild.run(self.step, model)

    async def begun(self) -> Index:
        """The collection that is being built, once it is being filled."""
        await until(lambda: self.step.phase == "filling", "it is being filled")
        building = (await self.collections.roles()).building
        assert building is not None
        return building


class Stack(NamedTuple):
    client: AsyncQdrantClient
    one: Worker
    other: Worker

    async def names(self) -> set[str]:
        """The names of all collections."""
        return {each.name for each in (await self.client.get_collections()).collections}


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    client, models = AsyncQdrantClient(":memory:"), EmbedderRegistry("fake", threads=1, gate=QueryGate())
    made = Stack(client, Worker(client, models), Worker(client, models))
    await made.one.collections.ensure_serving(FakeEmbedder().model, None)
    yield made
    await models.close()
    await client.close()


async def fill(index: Index) -> None:
    """Note that the only partition is filled, as the worker that has it assigned would."""
    full = point_version(EPOCH, END)
    await index.save_positions({end_name(0): full, done_name(0): full})


async def rebuilt(worker: Worker, model: str | None = None) -> dict[str, Any]:
    worker.step = Step(SystemClock())
    running = asyncio.create_task(worker.run(model))
    await fill(await worker.begun())
    return await running


async def test_an_index_that_is_away_is_waited_for_and_the_report_says_so(stack: Stack) -> None:
    running = asyncio.create_task(stack.one.run())
    building = await stack.one.begun()
    stack.one.server.away = True
    await until(lambda: stack.one.step.phase.startswith("waiting: the Qdrant server"), "it says that it waits")
    assert not running.done()
    stack.one.server.away = False
    await fill(building)
    assert (await running)["collection"] == building.collection
    assert (await stack.one.collections.serving()).collection == building.collection


async def test_a_switch_whose_answer_was_lost_is_a_switch(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    before, switch, answers = await stack.one.collections.serving(), stack.one.collections.switch, [False, True]

    async def lossy(built: Index) -> None:
        await switch(built)
        if not answers.pop(0):
            raise Unavailable("the Qdrant server does not answer")

    monkeypatch.setattr(stack.one.collections, "switch", lossy)
    result = await rebuilt(stack.one)
    roles = await stack.one.collections.roles()
    assert (result["collection"], result["before"]) == (roles.serving.collection, before.collection)
    assert roles.previous is not None and roles.previous.collection == before.collection


async def test_another_model_than_the_one_being_built_is_refused_and_the_same_or_none_finishes_it(stack: Stack) -> None:
    other = FakeEmbedder(name="other").model
    building = await stack.one.collections.begin(other, "other")
    with pytest.raises(Conflict, match="an index for the model other is being built, not for third"):
        await stack.one.run("third")
    assert (await rebuilt(stack.one, "other"))["collection"] == building.collection
    building = await stack.one.collections.begin(other, "other")
    assert (await rebuilt(stack.one))["collection"] == building.collection


@pytest.mark.parametrize("asked", ["roll_back", "finish"])
async def test_the_roles_may_change_while_the_model_is_loaded(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    await rebuilt(stack.one)
    identify = stack.one.models.identify

    async def meanwhile(source: str | None) -> Any:
        await getattr(stack.other.rebuild, asked)()
        return await identify(source)

    monkeypatch.setattr(stack.one.models, "identify", meanwhile)
    result = await rebuilt(stack.one)
    roles = await stack.one.collections.roles()
    assert roles.serving.collection == result["collection"] and roles.building is None
    assert await stack.names() == {index.name for index in roles.all}


async def test_two_workers_that_go_on_with_the_same_rebuild_both_see_it_done(stack: Stack) -> None:
    building = await stack.one.collections.begin(FakeEmbedder().model, None)
    await fill(building)
    workers = stack.one, stack.other
    results = await asyncio.gather(*(worker.rebuild.go_on(worker.step, building) for worker in workers))
    assert [result["collection"] for result in results] == [building.collection] * 2
    assert (await stack.one.collections.serving()).collection == building.collection


async def test_a_rebuild_that_another_worker_has_finished_is_done(stack: Stack) -> None:
    before = await stack.one.collections.serving()
    running = asyncio.create_task(stack.one.run())
    building = await stack.one.begun()
    await stack.other.collections.switch(building)
    await stack.other.rebuild.finish()
    await fill(building)
    assert (await running)["collection"] == building.collection
    assert await stack.names() == {building.name} and before.name != building.name


async def test_a_rebuild_that_another_worker_gave_up_ends_in_one_sentence_and_leaves_nothing(stack: Stack) -> None:
    serving = await stack.one.collections.serving()
    running = asyncio.create_task(stack.one.run())
    building = await stack.one.begun()
    await stack.other.collections.retire(building)
    await stack.one.writers.refresh()
    with pytest.raises(Conflict, match=f"{building.collection} is not being built any more"):
        await running
    assert await stack.names() == {serving.name}


async def test_of_two_that_begin_at_once_one_withdraws_and_leaves_nothing(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, begin = await stack.one.collections.serving(), stack.one.collections.begin
    model, others = FakeEmbedder().model, list[Any]()

    async def beaten(*asked: Any) -> Index:
        begun = await begin(*asked)
        others.append(await stack.other.collections.begin(model, None))
        return begun

    monkeypatch.setattr(stack.one.collections, "begin", beaten)
    with pytest.raises(Conflict, match="another worker has just begun a rebuild"):
        await stack.one.run()
    assert await stack.names() == {serving.name, others[0].name}


async def test_of_two_that_are_asked_at_once_one_builds(stack: Stack) -> None:
    running = [asyncio.create_task(worker.run()) for worker in (stack.one, stack.other)]

    async def have_ended() -> bool:
        # Both may begin, and one of them learns from its writers, which look again and again, that it lost its role.
        for worker in (stack.one, stack.other):
            await worker.writers.refresh()
        if (building := (await stack.one.collections.roles()).building) is not None:
            with contextlib.suppress(Unavailable):
                await fill(building)
        return all(each.done() for each in running)

    await until(have_ended, "both have ended")
    ends = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(end, (dict, Conflict)) for end in ends) and any(isinstance(end, dict) for end in ends)
    roles = await stack.one.collections.roles()
    assert await stack.names() == {index.name for index in roles.all}
