"""The whole of a reconciliation, as a job of the process that holds the index."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Any

from stream.kafka.end_offsets import EndOffsets
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from stream.reconcile.compare import Comparison
from stream.reconcile.item_log import ItemLog
from stream.reconcile.outcome_counts import OutcomeCounts
from stream.reconcile.spill import Buckets, bucket_count
from workers.priority import CooperativeTurns

if TYPE_CHECKING:
    from pathlib import Path

    from stream.reconcile.compare import ComparisonContext
    from stream.runtime.jobs import Step
    from workers.priority import QueryGate

TURN_SECONDS, PAUSE_SECONDS = 0.003, 0.002
"""The pause is longer than one round of the loop: an event needs several of them to become searchable."""
VECTORS_SECONDS_MAX = 30.0
"""How long the last look waits for the vectors that a repair has asked for; what is owed after that is a backlog."""


async def reconcile(
    compared: ComparisonContext, directory: Path, step: Step, gate: QueryGate, *, repair: bool
) -> dict[str, Any]:
    """Compares the index with the item state; with `repair` mends it, and looks once more.

    Works in `directory`, which is this process's own and is emptied before and after. The result: `items` (in the log),
    `points` (in the index), `found` and `left` (after the repair, None without) as Tally reports them, `repaired`,
    `seconds`. Raises Unavailable if broker or index are away, or the disk is nearly full.
    """
    began_s = time.monotonic()
    await asyncio.to_thread(_empty, directory)
    try:
        async with EndOffsets(compared.kafka) as ends, Reader(compared.kafka) as reader:
            comparison = await _comparison(compared, directory, step, ends, reader, gate)
            found = await comparison.look_again(await comparison.first_look(), repair=repair)
            left = await _left(comparison) if repair else None
    finally:
        await asyncio.to_thread(shutil.rmtree, directory)
    return {
        "items": comparison.items,
        "points": comparison.points,
        "found": found.report(),
        "repaired": comparison.repaired,
        "left": left,
        "seconds": round(time.monotonic() - began_s, 3),
    }


async def _comparison(
    compared: ComparisonContext, directory: Path, step: Step, ends: EndOffsets, reader: Reader, gate: QueryGate
) -> Comparison:
    places = [Partition(ITEMS, number) for number in range(compared.partitions)]
    records = sum((await ends.fetch(places)).values())
    buckets = Buckets(directory, bucket_count(max(records, await compared.index.count_points())))
    turns = CooperativeTurns(gate, TURN_SECONDS, pause_seconds=PAUSE_SECONDS)
    return Comparison(compared, ItemLog(ends, reader, places, buckets, turns), buckets, step, turns)


async def _left(comparison: Comparison) -> dict[str, Any]:
    tally = await comparison.look_again(OutcomeCounts(), vectors_by_s=time.monotonic() + VECTORS_SECONDS_MAX)
    return tally.report()


def _empty(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
