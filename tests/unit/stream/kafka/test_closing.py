"""A cancel that comes while a client of aiokafka is closed is not lost."""

from __future__ import annotations

import asyncio

from aiokafka.client import AIOKafkaClient

from stream.kafka.closing import close_client
from tests.support.waiting import until


async def test_a_cancel_during_the_close_is_raised_after_it() -> None:
    client, closed = AIOKafkaClient(bootstrap_servers="127.0.0.1:9"), asyncio.Event()
    ending = asyncio.Event()

    async def upkeep() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await closed.wait()

    client._sync_task = asyncio.ensure_future(upkeep())
    await asyncio.sleep(0)  # The upkeep waits.
    closing = asyncio.ensure_future(close_client(client))
    await ending.wait()
    closing.cancel()
    await until(closing.done, "the close ends")
    assert closing.cancelled() and client._sync_task is None


async def test_a_close_that_nobody_cancels_ends_as_it_is() -> None:
    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:9")
    await close_client(client)
    assert client._sync_task is None
