"""Compares the index with the item state: first every item, then again and again the items that seemed wrong.

Changes go on meanwhile, so a difference counts as a fault only if it is still there after the index has caught up with
end offsets of the item log that were asked for after the first look.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import orjson

from schemas.points import point_version
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS
from stream.reconcile.outcome_counts import OutcomeCounts
from stream.reconcile.repair import publish_repairs, wait_until_caught_up
from workers.compare.index_diff import FAULTS, REPAIRABLE, Expected, IndexFinding, compare_point
from workers.search.hits import why_unshowable
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.items import ItemRecord
    from schemas.points import Payload
    from stream.kafka.cluster import Cluster
    from stream.reconcile.item_log import CurrentItem, ItemLog, ItemRecords
    from stream.reconcile.spill import Buckets
    from stream.runtime.jobs import Step
    from workers.clock import Clock
    from workers.index.interface import Index
    from workers.query_gate import CooperativeTurns

POINTS = "points"
"""The kind of the frames that hold the payloads of points."""
LOOKUP_ITEMS_MAX = 64
"""The most items that are looked up in the index at once, which takes 2-3 ms."""
VECTOR_INTERVAL_S = 0.1


class IndexedWatermark(Protocol):
    """Knows how far the index is."""

    def indexed(self, number: int) -> int:
        """Return for a partition of the item log the offset below which all records are in the index."""


@dataclass(frozen=True, slots=True)
class ComparisonContext:
    """The index and the log that are compared, and the settings that the index is written with."""

    index: Index
    epoch: int
    """The epoch of the item log."""
    watermark: IndexedWatermark
    """The offsets up to which the index has each partition of the item log."""
    shop_currency: str | None
    clock: Clock
    kafka: Cluster
    partitions: int
    only: int | None = None
    """The one partition that is compared; None: all of them."""

    @property
    def compared(self) -> list[Partition]:
        """The partitions of the item log that are compared."""
        numbers = range(self.partitions) if self.only is None else (self.only,)
        return [Partition(ITEMS, number) for number in numbers]


class Comparison:
    """One comparison, which consists of looks that are made one after the other."""

    def __init__(
        self, context: ComparisonContext, log: ItemLog, buckets: Buckets, step: Step, turns: CooperativeTurns
    ) -> None:
        self._context = context
        self._log = log
        self._buckets = buckets
        self._step = step
        self._turns = turns
        self._look = 0
        self._suspects = 0
        self.items = 0
        """The number of items in the item log."""
        self.points = 0
        """The number of points in the index."""
        self.repaired = 0
        """The number of items whose state was published again."""

    async def first_look(self) -> OutcomeCounts:
        """Compare every item of the log with every point; count no suspect yet. Raises Unavailable."""
        ends = await self._log.end_offsets()
        self._step.phase_begins("reading the item log", sum(ends.values()))
        async for offsets in self._log.read_on(ends):
            self._step.reach(offsets)
        await self._read_index()
        ends, counts = await self._log.end_offsets(), OutcomeCounts()
        self._step.phase_begins("comparing", self.points)
        for bucket in range(self._buckets.count):
            items, points = await self._log.load(bucket), await self._points(bucket)
            for product_id in items.keys() | points.keys():
                current, stored = _current(items, product_id), points.get(product_id)
                self.items += current is not None
                if current is None and stored is None:
                    continue
                finding = self._compare(current, stored, ends)
                if finding.outcome in FAULTS:
                    await self._suspect(product_id)
                else:
                    counts.count(product_id, finding)
                self._step.advance()
                await self._turns.yield_if_over()
        await self._buckets.flush()
        return counts

    async def look_again(
        self, counts: OutcomeCounts, *, repair: bool = False, vectors_by_s: float = 0.0
    ) -> OutcomeCounts:
        """Compare once more what seemed wrong in the look before, and add it to the counts. Raises Unavailable.

        With `repair`, the state of what can be repaired so is published again. `vectors_by_s` is the monotonic time
        until which the look waits for pending embeddings.
        """
        await self._read_what_the_index_has()
        before, suspects = _suspects_of(self._look), self._suspects
        self._look, self._suspects = self._look + 1, 0
        self._step.phase_begins("repairing" if repair else "looking again", suspects)
        for bucket in range(self._buckets.count):
            ids = [frame.decode() async for frame in self._buckets.read(before, bucket)]
            if ids:
                repairable = await self._look_at(bucket, ids, counts, vectors_by_s)
                if repair:
                    await self._repair(repairable)
        await self._buckets.flush()
        return counts

    async def _read_index(self) -> None:
        index, only = self._context.index, self._context.only
        self._step.phase_begins("reading the index", await index.count_points() if only is None else None)
        async for page in index.scan(None if only is None else (only,)):
            for payload in page:
                await self._buckets.add(POINTS, payload["product_id"].encode(), orjson.dumps(payload))
                self.points += 1
            self._step.reach(self.points)
            await self._turns.yield_if_over()
        await self._buckets.flush()

    async def _points(self, bucket: int) -> dict[str, Payload]:
        points: dict[str, Payload] = {}
        async for frame in self._buckets.read(POINTS, bucket):
            payload: Payload = orjson.loads(frame)
            points[payload["product_id"]] = payload
            await self._turns.yield_if_over()
        return points

    async def _read_what_the_index_has(self) -> None:
        """Wait until the index has caught up with the end offsets of now, then read the item log up to them."""
        ends = await self._log.end_offsets()
        self._step.phase_begins("waiting for the index")
        await wait_until_caught_up(ends, self._context.watermark.indexed, self._context.clock)
        async for _ in self._log.read_on(ends):
            pass

    async def _look_at(
        self, bucket: int, ids: Sequence[str], counts: OutcomeCounts, vectors_by_s: float
    ) -> dict[str, ItemRecord | None]:
        """Return the items that can be repaired, with their records in the log; None for one that the log has not."""
        items = await self._log.load(bucket, {product_id.encode() for product_id in ids})
        repairable: dict[str, ItemRecord | None] = {}
        for start in range(0, len(ids), LOOKUP_ITEMS_MAX):
            chunk = ids[start : start + LOOKUP_ITEMS_MAX]
            points = await self._stored(chunk, vectors_by_s)
            # Asked for after the points were read, so no point can be of a record beyond these ends.
            ends = await self._log.end_offsets()
            for product_id in chunk:
                current = _current(items, product_id)
                finding = self._compare(current, points.get(product_id), ends)
                counts.count(product_id, finding)
                if finding.outcome in FAULTS:
                    await self._suspect(product_id)
                if finding.outcome in REPAIRABLE:
                    repairable[product_id] = current and current.record
                self._step.advance()
                await self._turns.yield_if_over()
        return repairable

    async def _repair(self, items: Mapping[str, ItemRecord | None]) -> None:
        async for _ in publish_repairs(items, self._context.kafka, self._context.partitions):
            ends = await self._log.end_offsets()
            await wait_until_caught_up(ends, self._context.watermark.indexed, self._context.clock)
        self.repaired += len(items)

    async def _stored(self, ids: Sequence[str], vectors_by_s: float) -> dict[str, Payload]:
        """Return the points; while any of them has a pending embedding, wait for it until `vectors_by_s`."""
        while True:
            stored = await self._context.index.stored(ids)
            points = {product_id: point.payload for product_id, point in stored.items()}
            embedded = all(point["vector_due"] is None for point in points.values())
            if embedded or self._context.clock.monotonic_s() > vectors_by_s:
                return points
            await asyncio.sleep(VECTOR_INTERVAL_S)

    def _compare(
        self, current: CurrentItem | None, stored: Payload | None, ends: Mapping[Partition, int]
    ) -> IndexFinding:
        now_ms, expected, log_end = self._context.clock.now_ms(), None, 0
        if current is not None:
            shown = content(
                current.record.state,
                current.record.reviews,
                partition=current.partition,
                now_ms=now_ms,
                shop_currency=self._context.shop_currency,
            )
            expected = Expected(shown, point_version(self._context.epoch, current.offset))
            log_end = point_version(self._context.epoch, ends[Partition(ITEMS, current.partition)])
        return compare_point(
            expected,
            stored,
            log_end=log_end,
            model=self._context.index.model,
            now_ms=now_ms,
            unshowable="" if stored is None else why_unshowable(stored, now_ms),
        )

    async def _suspect(self, product_id: str) -> None:
        self._suspects += 1
        await self._buckets.add(_suspects_of(self._look), product_id.encode(), product_id.encode())


def _suspects_of(look: int) -> str:
    """Return the kind of the frames that hold the product_ids of the items that seemed wrong in this look."""
    return f"suspects-{look}"


def _current(items: Mapping[str, ItemRecords], product_id: str) -> CurrentItem | None:
    return items[product_id].current() if product_id in items else None
