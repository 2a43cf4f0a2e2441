"""The canary measures what a search shows, and notices what stands still."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
from prometheus_client import CollectorRegistry

from schemas.canaries import CANARY_HEADER
from schemas.errors import Unavailable
from stream.api.canary.names import canary_id
from stream.api.canary.probe import CanaryProbe, ahead_s, canary_event
from stream.kafka.partitions import partition_of
from stream.runtime.metrics import IndexMetrics
from tests.support.waiting import outcome_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stream.kafka.partitions import Partition

PARTITIONS = 3


class Stack:
    """A stack that shows every change at once, but in partitions that are `stuck`, or all while search is `blind`."""

    def __init__(
        self, *, canary_seconds: float | None = 0.01, partitions: int = PARTITIONS, broker: str = "embedded"
    ) -> None:
        self.settings = SimpleNamespace(partitions=partitions, canary_seconds=canary_seconds, broker_kind=broker)
        self.metrics = IndexMetrics(CollectorRegistry())
        self.clock = self.watermark = self
        self.stuck: set[int] = set()
        self.blind = self.away = False
        self.ahead_s = 0.0
        self.broker_ahead_ms, self.stamps = 0, 1
        self.sent: list[dict[str, Any]] = []
        self.shown: dict[str, int] = {}
        self._freed = asyncio.Event()
        self.watch = CanaryProbe(cast("Any", self), self)
        self.watch._interval_s = canary_seconds or 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic() + self.ahead_s

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any
    ) -> asyncio.Future[Any]:
        event = orjson.loads(value or b"")
        assert (topic, key, partition) == ("prices", event["product_id"].encode(), partition_of(key or b"", PARTITIONS))
        assert CANARY_HEADER in dict(headers)
        self.sent.append(event)
        if partition not in self.stuck:
            self.shown[event["product_id"]] = event["updated_at"]
        confirmed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        stamp_ms = self.now_ms() + self.broker_ahead_ms
        confirmed.set_result(SimpleNamespace(offset=len(self.sent), timestamp=stamp_ms, timestamp_type=self.stamps))
        return confirmed

    async def reaches(self, place: Partition, _offset: int) -> None:
        if place.number in self.stuck:
            await asyncio.Event().wait()

    async def shown_stamp_ms(self, number: int) -> int:
        if self.away:
            raise Unavailable("the API does not answer")
        return -1 if self.blind else self.shown.get(canary_id(number, PARTITIONS), -1)

    def measured(self) -> int:
        samples = [each for family in self.metrics.canary.took.collect() for each in family.samples]
        return int(next(each.value for each in samples if each.name.endswith("_count")))


@asynccontextmanager
async def running(stack: Stack) -> AsyncIterator[Stack]:
    task = asyncio.create_task(stack.watch.run(stack))
    try:
        yield stack
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_each_partition_is_changed_again_and_again_and_what_search_took_is_measured() -> None:
    async with running(Stack()) as stack:
        await until(lambda: stack.measured() >= 3 * PARTITIONS, "several changes are shown")
        assert {each["product_id"] for each in stack.sent} == set(stack.shown) and len(stack.shown) == PARTITIONS
        report = stack.watch.report()
        assert report.last_seconds is not None and report.median_seconds is not None and not report.overdue_partitions


async def test_a_change_that_another_process_made_lately_is_enough() -> None:
    stack = Stack(canary_seconds=60)
    stack.shown = {canary_id(number, PARTITIONS): stack.now_ms() for number in range(PARTITIONS)}
    async with running(stack):
        await until(lambda: all(each.stamp_ms > 0 for each in stack.watch._canaries), "all are looked for")
        assert not stack.sent and not stack.measured()


async def test_a_partition_that_stands_still_is_named_and_keeps_no_other_from_being_measured() -> None:
    stack = Stack()
    stack.stuck = {1}
    async with running(stack):
        await until(lambda: stack.measured() >= 3, "the others are measured")
        assert len([each for each in stack.sent if each["product_id"] == canary_id(1, PARTITIONS)]) == 1
        stack.ahead_s = 60
        await until(lambda: stack.watch.report().overdue_partitions == [1], "it is named")
        assert stack.watch.report().overdue_seconds >= 59


async def test_what_the_watermark_says_is_not_believed_until_a_search_shows_it() -> None:
    stack = Stack()
    stack.blind = True
    async with running(stack):
        await until(lambda: len(stack.sent) == PARTITIONS, "all are changed")
        stack.ahead_s = 60
        assert stack.watch.report().overdue_partitions == [0, 1, 2] and not stack.measured()
        stack.blind = False
        await until(lambda: stack.measured() >= PARTITIONS, "search shows them")
        assert stack.watch.report().overdue_partitions == []


async def test_an_api_that_does_not_answer_is_overdue_and_is_asked_again() -> None:
    stack = Stack()
    stack.away = True
    async with running(stack):
        stack.ahead_s = 60
        assert stack.watch.report().overdue_seconds >= 59 and not stack.sent
        stack.away = False
        await until(lambda: stack.measured() >= PARTITIONS, "search shows them")


async def test_counts_wait_a_moment_for_changes_under_way_and_no_longer() -> None:
    stack = Stack()
    await outcome_of(stack.watch.settle(), "nothing is under way")
    stack.stuck = {0, 1, 2}
    async with running(stack):
        await until(lambda: len(stack.sent) == PARTITIONS, "all are under way")
        assert not stack.watch._settled.is_set()
        await outcome_of(stack.watch.settle(), "it has waited a moment")


async def test_a_clock_that_was_set_back_makes_no_stale_change() -> None:
    stack = Stack(canary_seconds=0.01)
    ahead_ms = stack.now_ms() + 50_000_000
    stack.shown = {canary_id(number, PARTITIONS): ahead_ms for number in range(PARTITIONS)}
    stack.watch._interval_s = -1e9  # However young the change that is shown looks, it is not another process's.
    async with running(stack):
        await until(lambda: stack.measured() >= PARTITIONS, "changes are shown")
        assert all(each["updated_at"] > ahead_ms for each in stack.sent)


@pytest.mark.parametrize(("broker_ahead_ms", "stamps"), [(0, 1), (60_000, 1), (-60_000, 1), (60_000, 0)])
async def test_the_clock_of_a_broker_that_stamps_records_is_compared_with_ours(
    broker_ahead_ms: int, stamps: int
) -> None:
    stack = Stack()
    stack.broker_ahead_ms, stack.stamps = broker_ahead_ms, stamps
    assert stack.watch.broker_ahead_s is None
    async with running(stack):
        await until(lambda: stack.measured() >= 1, "a change is shown")
        assert stack.watch.broker_ahead_s == (pytest.approx(broker_ahead_ms / 1000, abs=1) if stamps else None)


@pytest.mark.parametrize(("stamped_ms", "seconds"), [(999, -0.001), (1_000, 0), (1_200, 0), (3_200, 2)])
def test_a_stamp_between_sending_and_confirmation_says_nothing_against_a_clock(stamped_ms: int, seconds: float) -> None:
    assert ahead_s(stamped_ms, 1_000, 1_200) == seconds


async def test_where_the_canary_is_off_nothing_is_sent_and_nothing_is_overdue() -> None:
    stack = Stack(canary_seconds=0)
    await stack.watch.run(stack)
    report = stack.watch.report()
    assert not stack.sent and (report.interval_seconds, report.overdue_seconds) == (0, 0)


@pytest.mark.parametrize(
    ("partitions", "canary_seconds", "broker", "interval_s"),
    [
        (4, 10, "kafka", 10),
        (100, 10, "kafka", 50),
        (4, None, "kafka", 10),
        (4, None, "embedded", 60),
        (4, 5, "embedded", 5),
    ],
)
async def test_a_canary_is_changed_as_often_as_is_set_and_less_often_with_many_partitions(
    partitions: int, canary_seconds: float | None, broker: str, interval_s: float
) -> None:
    stack = Stack(canary_seconds=canary_seconds, partitions=partitions, broker=broker)
    assert CanaryProbe(cast("Any", stack), stack).report().interval_seconds == interval_s


@pytest.mark.parametrize("stamp_ms", [1_700_000_000_000, 1_700_000_000_001])
def test_two_changes_are_two_prices(stamp_ms: int) -> None:
    first, second = (orjson.loads(canary_event("freshline-canary-0-0", each)) for each in (stamp_ms, stamp_ms + 1_000))
    assert first["price"] != second["price"] and first["updated_at"] == stamp_ms
