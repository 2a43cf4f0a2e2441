"""Input events: acked once their item record is confirmed, never before, and whatever else becomes of them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiokafka.partitioner import murmur2
from prometheus_client import CollectorRegistry

from schemas.items import NO_REVIEWS, ItemRecord
from schemas.state_codec import decode_item, encode_item
from stream.items.partition import ItemPartition
from stream.items.worker import ItemsWorker
from stream.kafka.offsets import OffsetTrackers
from stream.kafka.partitions import Partition
from stream.progress.reporter import Reporter
from stream.runtime.metrics import ItemsMetrics
from tests.support.waiting import HANG_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

PARTITIONS = 4
T_MS = 1_800_000_000_000


class Sent(NamedTuple):
    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: dict[str, bytes]
    confirmation: asyncio.Future[Any]


class Confirmed(NamedTuple):
    offset: int


class Message(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: float = T_MS / 1000
    headers: tuple[tuple[str, bytes], ...] = ()
    generation_id: int = 1


class Bench:
    """A worker whose producer is the test: it sees what is sent, and confirms it when it likes."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.trackers = OffsetTrackers()
        self.failures: list[BaseException] = []
        self.reporter = Reporter("log", self.send)
        self.worker = ItemsWorker(
            "me",
            PARTITIONS,
            send=self.send,
            trackers=self.trackers,
            reporter=self.reporter,
            metrics=ItemsMetrics(CollectorRegistry()),
            current_generation=lambda: 1,
            fail=self.failures.append,
        )

    async def send(self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any) -> Any:
        confirmation = asyncio.get_running_loop().create_future()
        self.sent.append(Sent(topic, key, value, partition, dict(headers), confirmation))
        return confirmation

    def own_all(self) -> list[ItemPartition]:
        partitions = self.worker.own(range(PARTITIONS))
        for partition in partitions:
            self.worker.recovered(partition, 0)
        return partitions

    def confirm_all(self) -> None:
        for offset, sent in enumerate(self.sent):
            if not sent.confirmation.done():
                sent.confirmation.set_result(Confirmed(offset))

    def prefix(self, message: Message) -> int | None:
        return self.trackers.prefix(Partition(message.topic, message.partition))

    async def sends(self, count: int) -> list[Sent]:
        await until(lambda: len(self.sent) >= count, f"{count} records are sent")
        return self.sent


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    made.own_all()
    publishing = asyncio.create_task(made.worker.publisher.run())
    try:
        yield made
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


def event(topic: str, product_id: str, offset: int = 0, **fields: Any) -> Message:
    partition = (murmur2(product_id.encode()) & 0x7FFFFFFF) % PARTITIONS
    body = orjson.dumps({"product_id": product_id, "updated_at": T_MS, **fields})
    return Message(topic, partition, offset, product_id.encode(), body)


def price(product_id: str = "p1", offset: int = 0, **fields: Any) -> Message:
    return event("prices", product_id, offset, **{"price": 5, "currency": "HKD", **fields})


async def test_an_event_is_finished_only_after_its_item_record_is_confirmed() -> None:
    async with bench() as b:
        message = price()
        await b.worker.take(message)
        [record] = await b.sends(1)
        assert (record.topic, record.key, record.partition) == ("items", b"p1", message.partition)
        assert b.prefix(message) == 0
        b.confirm_all()
        await until(lambda: b.prefix(message) == 1, "it is finished")


async def test_a_repeated_event_waits_for_the_record_that_is_under_way() -> None:
    async with bench() as b:
        await b.worker.take(price(offset=0))
        await b.sends(1)
        await b.worker.take(again := price(offset=1))
        assert b.prefix(again) == 0
        b.confirm_all()
        await until(lambda: b.prefix(again) == 2, "both are finished")
        assert len(b.sent) == 1


async def test_a_repeated_event_whose_record_is_in_the_log_is_finished_at_once() -> None:
    async with bench() as b:
        await b.worker.take(price(offset=0))
        await b.sends(1)
        b.confirm_all()
        await until(lambda: b.prefix(price()) == 1, "the first is finished")
        await b.worker.take(again := price(offset=1))
        assert b.prefix(again) == 2
        assert len(b.sent) == 1


async def test_an_event_that_another_writers_record_says_already_is_shown_with_that_record() -> None:
    async with bench() as b:
        await b.worker.take(known := price(offset=0))
        await b.sends(1)
        b.confirm_all()
        await until(lambda: b.prefix(known) == 1, "it is finished")
        b.worker.reaches(b.worker._owned[known.partition], 7)  # As the reader of the own logs tells, of a late record.
        await b.worker.take(price(offset=1))
        progress = b.worker._progress(known.partition)
        assert progress is not None and (progress.finished["prices"], progress.items_end) == (2, 8)


async def test_events_of_one_item_that_come_together_are_one_record() -> None:
    async with bench() as b:
        for offset in range(20):
            await b.worker.take(price(offset=offset, price=offset + 1, version=offset))
        [record] = await b.sends(1)
        stated = decode_item(record.value or b"")
        assert stated.state.offers["shop"].facts["price"].value == 20
        assert stated.changes["price"].events == 20
        b.confirm_all()
        await until(lambda: b.prefix(price()) == 20, "all are finished")


async def test_a_review_is_recorded_before_its_item_and_acked_after_both() -> None:
    async with bench() as b:
        message = event("reviews", "p1", review_id="r1", rating=4)
        await b.worker.take(message)
        review, item = await b.sends(2)
        assert (review.topic, review.key) == ("review-states", b"p1\0r1")
        assert decode_item(item.value or b"").reviews.count == 1
        review.confirmation.set_result(Confirmed(0))
        await asyncio.sleep(0)
        assert b.prefix(message) == 0
        b.confirm_all()
        await until(lambda: b.prefix(message) == 1, "it is finished")


async def test_a_bad_event_is_finished_once_its_dead_letter_is_confirmed() -> None:
    async with bench() as b:
        bad = price()._replace(value=b"{not json", headers=(("trace", b"7"),))
        await b.worker.take(bad)
        [letter] = await b.sends(1)
        assert (letter.topic, letter.value, letter.partition) == ("prices.dlq", b"{not json", bad.partition)
        assert letter.headers["freshline-offset"] == b"0"
        assert letter.headers["freshline-error"] == b"InvalidEvent"
        assert b"JSON" in letter.headers["freshline-reason"]
        assert letter.headers["trace"] == b"7"
        assert b.prefix(bad) == 0
        b.confirm_all()
        await until(lambda: b.prefix(bad) == 1, "it is finished")


async def test_a_misrouted_event_goes_to_its_own_partition_with_the_time_it_had() -> None:
    async with bench() as b:
        right = price()
        wrong = right._replace(partition=(right.partition + 1) % PARTITIONS, key=None)
        await b.worker.take(wrong)
        [forwarded] = await b.sends(1)
        assert (forwarded.topic, forwarded.key, forwarded.partition) == ("prices", b"p1", right.partition)
        assert forwarded.headers["freshline-event-time"] == str(T_MS).encode()
        assert forwarded.headers["freshline-partition"] == str(wrong.partition).encode()
        b.confirm_all()
        await until(lambda: b.prefix(wrong) == 1, "it is finished")


async def test_a_bug_in_a_pure_stage_is_a_dead_letter_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bool:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(ItemPartition, "take", fails)
    async with bench() as b:
        await b.worker.take(price())
        [letter] = await b.sends(1)
        assert letter.topic == "prices.dlq"
        assert b"ZeroDivisionError" in letter.headers["freshline-traceback"]


async def test_a_record_that_cannot_be_sent_ends_the_process() -> None:
    async with bench() as b:
        await b.worker.take(price()._replace(value=b"{"))
        [letter] = await b.sends(1)
        letter.confirmation.set_exception(ConnectionError("gone"))
        await until(lambda: bool(b.failures), "the failure is told")


async def test_events_wait_until_the_logs_of_their_partition_are_read() -> None:
    b = Bench()
    [partition] = b.worker.own([price().partition])
    taking = asyncio.create_task(b.worker.take(price()))
    await asyncio.sleep(0)
    assert b.prefix(price()) is None
    b.worker.recovered(partition, 0)
    await asyncio.wait_for(taking, HANG_S)
    assert b.prefix(price()) == 0


async def test_an_event_from_before_a_rebalance_is_left_to_its_next_delivery() -> None:
    async with bench() as b:
        await b.worker.take(price()._replace(generation_id=0))
        assert b.prefix(price()) is None


async def test_revocation_drops_the_state() -> None:
    async with bench() as b:
        await b.worker.take(price())
        b.worker.own([])
        [partition] = b.worker.own([price().partition])
        assert partition.items == {}


def logged(message: Message, writer: str) -> ItemRecord:
    """An item record as another writer would append it, knowing this one event only."""
    from schemas.events import parse
    from workers.state.fold import delta

    folded = parse(message.topic, message.key, message.value, arrived_at_ms=T_MS, event_time_ms=None)
    return ItemRecord(writer, delta(folded), NO_REVIEWS, {})


def test_a_record_of_another_writer_that_lacks_something_must_be_answered_with_the_join() -> None:
    partition = ItemPartition(0, "me")
    mine, theirs = logged(price(seller="A"), "me"), logged(price(seller="B"), "other")
    assert not partition.take_record(mine)
    assert partition.take_record(theirs)
    assert set(partition.items["p1"].state.offers) == {"A", "B"}


def test_a_record_of_another_writer_that_says_the_join_needs_no_answer() -> None:
    partition = ItemPartition(0, "me")
    partition.take_record(logged(price(seller="A"), "me"))
    partition.take_record(logged(price(seller="B"), "other"))
    held = partition.items["p1"]
    assert not partition.take_record(ItemRecord("other", held.state, held.summary, {}))


def test_after_a_crash_between_review_and_item_record_the_item_is_published_again() -> None:
    from schemas.events import parse
    from workers.state.reviews import delta

    partition = ItemPartition(0, "me")
    partition.take_record(logged(price(), "me"))
    assert partition.unlogged() == []
    review = parse(
        "reviews",
        b"p1",
        event("reviews", "p1", review_id="r", rating=5).value,
        arrived_at_ms=T_MS,
        event_time_ms=None,
    )
    partition.take_review("p1", "r", delta(review))
    assert partition.unlogged() == ["p1"]


def test_a_log_whose_last_record_is_not_the_join_is_told_the_join_after_recovery() -> None:
    partition = ItemPartition(0, "me")
    for writer, seller in (("me", "A"), ("frozen", "B")):
        partition.take_record(decode_item(encode_item(logged(price(seller=seller), writer))))
    assert partition.unlogged() == ["p1"]


async def test_each_ownership_of_a_partition_writes_under_a_name_of_its_own() -> None:
    async with bench() as b:
        await b.worker.take(price())
        [before] = await b.sends(1)
        b.worker.own([])
        b.own_all()
        await b.worker.take(price())
        _, after = await b.sends(2)
        assert before.headers["writer"] != after.headers["writer"]


async def test_commits_that_are_learnt_after_the_recovery_are_reported() -> None:
    b = Bench()
    b.own_all()
    await b.reporter.flush()
    b.sent.clear()
    await b.worker.starts({Partition("prices", 2): 7})
    await b.reporter.flush()
    [word] = b.sent
    assert orjson.loads(word.value or b"")["finished"]["prices"] == 7
