"""Fetches that come to an end: the embedded broker answers one that runs out of time as if there were nothing."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiokafka.protocol.fetch import FetchRequest

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    Asked = dict[tuple[str, int], int]

WAIT_MS_MAX = 200
"""What comes while a fetch waits in vain is seen when that has ended."""
REST_MS_PER_RECORD = 2.0
"""So that a flood comes in few large fetches, and one price is not held up."""


def adapt_fetch_waits(consumer: AIOKafkaConsumer, wait_ms: int, *, rest_ms_max: int = 0) -> None:
    """Lets its fetches wait `wait_ms` where there is nothing to fetch, and ever longer while of some partition that has
    something nothing comes.

    The embedded broker looks through all batches of a partition for those that are asked for: 6 ms where there are
    10,000. With a wait below that a consumer would get nothing for ever, and a little above it one partition at a time.

    `rest_ms_max`: after one that found something the next waits as long as it took, or two milliseconds for each
    record that was there, at most this: the more a fetch costs the broker, the more it brings.
    """
    send, waits_ms, rests_until_s = consumer._client.send, wait_ms, 0.0

    async def sent(node_id: int, request: Any, **how: Any) -> Any:
        nonlocal waits_ms, rests_until_s
        if not isinstance(request, FetchRequest):
            return await send(node_id, request, **how)
        await asyncio.sleep(max(0.0, rests_until_s - time.monotonic()))
        request._max_wait_ms, began_s = waits_ms, time.monotonic()
        response = await send(node_id, request, **how)
        ended_s = time.monotonic()
        asked = _asked(request)
        if records := _found(asked, response):
            rest_ms = max(1000 * (ended_s - began_s), records * REST_MS_PER_RECORD)
            rests_until_s = ended_s + min(rest_ms, rest_ms_max) / 1000
        if not _left_out(asked, response):
            waits_ms = wait_ms
        elif 1000 * (ended_s - began_s) > 0.9 * waits_ms:  # Else it ended early, with what it had.
            waits_ms = min(2 * waits_ms, WAIT_MS_MAX)
        return response

    consumer._client.send = sent


def _found(asked: Asked, response: Any) -> int:
    """How many records there were to fetch, in the partitions of which some came."""
    return sum(
        end - asked[topic, number]
        for topic, parts in response.topics
        for number, _, end, *_, records in parts
        if records
    )


def _left_out(asked: Asked, response: Any) -> bool:
    """Of some partition that has what was asked for nothing came."""
    answers = ((topic, *part[:3], part[-1]) for topic, parts in response.topics for part in parts)
    return any(
        not error_code and end > asked[topic, number] and not records
        for topic, number, error_code, end, records in answers
    )


def _asked(request: FetchRequest) -> Asked:
    """Offsets by partition."""
    return {(topic, number): offset for topic, parts in request.topics for number, offset, _ in parts}
