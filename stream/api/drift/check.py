"""Compares the index with the item log, one partition after the other, while all goes on.

It compares as `freshline reconcile` does. An item that differs is looked at again after the end offsets of the item log
were asked for once more and the index has reached them, so a change under way is no drift. Nothing is repaired.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from schemas.errors import Unavailable
from schemas.times import rfc3339
from stream.api.drift.models import DriftReport
from stream.kafka.cluster import cluster_of
from stream.reconcile.compare import ComparisonContext
from stream.reconcile.run import reconcile
from stream.runtime.jobs import Step

if TYPE_CHECKING:
    from collections.abc import Collection

    from stream.api.context import ServingContext
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

INTERVAL_S = 900.0
"""The time between the checks of two partitions: a check of 5,000 items takes some seconds of one core."""
AGAIN_S = 30.0
"""The time after which a check is tried again that had to wait, or could not be finished."""
FAULTY_AGAIN_S = 60.0
"""The time after which a partition with faults is checked again, as a repair may have mended it; then after twice as
long, until the turn of the next one."""
EXAMPLES_MAX = 5


class PartitionCheck(NamedTuple):
    """The last check of a partition."""

    collection: str
    """The collection that was checked: what another one has is another matter."""
    found: dict[str, Any]
    """The result of `reconcile`."""

    @property
    def faults(self) -> int:
        """The items that differ."""
        return int(self.found["found"]["faults"])


class DriftCheck:
    """Checks every quarter of an hour one of the partitions that this process writes, and remembers the last checks."""

    def __init__(
        self,
        context: ServingContext,
        *,
        interval_s: float = INTERVAL_S,
        again_s: float = AGAIN_S,
        faulty_again_s: float = FAULTY_AGAIN_S,
    ) -> None:
        self._context = context
        self._interval_s = interval_s
        self._again_s = again_s
        self._faulty_again_s = faulty_again_s
        self._checks: dict[int, PartitionCheck] = {}
        self._last_ms: int | None = None
        context.metrics.drift.set_function(lambda: self.report().faults)

    async def run(self) -> None:
        """Check one partition after the other until cancelled."""
        number = -1
        await asyncio.sleep(self._interval_s)
        while True:
            following = next_of(self._context.writers.assigned, number)
            if following is not None and await self._check(following):
                number = following
                await self._rest()
            else:
                await asyncio.sleep(self._again_s)

    def report(self) -> DriftReport:
        """Return the results of the last checks of the partitions of this process, in the index that serves."""
        found = {number: check.found for number, check in self._in_force().items()}
        return drift_report(found, self._context.settings.partitions, self._last_ms)

    def forget(self) -> None:
        """Forget what was found, because the index was repaired."""
        self._checks.clear()

    def _in_force(self) -> dict[int, PartitionCheck]:
        """Return the last checks but those of another worker's partitions by now, and of a collection that served."""
        if not self._checks:
            return {}
        writers = self._context.writers
        assigned, serving = writers.assigned, writers.roles.serving.collection
        return {
            number: check
            for number, check in self._checks.items()
            if number in assigned and check.collection == serving
        }

    async def _rest(self) -> None:
        """Rest until the turn of the next partition, and check those with faults again meanwhile."""
        left_s, pause_s = self._interval_s, self._faulty_again_s
        while left_s > 0:
            faulty = [number for number, check in self._in_force().items() if check.faults]
            slept_s = min(pause_s, left_s) if faulty else left_s
            await asyncio.sleep(slept_s)
            left_s, pause_s = left_s - slept_s, 2 * pause_s
            for number in faulty if left_s > 0 else ():
                await self._check(number)

    async def _check(self, number: int) -> bool:
        """Check a partition; return False if it could not be checked now, which is no drift."""
        context = self._context
        if not context.as_of.caught_up or context.writers.roles.building is not None:
            return False  # The index is being filled: it has less than the log, as it should.
        settings = context.settings
        directory = settings.data_dir / f"drift-{settings.worker_slot}"
        try:
            index = await context.collections.serving()
            compared = comparison_context(context, index, only=number)
            found = await reconcile(compared, directory, Step(context.clock), context.gate, repair=False)
        except Unavailable as error:
            log.info("drift was not checked", partition=number, error=str(error))
            return False
        except Exception:  # A watch must not end the process that it watches.
            log.exception("bug in the watch for drift", partition=number)
            return False
        check = PartitionCheck(index.collection, found)
        self._checks[number], self._last_ms = check, context.clock.now_ms()
        if check.faults:
            examples = {"faults": check.faults, "examples": self.report().examples}
            log.error("the index differs from the item log: run freshline reconcile", partition=number, **examples)
        return True


def next_of(assigned: Collection[int], number: int) -> int | None:
    """Return the assigned partition that follows this one, in turns; None if none is assigned."""
    return min((each for each in assigned if each > number), default=min(assigned, default=None))


def comparison_context(context: ServingContext, index: Index, *, only: int | None = None) -> ComparisonContext:
    """Return the context of a comparison of this index with the item log; `only` names the one partition to compare."""
    settings = context.settings
    return ComparisonContext(
        index=index,
        epoch=context.identity.epoch,
        watermark=context.watermark,
        shop_currency=settings.shop_currency,
        clock=context.clock,
        kafka=cluster_of(settings),
        partitions=settings.partitions,
        only=only,
    )


def drift_report(found: dict[int, dict[str, Any]], partitions: int, last_ms: int | None) -> DriftReport:
    """Return the sum of the last checks of all partitions."""
    examples = [
        f"{each['product_id']}: {fault} {each['detail']}".strip()
        for result in found.values()
        for fault, of_fault in result["found"]["examples"].items()
        for each in of_fault
    ]
    return DriftReport(
        checked=len(found),
        partitions=partitions,
        last_at=rfc3339(last_ms),
        items=sum(result["items"] for result in found.values()),
        faults=sum(result["found"]["faults"] for result in found.values()),
        examples=examples[:EXAMPLES_MAX],
    )
