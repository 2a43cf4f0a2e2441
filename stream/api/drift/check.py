"""Compares the index with the item log, one partition after the other, while all goes on.

It is the comparison of `freshline reconcile`: what differs is looked at again once the index has caught up with ends of
the item log that were asked for later, so a change under way is no drift. Nothing is repaired.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

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
EXAMPLES_MAX = 5


class DriftCheck:
    """Checks every quarter of an hour one of the partitions that this process writes, and remembers the last checks."""

    def __init__(self, context: ServingContext, *, interval_s: float = INTERVAL_S, again_s: float = AGAIN_S) -> None:
        self._context = context
        self._interval_s = interval_s
        self._again_s = again_s
        self._found: dict[int, dict[str, Any]] = {}
        self._last_ms: int | None = None

    async def run(self) -> None:
        """Check one partition after the other until cancelled."""
        number = -1
        await asyncio.sleep(self._interval_s)
        while True:
            following = next_of(self._context.writers.assigned, number)
            if following is not None and await self._check(following):
                number = following
                await asyncio.sleep(self._interval_s)
            else:
                await asyncio.sleep(self._again_s)

    def report(self) -> DriftReport:
        """Return the result of the last check of each partition."""
        return drift_report(self._found, self._context.settings.partitions, self._last_ms)

    async def _check(self, number: int) -> bool:
        """Check a partition; return False if it could not be checked now, which is no drift."""
        context = self._context
        if not context.as_of.caught_up or context.writers.roles.building is not None:
            return False  # The index is being filled: it has less than the log, as it should.
        settings = context.settings
        directory = settings.data_dir / f"drift-{settings.worker_slot}"
        try:
            compared = comparison_context(context, await context.collections.serving(), only=number)
            found = await reconcile(compared, directory, Step(context.clock), context.gate, repair=False)
        except Unavailable as error:
            log.info("drift was not checked", partition=number, error=str(error))
            return False
        except Exception:  # A watch must not end the process that it watches.
            log.exception("bug in the watch for drift", partition=number)
            return False
        self._found[number], self._last_ms = found, context.clock.now_ms()
        report = self.report()
        context.metrics.drift.set(report.faults)
        if found["found"]["faults"]:
            examples = {"faults": found["found"]["faults"], "examples": report.examples}
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
