"""Fetches that come to an end: the embedded broker answers one that runs out of time as if there were nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.protocol.fetch import FetchRequest

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

WAIT_MS_MAX = 1_000


def be_patient(consumer: AIOKafkaConsumer, wait_ms: int) -> None:
    """Lets its fetches wait `wait_ms` where there is nothing to fetch, and ever longer while there is and none comes.

    The embedded broker looks through all batches of a partition for those that are asked for: 6 ms where there are
    10,000. With a wait below that, a consumer would get nothing for ever.
    """
    send, waits_ms = consumer._client.send, wait_ms

    async def sent(node_id: int, request: Any, **how: Any) -> Any:
        nonlocal waits_ms
        if not isinstance(request, FetchRequest):
            return await send(node_id, request, **how)
        request._max_wait_ms = waits_ms
        response = await send(node_id, request, **how)
        waits_ms = min(2 * waits_ms, WAIT_MS_MAX) if _starved(request, response) else wait_ms
        return response

    consumer._client.send = sent


def _starved(request: FetchRequest, response: Any) -> bool:
    """Nothing came, of partitions that have something."""
    asked = {(topic, number): offset for topic, parts in request.topics for number, offset, _ in parts}
    behind = False
    for topic, parts in response.topics:
        for number, error_code, end, *_, records in parts:
            if records:
                return False
            behind |= not error_code and end > asked[topic, number]
    return behind
