"""The course of a rebuild. All that it must not forget stands in the index (roles, progress): killed, it goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import structlog

from schemas.errors import Conflict, FreshlineError, Gone, Unavailable
from stream.rebuild.check import check
from stream.rebuild.cost import cost
from stream.writers.backfill import partitions_filled
from stream.writers.writer_set import LOOK_INTERVAL_S as ROLES_INTERVAL_S
from workers.index.interface import not_built

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stream.runtime.jobs import Step
    from stream.writers.writer_set import WriterSet
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.interface import Collections, Index
    from workers.search.hits import Shop

log = structlog.get_logger(__name__)
T = TypeVar("T")

LOOK_INTERVAL_S = 0.2
AWAY_S = 1.0
OWED_MAX = 16
"""Vectors that the new collection may owe beyond those that the old one does: texts that changed just now."""

BEGUN_ELSEWHERE = "another worker has just begun a rebuild: ask again to follow it"


class RebuildContext(NamedTuple):
    """What a rebuild works with."""

    collections: Collections
    attached: WriterSet
    models: EmbedderRegistry
    shop: Shop
    epoch: int
    partitions: int
    model: str | None
    """Of which a rebuild is where none is asked for, as the settings say; None: of that of the serving collection."""


class Rebuild:
    """Rebuilds of one API process; of several processes each goes on with what it finds half done."""

    def __init__(self, rebuilding: RebuildContext) -> None:
        self._with = rebuilding

    async def estimate(self, step: Step, source: str | None) -> dict[str, Any]:
        """What a rebuild with this model would do and cost; changes nothing. Raises Misconfigured, Unavailable.

        `source`: of the model, None: that of the settings, or else the one of the collection that serves.
        """
        serving = await self._with.collections.serving()
        source = self._source(source, serving)
        model = await self._with.models.identify(source)
        return await cost(step, serving, model, await self._with.models.embedder(source).loaded())

    async def run(self, step: Step, source: str | None) -> dict[str, Any]:
        """Builds, checks and switches; what is being built already is taken up. `source`: as for `estimate`.

        An index that is away meanwhile is waited for. Raises Misconfigured if there is no such model, Conflict if
        another model's is being built, FreshlineError if the check fails: then nothing has changed.
        """
        return await self.go_on(step, await self._patiently(step, lambda: self._to_build(step, source)))

    async def go_on(self, step: Step, building: Index) -> dict[str, Any]:
        """Finishes what was begun before, perhaps by another worker that is at it too. Raises as `run`."""
        log.info("rebuild", collection=building.collection)
        try:
            return await self._patiently(step, lambda: self._complete(step, building))
        except Gone:
            return await self._patiently(step, lambda: self._overtaken(step, building))

    async def roll_back(self) -> dict[str, Any]:
        """The previous collection serves again, as fresh as ever; a second time leads forward again.

        Raises Conflict if there is none.
        """
        await self._previous("go back to")
        before = await self._with.collections.serving()
        await self._with.collections.roll_back()
        await self._with.attached.refresh()
        return {"collection": (await self._with.collections.serving()).collection, "before": before.collection}

    async def finish(self) -> dict[str, Any]:
        """Drops the previous collection: changes are written once again, not twice. Raises Conflict."""
        previous = await self._previous("drop")
        await self._drop(previous)
        return {"dropped": previous.collection}

    async def _previous(self, to: str) -> Index:
        previous = (await self._with.collections.roles()).previous
        if previous is None:
            raise Conflict(f"there is nothing to {to}: no collection but the one that serves is kept up to date")
        return previous

    def _source(self, asked: str | None, serving: Index) -> str | None:
        return asked or self._with.model or serving.metadata.model_source

    async def _to_build(self, step: Step, asked: str | None) -> Index:
        """What is being built already, or else what is begun now."""
        building = (await self._with.collections.roles()).building
        if building is None:
            return await self._begin(step, asked)
        if asked is not None and await self._with.models.identify(asked) != building.model:
            raise Conflict(
                f"an index for the model {building.model.name} is being built, not for {asked}: a rebuild without "
                "--model finishes it; ask for another model after that"
            )
        return building

    async def _begin(self, step: Step, asked: str | None) -> Index:
        source = self._source(asked, await self._with.collections.serving())
        model = await self._with.models.identify(source)
        await self._with.models.embedder(source).loaded()
        roles = await self._with.collections.roles()  # To load took seconds, in which they may have changed.
        if roles.building is not None:
            raise Conflict(BEGUN_ELSEWHERE)
        if roles.previous is not None:
            await self._discard(step, roles.previous)
        begun = await self._with.collections.begin(model, source)
        if not _is(begun, (await self._with.collections.roles()).building):
            await self._discard(step, begun)
            raise Conflict(BEGUN_ELSEWHERE)
        return begun

    async def _complete(self, step: Step, building: Index) -> dict[str, Any]:
        """From whatever point it has reached to its end. Raises Gone if another worker has taken it away."""
        await self._with.attached.refresh()
        await self._until_filled(step, building)
        await self._until_embedded(step, building)
        serving = await self._with.collections.serving()
        if _is(building, serving):
            return await self._overtaken(step, building)
        report = await check(step, serving, building, self._with.models, self._with.shop)
        if report.wrong:
            await self._discard(step, building)
            raise FreshlineError(f"the new collection was not taken: {report.wrong}; search goes on as it was")
        await self._with.collections.switch(building)
        await self._with.attached.refresh()
        return _result(building, serving, report.figures)

    async def _overtaken(self, step: Step, building: Index) -> dict[str, Any]:
        """Another worker went on with the same rebuild, and was first: then it serves, or was given up."""
        roles = await self._with.collections.roles()
        if _is(building, roles.serving):
            return _result(building, roles.previous, {})
        if not any(_is(building, each) for each in roles.all):
            await self._discard(step, building)
        raise Conflict(not_built(building))

    async def _until_filled(self, step: Step, building: Index) -> None:
        """Every partition's owner has confirmed, by the end that it took, and reached it."""
        complete, done, total = await self._filled(building)
        step.phase_begins("filling", total, done=done)
        while complete < self._with.partitions:
            await self._wait(step, building)
            complete, step.done, step.total = await self._filled(building)

    async def _filled(self, building: Index) -> tuple[int, int, int]:
        return await partitions_filled(building, self._with.epoch, self._with.partitions)

    async def _until_embedded(self, step: Step, building: Index) -> None:
        owed = await building.count_owed()
        step.phase_begins("embedding", owed)
        while owed > OWED_MAX + await (await self._with.collections.serving()).count_owed():
            await self._wait(step, building)
            owed = await building.count_owed()
            step.done = max(0, (step.total or 0) - owed)

    async def _wait(self, step: Step, building: Index) -> None:
        await asyncio.sleep(LOOK_INTERVAL_S)
        writer = self._with.attached.writer(building)
        if writer is None:
            raise Gone(not_built(building))
        if writer.failed is not None:
            await self._discard(step, building)
            raise writer.failed

    async def _discard(self, step: Step, index: Index) -> None:
        """As `_drop`, to its end: half done, nobody would ever delete it."""
        await self._patiently(step, lambda: self._drop(index))

    async def _drop(self, index: Index) -> None:
        """First every worker must have let go of it."""
        await self._with.collections.retire(index)
        await self._with.attached.refresh()
        await asyncio.sleep(2 * ROLES_INTERVAL_S)
        await self._with.collections.delete(index)

    async def _patiently(self, step: Step, work: Callable[[], Awaitable[T]]) -> T:
        """Its result; where the index is away, it is begun again until it is not. Raises Gone."""
        while True:
            try:
                return await work()
            except Gone:
                raise
            except Unavailable as error:
                log.warning("rebuild waits", error=str(error))
                step.phase_begins(f"waiting: {error}")
                await asyncio.sleep(AWAY_S)


def _is(one: Index, other: Index | None) -> bool:
    return other is not None and one.collection == other.collection


def _result(built: Index, before: Index | None, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "collection": built.collection,
        "before": before and before.collection,
        "model": built.model.name,
        **figures,
    }
