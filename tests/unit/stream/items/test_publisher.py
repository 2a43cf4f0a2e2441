"""The publisher acks dead letters and forwarded events however long a flood of items lasts."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any, cast

from stream.items import publisher as module
from stream.items.partition import ItemPartition
from stream.items.publisher import ItemKey, Outgoing, Publisher
from stream.kafka.offsets import InFlightRecord, OffsetTracker


class _Assignment:
    def reaches(self, state: ItemPartition, offset: int) -> None:
        """Nobody reports here."""


async def test_a_dead_letter_is_acked_while_more_items_come_than_the_broker_confirms(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "BATCH_ITEMS_MAX", 1)
    monkeypatch.setattr(module, "BATCHES_IN_FLIGHT_MAX", 1)
    loop, partition, numbers = asyncio.get_running_loop(), ItemPartition(0, "w"), count()

    async def send(*_: Any) -> Any:
        confirmed = loop.create_future()
        loop.call_later(0.001, confirmed.set_result, cast("Any", type("Metadata", (), {"offset": 0})))
        return confirmed

    publisher = Publisher(send, cast("Any", _Assignment()))

    async def start_and_let_one_more_come(*_: Any) -> list[Any]:
        publisher.publish(ItemKey(partition, f"p{next(numbers)}"))
        return [await send()]

    monkeypatch.setattr(publisher, "_start", start_and_let_one_more_come)
    publisher.publish(ItemKey(partition, "first"))
    running = asyncio.ensure_future(publisher.run())
    await asyncio.sleep(0.1)  # The flood has begun.
    tracker = OffsetTracker()
    tracker.start(7)
    effect = await publisher.carry_out(Outgoing(partition, "prices.dlq", b"k", b"v", 0, []))
    publisher.ack_after(effect, InFlightRecord(tracker, 7))
    await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.wait([running])
    assert tracker.committable == 8
