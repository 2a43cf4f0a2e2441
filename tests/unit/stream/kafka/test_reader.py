"""A reader waits shortly while it reads to an end, and longer while it follows where the broker wakes its fetches."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest

from stream.kafka import reader as module
from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.kafka.reader import FETCH_WAIT_MS, FOLLOW_WAIT_MS, Reader
from tests.support.waiting import until

PLACE = Partition("progress", 0)


class Consumer:
    """A consumer whose fetches find nothing, and which notes the wait of each."""

    def __init__(self, **_: Any) -> None:
        self.waits_ms: list[int] = []
        self._client = SimpleNamespace(send=self._answer)

    async def _answer(self, _node_id: int, request: Any) -> Any:
        self.waits_ms.append(request._max_wait_ms)
        return SimpleNamespace(topics=[])

    def assign(self, _partitions: Any) -> None: ...

    def seek(self, _partition: Any, _offset: int) -> None: ...

    async def position(self, _partition: Any) -> int:
        return 0

    async def getmany(self, *_: Any, **__: Any) -> dict[Any, Any]:
        await self._client.send(0, FetchRequest(500, 1, 1000, 0, []))
        await asyncio.sleep(0)
        return {}


async def fetch(reader: Reader, *, follow: bool) -> int:
    """Return how long the fetches of a reader wait once it follows, or reads."""
    consumer: Any = reader._consumer
    consumer.waits_ms.clear()
    records = reader.follow() if follow else reader.read_to({PLACE: 1})
    reading = asyncio.ensure_future(anext(records))
    await until(lambda: len(consumer.waits_ms) > 0, "it fetches")
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    wait_ms: int = consumer.waits_ms[0]
    return wait_ms


@pytest.mark.parametrize(("wakes_fetches", "following_ms"), [(True, FOLLOW_WAIT_MS), (False, FETCH_WAIT_MS)])
async def test_a_reader_that_follows_waits_longer_until_it_is_assigned_other_partitions(
    monkeypatch: pytest.MonkeyPatch, wakes_fetches: bool, following_ms: int
) -> None:
    monkeypatch.setattr(module, "AIOKafkaConsumer", Consumer)
    reader = Reader(Cluster("127.0.0.1:1", wakes_fetches=wakes_fetches))
    reader.assign({PLACE: 0})
    assert await fetch(reader, follow=False) == FETCH_WAIT_MS
    assert await fetch(reader, follow=True) == following_ms
    reader.assign({PLACE: 0})
    assert await fetch(reader, follow=False) == FETCH_WAIT_MS
