"""Fetch waits that adapt, so that every fetch comes to an end with the records that it was sent for.

The embedded broker answers a fetch that runs out of time as if there were no records. See docs/traps.md#tansu.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka.protocol.fetch import FetchRequest

from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiokafka import AIOKafkaConsumer

    from workers.clock import Clock

    AskedOffsets = dict[tuple[str, int], int]
    """The offset that a fetch asks for, by (topic, partition number)."""

WAIT_MS_MAX = 200
"""A record that arrives while a fetch waits in vain is seen only when that fetch has ended."""
IDLE_AFTER_S = 2.0
IDLE_WAIT_MS = 40
"""The wait once no record has come for two seconds: in a stack in which nothing happens, fetches of 5 ms cost half a
core. The first record after a silence comes later by half of this, on average; those behind it do not."""
WOKEN_WAIT_MS = 500
"""The wait at a broker that wakes fetches, where no record comes later by it."""
REST_MS_PER_RECORD = 2.0
"""A flood then arrives in few large fetches, and one price is not held up."""


def adapt_fetch_waits(
    consumer: AIOKafkaConsumer, wait_ms: int, *, rest_ms_max: int = 0, wakes_fetches: bool = False
) -> AdaptiveFetches:
    """Make the consumer's fetches adapt how long they wait and how long they rest, and return what adapts them.

    `wakes_fetches`: see `Cluster`.

    The consumer has no option for either. So its client's `send` is replaced, which is private to aiokafka: pin the
    version, and see docs/traps.md#aiokafka.
    """
    idle_wait_ms = WOKEN_WAIT_MS if wakes_fetches else IDLE_WAIT_MS
    fetches = AdaptiveFetches(consumer._client.send, wait_ms, idle_wait_ms, rest_ms_max, SystemClock(), asyncio.sleep)
    consumer._client.send = fetches.send
    return fetches


class AdaptiveFetches:
    """The requests of one consumer, in which each fetch gets a wait that fits the fetch before it.

    A fetch waits `wait_ms` at the broker while there is nothing to fetch, or `idle_wait_ms`, if that is longer, once
    nothing has come for two seconds. It waits longer each time, up to WAIT_MS_MAX, while the broker sends nothing from
    a partition that has records. The embedded broker looks through all batches of a partition for the offset that is
    asked for: 6 ms where there are 10,000 batches. With a wait below that a consumer would get nothing forever, and
    with a wait a little above it one partition at a time.

    The wait of a request is a private attribute of aiokafka, see docs/traps.md#aiokafka.

    After a fetch that brought records the next one rests as long as that fetch took, or two milliseconds for each
    record that there was, whichever is longer, but at most `rest_ms_max`. So the more a fetch costs the broker, the
    more it brings.
    """

    def __init__(
        self,
        send: Any,
        wait_ms: int,
        idle_wait_ms: int,
        rest_ms_max: int,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._send = send
        self._wait_ms_min = wait_ms
        self._idle_wait_ms = max(wait_ms, idle_wait_ms)
        self._came_s = clock.monotonic_s()
        self._wait_ms = wait_ms
        self._rest_ms_max = rest_ms_max
        self._clock = clock
        self._sleep = sleep
        self._rests_until_s = 0.0

    def wait_for(self, wait_ms: int) -> None:
        """Let fetches wait so long at the broker from now on, while there is nothing to fetch."""
        self._wait_ms_min = self._wait_ms = wait_ms

    async def send(self, node_id: int, request: Any, **options: Any) -> Any:
        """Send the request, and return the response; other requests than fetches are passed on as they are."""
        if not isinstance(request, FetchRequest):
            return await self._send(node_id, request, **options)
        await self._sleep(max(0.0, self._rests_until_s - self._clock.monotonic_s()))
        request._max_wait_ms, began_s = self._wait_ms, self._clock.monotonic_s()
        response = await self._send(node_id, request, **options)
        self._adapt(_asked_offsets(request), response, began_s, self._clock.monotonic_s())
        return response

    def _adapt(self, asked: AskedOffsets, response: Any, began_s: float, ended_s: float) -> None:
        took_ms = 1000 * (ended_s - began_s)
        if records := _records_available(asked, response):
            self._came_s = ended_s
            rest_ms = max(took_ms, records * REST_MS_PER_RECORD)
            self._rests_until_s = ended_s + min(rest_ms, self._rest_ms_max) / 1000
        if not _leaves_out_records(asked, response):
            idle = ended_s - self._came_s > IDLE_AFTER_S
            self._wait_ms = self._idle_wait_ms if idle else self._wait_ms_min
        elif took_ms > 0.9 * self._wait_ms:  # Otherwise the fetch ended early, with the records that it had found.
            self._wait_ms = min(2 * self._wait_ms, WAIT_MS_MAX)


def _records_available(asked: AskedOffsets, response: Any) -> int:
    """Return how many records there were to fetch, in the partitions from which some came."""
    return sum(
        end - asked[topic, number]
        for topic, parts in response.topics
        for number, _, end, *_, records in parts
        if records
    )


def _leaves_out_records(asked: AskedOffsets, response: Any) -> bool:
    """Return whether a partition that has records at the offset asked for sent none of them."""
    answers = ((topic, *part[:3], part[-1]) for topic, parts in response.topics for part in parts)
    return any(
        not error_code and end > asked[topic, number] and not records
        for topic, number, error_code, end, records in answers
    )


def _asked_offsets(request: FetchRequest) -> AskedOffsets:
    return {(topic, number): offset for topic, parts in request.topics for number, offset, _ in parts}
