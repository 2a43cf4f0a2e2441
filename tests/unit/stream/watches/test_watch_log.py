"""A watch is written as one record under its id, and read back as it was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError

from schemas.errors import ForeignRecord, Unavailable
from stream.kafka.topics import WATCHES
from stream.watches.watch_log import WatchLog, watch_in
from tests.support.index_side import Confirming
from tests.support.watching import watch


@pytest.mark.parametrize(
    "made",
    [
        watch("w1", "desk lamp", max_price=40, currency="EUR", brand="Acme"),
        watch("w2", product_id="P1", max_price=3, currency="EUR"),
        watch("w3", seller="A", owner="ümlaut"),
    ],
)
async def test_a_watch_is_read_back_as_it_was(made: Any) -> None:
    kafka = Confirming()
    written = WatchLog(kafka, 4)
    await written.put(made)
    await written.end(made.watch_id)
    (topic, key, value, partition, _), (_, _, tombstone, same, _) = kafka.sent
    assert (topic, key, partition) == (WATCHES, made.watch_id.encode(), same)
    assert watch_in(key, value) == (made.watch_id, made)
    assert tombstone is None and watch_in(key, tombstone) == (made.watch_id, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [(None, b"{}"), (b"", None), (b"\xff", None), (b"w", b"{}"), (b"w", b"no JSON"), (b"w", b"[]"), (b"w", b"null")],
)
def test_a_record_of_another_program_is_told_apart(key: bytes | None, value: bytes | None) -> None:
    with pytest.raises(ForeignRecord):
        watch_in(key, value)


class Refusing:
    async def send(self, *_: Any) -> asyncio.Future[Any]:
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(KafkaTimeoutError())
        return refused


async def test_a_watch_that_the_broker_does_not_confirm_is_not_taken() -> None:
    with pytest.raises(Unavailable, match="ask again"):
        await WatchLog(Refusing(), 4).put(watch())
