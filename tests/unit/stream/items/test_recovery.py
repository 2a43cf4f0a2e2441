"""The logs of assigned partitions are read whole before the first event, also when the assignment changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client import CollectorRegistry

from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.state_codec import encode_item
from stream.items.partition import ItemPartition
from stream.items.recovery import StateRecovery
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.runtime.metrics import ItemsMetrics
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


class Logs:
    """A reader of one partition's item log, whose lists come when the test says so, two together if it likes."""

    def __init__(self, product_ids: list[str]) -> None:
        values = [(p.encode(), encode_item(ItemRecord("me", ItemState(p), NO_REVIEWS, {}))) for p in product_ids]
        self.items = [Record(Partition("items", 0), n, 0, *value, ()) for n, value in enumerate(values)]
        self.positions: dict[Partition, int] = {}
        self.assigned = 0
        self.allowed = asyncio.Semaphore(0)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self.positions = dict(positions)
        self.assigned += bool(positions)

    async def read_to_end(self) -> AsyncIterator[list[Record]]:
        place = Partition("items", 0)
        while (offset := self.positions[place]) < len(self.items):
            await self.allowed.acquire()
            self.positions[place] = offset + 1
            yield [self.items[offset]]

    async def follow(self) -> AsyncIterator[list[Record]]:
        while True:
            await self.allowed.acquire()
            yield [self.items[-1]]


class Bench:
    """A recovery whose assignment and publisher are the test: it sees what they hear."""

    def __init__(self, product_ids: list[str]) -> None:
        self.reader: Any = Logs(product_ids)
        self.recoveries: list[list[str]] = []
        self.published: list[str] = []
        self.reached: list[int] = []
        itself = cast("Any", self)
        self.recovery = StateRecovery(
            cast("Any", self.reader), assignment=itself, publisher=itself, metrics=ItemsMetrics(CollectorRegistry())
        )

    def publish_again(self, _partition: ItemPartition, product_id: str) -> None:
        self.published.append(product_id)

    def appends_after(self, _partition: ItemPartition, _topic: str, _offset: int) -> bool:
        return False

    def recovered(self, partition: ItemPartition, _end: int) -> None:
        self.recoveries.append(sorted(partition.items))

    def reaches(self, _partition: ItemPartition, offset: int) -> None:
        self.reached.append(offset)


async def test_a_partition_that_is_lost_and_comes_back_at_once_is_read_from_its_start() -> None:
    b = Bench(["p1", "p2"])
    b.recovery.assign([ItemPartition(0, "me")])
    running = asyncio.create_task(b.recovery.run())
    try:
        b.reader.allowed.release()
        await until(lambda: b.reader.positions.get(Partition("items", 0)) == 1, "the first record is read")
        b.recovery.assign([])
        b.recovery.assign([ItemPartition(0, "me")])
        b.reader.allowed.release()  # What was asked for before the change comes back all the same.
        for _ in range(5):
            await asyncio.sleep(0)
        await until(lambda: b.reader.allowed.release() or bool(b.recoveries), "it is recovered")
        assert b.recoveries == [["p1", "p2"]]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


P3 = encode_item(ItemRecord("me", ItemState("p3"), NO_REVIEWS, {}))
"""Under any other key this is a foreign record."""


@pytest.mark.parametrize("value", [b"garbage", b"{}", b"[1]", b"\xff", P3])
async def test_a_foreign_record_is_passed_over(value: bytes) -> None:
    b = Bench(["p1", "p2"])
    b.reader.items.insert(1, Record(Partition("items", 0), 1, 0, b"x", value, ()))
    b.recovery.assign([ItemPartition(0, "me")])
    running = asyncio.create_task(b.recovery.run())
    try:
        await until(lambda: b.reader.allowed.release() or bool(b.recoveries), "it is recovered")
        assert b.recoveries == [["p1", "p2"]] and not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("value", [b"garbage", b"{}", P3, None])
async def test_an_item_that_a_foreign_record_hides_from_compaction_is_published_again(
    value: bytes | None,
) -> None:
    b = Bench(["p1", "p2"])
    b.reader.items.append(Record(Partition("items", 0), 2, 0, b"p1", value, ()))
    b.recovery.assign([ItemPartition(0, "me")])
    running = asyncio.create_task(b.recovery.run())
    try:
        await until(lambda: b.reader.allowed.release() or bool(b.recoveries), "it is recovered")
        await until(lambda: b.reader.allowed.release() or len(b.published) > 1, "so it is when it is met later")
        assert set(b.published) == {"p1"}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_another_writer_said_is_reported_as_known_up_to_its_record() -> None:
    b = Bench(["p1", "p2"])
    b.recovery.assign([ItemPartition(0, "mine")])
    running = asyncio.create_task(b.recovery.run())
    try:
        await until(lambda: b.reader.allowed.release() or bool(b.recoveries), "it is recovered")
        assert b.reached == []
        b.reader.items.append(b.reader.items[0]._replace(offset=2))
        await until(lambda: b.reader.allowed.release() or bool(b.reached), "it is met")
        await until(lambda: 2 in b.reached, "its offset is told")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_records_that_come_in_just_after_a_revocation_end_nothing() -> None:
    b = Bench(["p1"])
    b.recovery.assign([ItemPartition(0, "me")])
    running = asyncio.create_task(b.recovery.run())
    try:
        b.reader.allowed.release()
        await until(lambda: bool(b.recoveries), "it is recovered")
        b.reader.allowed.release()
        b.recovery.assign([])
        for _ in range(5):
            await asyncio.sleep(0)
        b.recovery.assign([ItemPartition(0, "me")])
        await until(lambda: b.reader.allowed.release() or len(b.recoveries) == 2, "it goes on")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
