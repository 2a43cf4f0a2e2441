"""Rebuilds a collection: fills, checks and switches to a new one.

Everything that a rebuild has to remember lies in the index, as roles and positions. A process that is started after a
kill goes on with it.

This module enforces docs/invariants.md#8.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from schemas.errors import Conflict, FreshlineError, Gone
from stream.rebuild.check import check
from stream.rebuild.context import DEFAULT_INTERVALS, RebuildContext, RebuildIntervals
from stream.rebuild.cost import cost
from stream.writers.backfill import partitions_filled
from workers.index.roles import abandoned_sentence
from workers.retry import until_available

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from schemas.errors import Unavailable
    from stream.runtime.jobs import Step
    from workers.index.interface import Index

log = structlog.get_logger(__name__)
T = TypeVar("T")

PENDING_MAX = 16
"""The number of embeddings that the new collection may have pending beyond the old one: texts that changed just now."""

BEGUN_ELSEWHERE = "another worker has just begun a rebuild: ask again to follow it"


class Rebuild:
    """The rebuilds of one API process. Where several processes serve, each goes on with a rebuild it finds begun."""

    def __init__(self, context: RebuildContext, intervals: RebuildIntervals = DEFAULT_INTERVALS) -> None:
        self._context = context
        self._intervals = intervals

    async def estimate(self, step: Step, source: str | None) -> dict[str, Any]:
        """Return the effect and the cost of a rebuild with this model; change nothing. Raises Misconfigured,
        Unavailable.

        `source` is the name or folder of a model. None means the model of the settings, or if they name none, the model
        of the serving collection.
        """
        serving = await self._context.collections.serving()
        source = self._source(source, serving)
        model = await self._context.models.identify(source)
        embedder = await self._context.models.embedder(source).loaded()
        return await cost(step, serving, model, embedder, self._context.clock)

    async def run(self, step: Step, source: str | None) -> dict[str, Any]:
        """Build, check and switch to a new collection, or go on with one that is being built.

        `source` is as for `estimate`. An index that is away meanwhile is waited for. Raises Misconfigured if there is
        no such model, Conflict if a collection for another model is being built, FreshlineError if the check fails:
        then the old collection serves as before.
        """
        return await self.go_on(step, await self._until_available(step, lambda: self._to_build(step, source)))

    async def go_on(self, step: Step, building: Index) -> dict[str, Any]:
        """Finish a rebuild that was begun before, perhaps by another worker that does so, too. Raises like `run`."""
        log.info("rebuild", collection=building.collection)
        try:
            return await self._until_available(step, lambda: self._complete(step, building))
        except Gone:
            return await self._until_available(step, lambda: self._overtaken(step, building))

    async def roll_back(self) -> dict[str, Any]:
        """Let the previous collection serve again, which is as fresh; a second call goes forward again.

        Raises Conflict if there is no previous collection.
        """
        await self._previous("go back to")
        before = (await self._context.collections.roles()).serving
        await self._context.collections.roll_back()
        await self._context.writers.refresh()
        serving = (await self._context.collections.roles()).serving
        return {"collection": serving.collection, "before": before.collection}

    async def finish(self) -> dict[str, Any]:
        """Drop the previous collection, so that changes are written to one collection again. Raises Conflict."""
        previous = await self._previous("drop")
        await self._drop(previous)
        return {"dropped": previous.collection}

    async def _previous(self, to: str) -> Index:
        previous = (await self._context.collections.roles()).previous
        if previous is None:
            raise Conflict(f"there is nothing to {to}: no collection but the one that serves is kept up to date")
        return previous

    def _source(self, asked: str | None, serving: Index) -> str | None:
        return asked or self._context.model or serving.metadata.model_source

    async def _to_build(self, step: Step, asked: str | None) -> Index:
        """Return the collection that is being built, or begin one."""
        building = (await self._context.collections.roles()).building
        if building is None:
            return await self._begin(step, asked)
        if asked is not None and await self._context.models.identify(asked) != building.model:
            raise Conflict(
                f"an index for the model {building.model.name} is being built, not for {asked}: a rebuild without "
                "--model finishes it; ask for another model after that"
            )
        return building

    async def _begin(self, step: Step, asked: str | None) -> Index:
        source = self._source(asked, (await self._context.collections.roles()).serving)
        model = await self._context.models.identify(source)
        await self._context.models.embedder(source).loaded()
        roles = await self._context.collections.roles()  # Loading took seconds, in which the roles may have changed.
        if roles.building is not None:
            raise Conflict(BEGUN_ELSEWHERE)
        if roles.previous is not None:
            await self._discard(step, roles.previous)
        begun = await self._context.collections.begin(model, source)
        if not _is(begun, (await self._context.collections.roles()).building):
            await self._discard(step, begun)
            raise Conflict(BEGUN_ELSEWHERE)
        return begun

    async def _complete(self, step: Step, building: Index) -> dict[str, Any]:
        """Bring a new collection from whatever point it has reached to serving.

        Raises Gone if another worker has finished or given up the same rebuild.
        """
        await self._context.writers.refresh()
        await self._until_filled(step, building)
        await self._until_embedded(step, building)
        serving = (await self._context.collections.roles()).serving
        if _is(building, serving):
            return await self._overtaken(step, building)
        report = await check(step, serving, building, self._context.models, self._context.shop, self._context.clock)
        if report.wrong:
            await self._discard(step, building)
            raise FreshlineError(f"the new collection was not taken: {report.wrong}; search goes on as it was")
        await self._context.collections.switch(building)
        await self._context.writers.refresh()
        return _result(building, serving, report.figures)

    async def _overtaken(self, step: Step, building: Index) -> dict[str, Any]:
        """Return the result of a rebuild that another worker finished. Raises Conflict if that worker gave it up."""
        roles = await self._context.collections.roles()
        if _is(building, roles.serving):
            return _result(building, roles.previous, {})
        if not any(_is(building, each) for each in roles.all):
            await self._discard(step, building)
        raise Conflict(abandoned_sentence(building))

    async def _until_filled(self, step: Step, building: Index) -> None:
        """Wait until every partition is filled up to the end offset that its worker wrote down when it began."""
        complete, done, total = await self._filled(building)
        step.phase_begins("filling", total, done=done)
        while complete < self._context.partitions:
            await self._wait(step, building)
            complete, done, total = await self._filled(building)
            step.reach(done, total)

    async def _filled(self, building: Index) -> tuple[int, int, int]:
        return await partitions_filled(building, self._context.epoch, self._context.partitions)

    async def _until_embedded(self, step: Step, building: Index) -> None:
        """Wait until the new collection has hardly more embeddings pending than the one that serves."""
        pending = await building.count_pending_embeddings()
        step.phase_begins("embedding", pending)
        while pending > PENDING_MAX + await self._pending_in_serving():
            await self._wait(step, building)
            pending = await building.count_pending_embeddings()
            step.reach(max(0, (step.total or 0) - pending))

    async def _pending_in_serving(self) -> int:
        return await (await self._context.collections.roles()).serving.count_pending_embeddings()

    async def _wait(self, step: Step, building: Index) -> None:
        """Wait for one interval. If the writer of the new collection failed, discard it and raise that error."""
        await asyncio.sleep(self._intervals.look_s)
        writer = self._context.writers.writer(building)
        if writer is None:
            raise Gone(abandoned_sentence(building))
        if writer.failed is not None:
            await self._discard(step, building)
            raise writer.failed

    async def _discard(self, step: Step, index: Index) -> None:
        """Drop a collection, however long the index is away: nothing else would delete one that is half dropped."""
        await self._until_available(step, lambda: self._drop(index))

    async def _drop(self, index: Index) -> None:
        """Delete a collection, once every worker has had the time to see that it has no role and to close it."""
        await self._context.collections.retire(index)
        await self._context.writers.refresh()
        await asyncio.sleep(2 * self._intervals.roles_s)
        await self._context.collections.delete(index)

    async def _until_available(self, step: Step, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the work, which is begun again while the index is away. Raises Gone."""

        def show(error: Unavailable, _wait_seconds: float) -> None:
            step.phase_begins(f"waiting: {error}")

        return await until_available(work, "rebuild waits", self._intervals.away, before_wait=show)


def _is(one: Index, other: Index | None) -> bool:
    return other is not None and one.collection == other.collection


def _result(built: Index, before: Index | None, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "collection": built.collection,
        "before": before and before.collection,
        "model": built.model.name,
        **figures,
    }
