"""The number of requests that the index worker makes to a Qdrant server for a batch, counted at the tests' own
front."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.queries import Filters
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS
from tests.support.index_backends import front_url, opened
from tests.support.index_side import Documents, Models, OneCollection, writing_side
from tests.support.record_batches import MadeRecord, batch_of
from tests.support.waiting import until
from workers.state import fold

if TYPE_CHECKING:
    from workers.index.interface import Index

BATCH_ITEMS = 50
PARTITION = Partition(ITEMS, 0)
READ_WRITE_LOOK = {
    "REST": {"POST points": 2, "POST points/batch": 1},
    "gRPC": {"POST points": 1, "UpdateBatch": 1, "Get": 1},
}
"""The calls of a batch: its heads are read, its patches written in one batch, and the versions looked at after it."""


def counted() -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{front_url()}/_faults", trust_env=False).json()
    return answer


def with_event(state: ItemState, topic: str, **fields: Any) -> ItemState:
    key, value = state.product_id.encode(), orjson.dumps({"product_id": state.product_id, **fields})
    return fold.fold(state, parse(topic, key, value, arrived_at_ms=1_000, event_time_ms=None))


class Worker:
    """An index worker of one collection, without what else it does beside its lanes."""

    def __init__(self, index: Index) -> None:
        self._side = writing_side(OneCollection(index), Models(Documents()))
        self._written = 0

    async def start(self) -> None:
        await self._side.writers.refresh_until_available()
        await self._side.worker.start_offsets({PARTITION: 0})
        self._side.worker.assign([PARTITION.number])

    async def write(self, states: list[ItemState]) -> dict[str, int]:
        """Write the records of these states, which all wait as it begins; return the calls that it makes."""
        values = [encode_item(ItemRecord("me", state, NO_REVIEWS, {})) for state in states]
        records = [
            MadeRecord(self._written + number, state.product_id.encode(), value)
            for number, (state, value) in enumerate(zip(states, values, strict=True))
        ]
        await self._side.worker.handle(batch_of(PARTITION, *records, generation_id=0))
        self._written += len(records)
        before = counted()["calls"]
        lanes = asyncio.ensure_future(self._side.writers.serving.lanes.run())
        await until(lambda: self._side.assignment.committable().get(PARTITION.number) == self._written, "it is written")
        lanes.cancel()
        await asyncio.wait([lanes])
        return {call: more for call, count in counted()["calls"].items() if (more := count - before.get(call, 0))}


@pytest.mark.parametrize("transport", READ_WRITE_LOOK)
async def test_a_batch_of_prices_is_one_read_one_write_and_one_look_at_the_versions(transport: str) -> None:
    items = [with_event(ItemState(f"P{number}"), "products", title=f"Lamp {number}") for number in range(BATCH_ITEMS)]
    async with opened(f"front, over {transport}") as index:
        worker = Worker(index)
        await worker.start()
        await worker.write(items)
        prices = [with_event(item, "prices", seller="AEON", price=9.5, currency="HKD") for item in items]
        assert await worker.write(prices) == READ_WRITE_LOOK[transport]
        stored = await index.heads([item.product_id for item in items])
        assert {head["price"] for head in stored.values()} == {9.5}


@pytest.mark.parametrize("transport", READ_WRITE_LOOK)
async def test_calls_one_after_another_share_a_connection(transport: str) -> None:
    async with opened(f"front, over {transport}") as index:
        await index.count(Filters())
        before = counted()["connections"]
        for _ in range(20):
            await index.count(Filters())
            await index.heads([f"P{number}" for number in range(BATCH_ITEMS)])
        assert counted()["connections"] - before < 20, "by itself qdrant-client connects for each call to this host"
