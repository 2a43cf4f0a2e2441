"""The publisher: one batch of a partition at a time, and dead letters are acked however long a flood lasts."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import pytest
from aiokafka.errors import RequestTimedOutError

from schemas.errors import Unavailable
from stream.items.effects import Outgoing
from stream.items.partition import ItemPartition
from stream.items.publisher import Publisher
from stream.kafka.offset_tracker import InFlightRecord, OffsetTracker
from tests.support.item_records import decode_item
from tests.support.waiting import until
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stream.kafka.send import KeyedRecord

BATCHES_MAX = 50
"""The number of further batches that the flood may send until the dead letter must be acked."""


class _Assignment:
    def reaches(self, state: ItemPartition, offset: int) -> None:
        """Nobody reports here."""


class Sender:
    """A producer that the test confirms: each batch by itself, or after a millisecond."""

    def __init__(self) -> None:
        self.batches: list[tuple[Sequence[KeyedRecord], asyncio.Future[int]]] = []
        self.publisher = Publisher(self, cast("Any", _Assignment()), clock=SystemClock())
        self.partition = ItemPartition(0, "w")
        self.floods = False

    def publish(self, product_id: str) -> None:
        self.partition._held(product_id)
        self.publisher.publish(self.partition, product_id)

    async def send(self, *_: Any) -> Any:
        return self._confirmed_soon()

    async def send_batch(self, _topic: str, _partition: int, records: Sequence[KeyedRecord]) -> asyncio.Future[int]:
        if self.floods:
            self.publish(f"p{len(self.batches)}")
        confirmed = self._confirmed_soon() if self.floods else asyncio.get_running_loop().create_future()
        self.batches.append((records, confirmed))
        return confirmed

    @staticmethod
    def _confirmed_soon() -> asyncio.Future[int]:
        confirmed = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.001, confirmed.set_result, 0)
        return confirmed


@asynccontextmanager
async def publishing() -> AsyncIterator[Sender]:
    sender = Sender()
    running = asyncio.create_task(sender.publisher.run())
    try:
        yield sender
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_what_comes_while_a_batch_is_not_confirmed_goes_with_the_next_one() -> None:
    async with publishing() as sender:
        sender.publish("a")
        await until(lambda: bool(sender.batches), "the first item is sent at once")
        sender.publish("b")
        sender.publish("c")
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(sender.batches) == 1, "no record may overtake one of the same item"
        sender.batches[0][1].set_result(0)
        await until(lambda: len(sender.batches) == 2, "the rest is sent")
        assert [decode_item(record.value).state.product_id for record in sender.batches[1][0]] == ["b", "c"]


async def test_a_batch_that_is_due_when_its_partition_is_revoked_is_not_sent() -> None:
    async with publishing() as sender:
        sender.publish("a")
        await asyncio.sleep(0)
        assert sender.partition in sender.publisher._sending, "a batch is due"
        sender.publisher.forget(sender.partition)
        await until(lambda: sender.publisher.idle, "nothing is to be sent")
        assert sender.batches == []


async def test_a_dead_letter_is_acked_while_more_items_come_than_the_broker_confirms() -> None:
    async with publishing() as sender:
        sender.floods = True
        sender.publish("first")
        await until(lambda: len(sender.batches) > 3, "the flood has begun")
        tracker = OffsetTracker()
        tracker.start([7])
        effect = await sender.publisher.carry_out(Outgoing(sender.partition, "prices.dlq", b"k", b"v", 0, []))
        sender.publisher.ack_after(effect, InFlightRecord(tracker, 7))
        seen = len(sender.batches)
        acked_or_late = lambda: tracker.committable == 8 or len(sender.batches) > seen + BATCHES_MAX  # noqa: E731
        await until(acked_or_late, "the dead letter is acked in time")
        assert tracker.committable == 8


@pytest.mark.parametrize("is_item", [True, False])
async def test_a_record_that_the_broker_does_not_confirm_ends_the_process_with_a_sentence(is_item: bool) -> None:
    sender, refused = Sender(), asyncio.get_running_loop().create_future()
    refused.set_exception(RequestTimedOutError())
    with (
        mock.patch.object(sender, "send_batch", return_value=refused),
        mock.patch.object(sender, "send", return_value=refused),
        pytest.raises(ExceptionGroup) as ended,
    ):
        if is_item:
            sender.publish("a")
        else:
            await sender.publisher.carry_out(Outgoing(sender.partition, "prices.dlq", b"p", b"v", 0, []))
        async with asyncio.timeout(20):
            await sender.publisher.run()
    (error,) = ended.value.exceptions
    assert isinstance(error, Unavailable) and "the broker did not confirm" in str(error)
    assert "RequestTimedOutError" in str(error)
