"""The job that compares the index with the item state and repairs it, in the process that holds the index."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

from stream.kafka.end_offsets import EndOffsets
from stream.kafka.reader import Reader
from stream.reconcile.compare import Comparison
from stream.reconcile.item_log import ItemLog
from stream.reconcile.outcome_counts import OutcomeCounts
from stream.reconcile.spill import Buckets, bucket_count
from workers.query_gate import CooperativeTurns

if TYPE_CHECKING:
    from pathlib import Path

    from stream.reconcile.compare import ComparisonContext
    from stream.runtime.jobs import Step
    from workers.clock import Clock
    from workers.query_gate import QueryGate

TURN_SECONDS, PAUSE_SECONDS = 0.003, 0.002
"""The time that the work holds the event loop, and the time that it then pauses. The pause is longer than one round of
the loop, because an event needs several rounds to become searchable."""
VECTORS_SECONDS_MAX = 30.0
"""The time that the last look waits for embeddings that a repair made pending. Those pending after that are a backlog.
"""


async def reconcile(
    context: ComparisonContext, directory: Path, step: Step, gate: QueryGate, *, repair: bool
) -> dict[str, Any]:
    """Compare the index with the item state; with `repair` repair the index and look once more.

    The work uses `directory`, which belongs to this process alone and is emptied before and after. The result has
    `items` (in the log), `points` (in the index), `found` and `left` (after the repair, None without) as
    OutcomeCounts reports them, `repaired` and `seconds`. Raises Unavailable if broker or index are away, or the disk is
    nearly full.
    """
    began_s = context.clock.monotonic_s()
    await asyncio.to_thread(_empty, directory)
    try:
        async with EndOffsets(context.kafka) as ends, Reader(context.kafka) as reader:
            comparison = await _comparison(context, directory, step, ends, reader, gate)
            found = await comparison.look_again(await comparison.first_look(), repair=repair)
            left = await _left(comparison, context.clock) if repair else None
    finally:
        await asyncio.to_thread(shutil.rmtree, directory)
    return {
        "items": comparison.items,
        "points": comparison.points,
        "found": found.report(),
        "repaired": comparison.repaired,
        "left": left,
        "seconds": round(context.clock.monotonic_s() - began_s, 3),
    }


async def _comparison(
    context: ComparisonContext, directory: Path, step: Step, ends: EndOffsets, reader: Reader, gate: QueryGate
) -> Comparison:
    partitions = context.compared
    records = sum((await ends.fetch(partitions)).values())
    buckets = Buckets(directory, bucket_count(max(records, await context.index.count_points())))
    turns = CooperativeTurns(gate, TURN_SECONDS, pause_seconds=PAUSE_SECONDS)
    return Comparison(context, ItemLog(ends, reader, partitions, buckets, turns), buckets, step, turns)


async def _left(comparison: Comparison, clock: Clock) -> dict[str, Any]:
    """Look once more at what seemed wrong, and return the report of what still is."""
    vectors_by_s = clock.monotonic_s() + VECTORS_SECONDS_MAX
    return (await comparison.look_again(OutcomeCounts(), vectors_by_s=vectors_by_s)).report()


def _empty(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
