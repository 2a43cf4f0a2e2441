"""When the embedded broker must be replaced: it has grown too large, or its log is too long to fetch from quickly.

The broker looks through all batches of a partition for the one that is asked for. See docs/traps.md#tansu.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from stream.kafka.end_offsets import EndOffsets
from stream.up.process import processor_seconds, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stream.kafka.partitions import Partition
    from stream.up.brokers.interface import Broker
    from stream.up.process import ChildProcess
    from workers.clock import Clock

TRIES = 5
RECORDS_MIN = 10_000
"""In a partition with fewer records no fetch is slow because of them."""
PATIENCE_S = 10.0


class RenewalProbe:
    """Measures the embedded broker: its memory whenever asked, its fetches every `interval_s`."""

    def __init__(
        self, broker: Broker, child: ChildProcess, partitions: Sequence[Partition], interval_s: float, clock: Clock
    ) -> None:
        self._broker = broker
        self._child = child
        self._partitions = partitions
        self._interval_s = interval_s
        self._clock = clock
        self._next_fetch_s = 0.0

    def log_started(self) -> None:
        """Note that the broker has a new log now, whose fetches need not be timed soon."""
        self._next_fetch_s = self._clock.monotonic_s() + self._interval_s

    def memory_bytes(self) -> int:
        """Return the memory of the broker; 0 on a system that does not say."""
        with contextlib.suppress(Unavailable):
            return resident_bytes(self._child.pid or 0)
        return 0

    async def reason_to_renew(self, memory_bytes: int) -> str | None:
        """Return why the broker must be replaced; None if it need not."""
        if memory_bytes > (self._broker.memory_bytes_max or math.inf):
            return "has grown too large"
        if self._clock.monotonic_s() < self._next_fetch_s:
            return None
        self._next_fetch_s = self._clock.monotonic_s() + self._interval_s
        with contextlib.suppress(Unavailable):
            took_s = await measure_fetch_seconds(self._broker.address, self._partitions, self._ran_s)
            if took_s > (self._broker.fetch_seconds_max or math.inf):
                return f"has become slow, its log is long (a fetch takes {1000 * took_s:.0f} ms)"
        return None

    def _ran_s(self) -> float:
        """Return how long the broker has run; on a system that does not say, it counts as running all the time."""
        try:
            return processor_seconds(self._child.pid or 0)
        except Unavailable:
            return time.monotonic()


async def measure_fetch_seconds(kafka: str, partitions: Sequence[Partition], ran_s: Callable[[], float]) -> float:
    """Return how long the slowest fetch of a last record takes, over the longest partition of each topic.

    0.0 means that all partitions are short. The best of five tries counts. A fetch counts for no longer than the broker
    ran meanwhile, according to `ran_s`, the seconds that it has run so far: a busy machine does not make a log long.

    Raises Unavailable.
    """
    longest: dict[str, Partition] = {}
    async with EndOffsets(kafka, patience_s=PATIENCE_S) as end_offsets:
        ends = await end_offsets.fetch(partitions)
        for partition in sorted(partitions, key=lambda partition: ends[partition]):
            longest[partition.topic] = partition
        long = [partition for partition in longest.values() if ends[partition] >= RECORDS_MIN]
        return max([await _best(end_offsets, partition, ends[partition] - 1, ran_s) for partition in long], default=0.0)


async def _best(end_offsets: EndOffsets, partition: Partition, offset: int, ran_s: Callable[[], float]) -> float:
    took_s = []
    for _ in range(TRIES):
        began_s, ran_before_s = time.monotonic(), ran_s()
        await end_offsets.has_records(partition, offset)
        took_s += [time.monotonic() - began_s, ran_s() - ran_before_s]
    return min(took_s)
