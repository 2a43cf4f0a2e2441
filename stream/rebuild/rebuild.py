"""The course of a rebuild. All that it must not forget stands in the index (roles, progress): killed, it goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from schemas.errors import FreshlineError, Gone, Unavailable
from stream.api.service import Conflict
from stream.index.attached import LOOK_INTERVAL_S as ROLES_INTERVAL_S
from stream.index.backfill import partitions_filled
from stream.rebuild.check import check
from stream.rebuild.cost import cost

if TYPE_CHECKING:
    from schemas.errors import Misconfigured
    from stream.index.attached import Attached
    from stream.index.jobs import Step
    from workers.embedder.models import Models
    from workers.index.interface import Collections, Index
    from workers.shown import Shop

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.2
AWAY_S = 1.0
OWED_MAX = 16
"""Vectors that the new collection may owe beyond those that the old one does: texts that changed just now."""


class Rebuilding(NamedTuple):
    """What a rebuild works with."""

    collections: Collections
    attached: Attached
    models: Models
    shop: Shop
    epoch: int
    partitions: int


class Rebuild:
    """Rebuilds of one API process; of several processes each goes on with what it finds half done."""

    def __init__(self, rebuilding: Rebuilding) -> None:
        self._with = rebuilding

    async def estimate(self, step: Step, source: str | None) -> dict[str, Any]:
        """What a rebuild with this model would do and cost; changes nothing. Raises Misconfigured, Unavailable.

        `source`: of the model, None: the one of the collection that serves.
        """
        serving = await self._with.collections.serving()
        source = source or serving.metadata.model_source
        model = await self._with.models.identify(source)
        return await cost(step, serving, model, await self._with.models.embedder(source).loaded())

    async def run(self, step: Step, source: str | None, *, insists: bool = False) -> dict[str, Any]:
        """Builds, checks and switches; what is being built already is taken up. `source`: as for `estimate`.

        `insists`: on this model, also where one for another is being built. Raises Misconfigured if there is no such
        model, Conflict, FreshlineError if the check fails: then nothing has changed.
        """
        building = (await self._with.collections.roles()).building
        if building is None:
            building = await self._begin(source)
        elif insists and (model := await self._with.models.identify(source)) != building.model:
            raise Conflict(f"an index for {building.model.name} is being built, not for {model.name}: wait for it")
        log.info("rebuild", collection=building.collection)
        while True:
            try:
                return await self._completed(step, building)
            except Gone:
                raise
            except Unavailable as error:
                step.phase_begins(f"waiting: {error}")
                log.warning("rebuild waits", error=str(error))
                await asyncio.sleep(AWAY_S)

    async def _completed(self, step: Step, building: Index) -> dict[str, Any]:
        """May be repeated from the beginning: what is done takes no time."""
        await self._with.attached.refresh()
        await self._until_filled(step, building)
        await self._until_embedded(step, building)
        serving = await self._with.collections.serving()
        report = await check(step, serving, building, self._with.models, self._with.shop)
        if report.wrong:
            await self._drop(building)
            raise FreshlineError(f"the new collection was not taken: {report.wrong}; search goes on as it was")
        await self._with.collections.switch(building)
        await self._with.attached.refresh()
        return {
            "collection": building.collection,
            "before": serving.collection,
            "model": building.model.name,
            **report.figures,
        }

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

    async def _begin(self, source: str | None) -> Index:
        source = source or (await self._with.collections.serving()).metadata.model_source
        model = await self._with.models.identify(source)
        await self._with.models.embedder(source).loaded()
        # Asked once it is loaded: meanwhile somebody may have gone back to it.
        if (previous := (await self._with.collections.roles()).previous) is not None:
            await self._drop(previous)
        return await self._with.collections.begin(model, source)

    async def _until_filled(self, step: Step, building: Index) -> None:
        """Every partition's owner has confirmed, by the end that it took, and reached it."""
        _, before, total = await partitions_filled(building, self._with.epoch, self._with.partitions)
        step.phase_begins("filling", total, done=before)
        while True:
            complete, step.done, step.total = await partitions_filled(building, self._with.epoch, self._with.partitions)
            if complete == self._with.partitions:
                return
            await self._wait(building)

    async def _until_embedded(self, step: Step, building: Index) -> None:
        owed = await building.count_owed()
        step.phase_begins("embedding", owed)
        while owed > OWED_MAX + await (await self._with.collections.serving()).count_owed():
            await self._wait(building)
            owed = await building.count_owed()
            step.done = max(0, (step.total or 0) - owed)

    async def _wait(self, building: Index) -> None:
        await asyncio.sleep(LOOK_INTERVAL_S)
        if error := self._failure(building):
            await self._drop(building)
            raise error

    def _failure(self, building: Index) -> Misconfigured | None:
        writer = self._with.attached.writer(building)
        return writer.failed if writer else None

    async def _drop(self, index: Index) -> None:
        """First every worker must have let go of it."""
        await self._with.collections.retire(index)
        await self._with.attached.refresh()
        await asyncio.sleep(2 * ROLES_INTERVAL_S)
        await self._with.collections.delete(index)
