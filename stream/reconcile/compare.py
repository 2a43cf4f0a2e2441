"""One comparison: a first look at everything, then further looks at what seemed wrong.

Changes go on meanwhile, so a fault counts only if it is still there once the index has finished the log up to an end
that was asked for after the first look.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from schemas.points import point_version
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS
from stream.reconcile.outcome_counts import OutcomeCounts
from stream.reconcile.repair import caught_up, publish_again
from workers.compare.index_diff import FAULTS, MENDABLE, Finding, Wanted, compare_point
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from schemas.items import ItemRecord
    from schemas.points import Payload
    from stream.reconcile.item_log import ItemLog, LoggedItem, Present
    from stream.reconcile.spill import Buckets
    from stream.runtime.jobs import Step
    from workers.index.interface import Index
    from workers.priority import CooperativeTurns

POINTS = "points"
LOOK_ITEMS_MAX = 64
"""Looked up in the index at once: 2-3 ms."""
LOOK_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class ComparisonContext:
    """What is compared, and the settings that the index is written with."""

    index: Index
    epoch: int
    """Of the item log."""
    indexed: Callable[[int], int]
    """By partition: all records below this offset are in the index."""
    shop_currency: str | None
    clock_ms: Callable[[], int]
    kafka: str
    partitions: int


class Comparison:
    """One run; its looks are made one after the other."""

    def __init__(
        self, compared: ComparisonContext, log: ItemLog, buckets: Buckets, step: Step, turns: CooperativeTurns
    ) -> None:
        self._compared = compared
        self._log = log
        self._buckets = buckets
        self._step = step
        self._turns = turns
        self._look = 0
        self._suspects = 0
        self.items = 0
        """In the item log."""
        self.points = 0
        self.repaired = 0
        """Items whose state was published again."""

    async def first_look(self) -> OutcomeCounts:
        """At every item of the log and every point; what seems wrong is not counted yet. Raises Unavailable."""
        ends = await self._log.ends()
        self._step.phase_begins("reading the item log", sum(ends.values()))
        await self._log.read_to(ends, self._passed)
        await self._read_index()
        ends, tally = await self._log.ends(), OutcomeCounts()
        self._step.phase_begins("comparing", self.points)
        for bucket in range(self._buckets.count):
            items, points = await self._log.load(bucket), await self._points(bucket)
            for product_id in items.keys() | points.keys():
                present, stored = _present(items, product_id), points.get(product_id)
                self.items += present is not None
                if present is None and stored is None:
                    continue
                verdict = self._judge(present, stored, ends)
                if verdict.outcome in FAULTS:
                    await self._suspect(product_id)
                else:
                    tally.count(product_id, verdict)
                self._step.done += 1
                await self._turns.yield_if_over()
        await self._buckets.flush()
        return tally

    async def look_again(
        self, tally: OutcomeCounts, *, repair: bool = False, vectors_by_s: float = 0.0
    ) -> OutcomeCounts:
        """At what seemed wrong in the look before; these verdicts are added to the tally. Raises Unavailable.

        `repair`: publishes what can be mended so. `vectors_by_s`: the time (monotonic) until which it waits for vectors
        that are owed.
        """
        await self._catch_up()
        before, suspects = _suspects(self._look), self._suspects
        self._look, self._suspects = self._look + 1, 0
        self._step.phase_begins("repairing" if repair else "looking again", suspects)
        for bucket in range(self._buckets.count):
            ids = [frame.decode() async for frame in self._buckets.read(before, bucket)]
            if ids:
                mendable = await self._look_at(bucket, ids, tally, vectors_by_s)
                if repair:
                    await publish_again(mendable, self._compared.kafka, self._compared.partitions, self._arrived)
                    self.repaired += len(mendable)
        await self._buckets.flush()
        return tally

    async def _read_index(self) -> None:
        self._step.phase_begins("reading the index", await self._compared.index.count_points())
        async for page in self._compared.index.scan():
            for payload in page:
                await self._buckets.add(POINTS, payload["product_id"].encode(), orjson.dumps(payload))
            self.points += len(page)
            self._passed(self.points)
            await self._turns.yield_if_over()
        await self._buckets.flush()

    async def _points(self, bucket: int) -> dict[str, Payload]:
        points: dict[str, Payload] = {}
        async for frame in self._buckets.read(POINTS, bucket):
            payload: Payload = orjson.loads(frame)
            points[payload["product_id"]] = payload
            await self._turns.yield_if_over()
        return points

    async def _catch_up(self) -> None:
        """The log is read up to an end that the index has finished."""
        ends = await self._log.ends()
        self._step.phase_begins("waiting for the index")
        await caught_up(ends, self._compared.indexed)
        await self._log.read_to(ends, lambda _passed: None)

    async def _arrived(self) -> None:
        """The index has finished all that was published up to now."""
        await caught_up(await self._log.ends(), self._compared.indexed)

    async def _look_at(
        self, bucket: int, ids: Sequence[str], tally: OutcomeCounts, vectors_by_s: float
    ) -> dict[str, ItemRecord | None]:
        """What can be mended, with what the log says of it."""
        items = await self._log.load(bucket, {product_id.encode() for product_id in ids})
        mendable: dict[str, ItemRecord | None] = {}
        for start in range(0, len(ids), LOOK_ITEMS_MAX):
            chunk = ids[start : start + LOOK_ITEMS_MAX]
            points = await self._settled(chunk, vectors_by_s)
            ends = await self._log.ends()  # After the points were read: none of them can be of a later record.
            for product_id in chunk:
                present = _present(items, product_id)
                verdict = self._judge(present, points.get(product_id), ends)
                tally.count(product_id, verdict)
                if verdict.outcome in FAULTS:
                    await self._suspect(product_id)
                if verdict.outcome in MENDABLE:
                    mendable[product_id] = present and present.record
                self._step.done += 1
                await self._turns.yield_if_over()
        return mendable

    async def _settled(self, ids: Sequence[str], vectors_by_s: float) -> dict[str, Payload]:
        """The points; those that are owed a vector with it, if it comes in time."""
        while True:
            stored = await self._compared.index.stored(ids)
            points = {product_id: point.payload for product_id, point in stored.items()}
            if time.monotonic() > vectors_by_s or all(point["vector_due"] is None for point in points.values()):
                return points
            await asyncio.sleep(LOOK_INTERVAL_S)

    def _judge(self, present: Present | None, stored: Payload | None, ends: Mapping[Partition, int]) -> Finding:
        now_ms, wanted, log_end = self._compared.clock_ms(), None, 0
        if present is not None:
            shows = content(
                present.record.state,
                present.record.reviews,
                partition=present.partition,
                now_ms=now_ms,
                shop_currency=self._compared.shop_currency,
            )
            wanted = Wanted(shows, point_version(self._compared.epoch, present.offset))
            log_end = point_version(self._compared.epoch, ends[Partition(ITEMS, present.partition)])
        return compare_point(wanted, stored, log_end=log_end, model=self._compared.index.model, now_ms=now_ms)

    async def _suspect(self, product_id: str) -> None:
        self._suspects += 1
        await self._buckets.add(_suspects(self._look), product_id.encode(), product_id.encode())

    def _passed(self, done: int) -> None:
        self._step.done = done


def _suspects(look: int) -> str:
    """The kind of frames that hold what seemed wrong in this look."""
    return f"suspects-{look}"


def _present(items: Mapping[str, LoggedItem], product_id: str) -> Present | None:
    return items[product_id].present() if product_id in items else None
