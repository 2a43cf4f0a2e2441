"""The publisher acks dead letters and forwarded events however long a flood of items lasts."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from stream.items.partition import ItemPartition
from stream.items.publisher import ItemKey, Outgoing, Publisher, PublisherBounds
from stream.kafka.offsets import InFlightRecord, OffsetTracker
from tests.support.waiting import until

BATCHES_MAX = 50
"""How many more batches the flood may send until the dead letter must be acked."""


class _Assignment:
    def reaches(self, state: ItemPartition, offset: int) -> None:
        """Nobody reports here."""


async def test_a_dead_letter_is_acked_while_more_items_come_than_the_broker_confirms(monkeypatch: Any) -> None:
    loop, partition, flood = asyncio.get_running_loop(), ItemPartition(0, "w"), list[str]()

    async def send(*_: Any) -> Any:
        confirmed = loop.create_future()
        loop.call_later(0.001, confirmed.set_result, cast("Any", type("Metadata", (), {"offset": 0})))
        return confirmed

    bounds = PublisherBounds(batch_items_max=1, batches_in_flight_max=1)
    publisher = Publisher(send, cast("Any", _Assignment()), bounds)

    async def start_and_let_one_more_come(*_: Any) -> list[Any]:
        flood.append(f"p{len(flood)}")
        publisher.publish(ItemKey(partition, flood[-1]))
        return [await send()]

    monkeypatch.setattr(publisher, "_start", start_and_let_one_more_come)
    publisher.publish(ItemKey(partition, "first"))
    running = asyncio.ensure_future(publisher.run())
    await until(lambda: len(flood) > 3, "the flood has begun")
    tracker = OffsetTracker()
    tracker.start(7)
    effect = await publisher.carry_out(Outgoing(partition, "prices.dlq", b"k", b"v", 0, []))
    publisher.ack_after(effect, InFlightRecord(tracker, 7))
    seen = len(flood)
    await until(lambda: tracker.committable == 8 or len(flood) > seen + BATCHES_MAX, "the dead letter is acked in time")
    running.cancel()
    await asyncio.wait([running])
    assert tracker.committable == 8
