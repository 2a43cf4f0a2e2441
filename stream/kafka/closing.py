"""Closes a client of aiokafka. What else its connections need is in `stream.kafka.connections`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiokafka.client import AIOKafkaClient


async def close_client(client: AIOKafkaClient) -> None:
    """Close the connections of the client.

    aiokafka swallows a cancel that comes while it waits for the end of its own task. The caller would then never end,
    and no Ctrl-C would stop `up`. Such a cancel is raised here once the client is closed.
    """
    task = asyncio.current_task()
    assert task is not None
    cancels_before = task.cancelling()
    await client.close()
    if task.cancelling() > cancels_before:
        raise asyncio.CancelledError
