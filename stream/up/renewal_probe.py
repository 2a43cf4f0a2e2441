"""Decides when the embedded broker must be replaced: it has grown too large, or its log is too long to fetch quickly.

To find the batch that a fetch asks for, the broker scans all batches of the partition. See docs/traps.md#tansu.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from stream.kafka.cluster import Cluster
from stream.kafka.end_offsets import EndOffsets
from stream.up.child_process import processor_seconds, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stream.kafka.partitions import Partition
    from stream.up.brokers.interface import Broker
    from stream.up.child_process import ChildProcess
    from workers.clock import Clock

TRIES = 5
RECORDS_MIN = 10_000
"""A partition with fewer records is too short to make a fetch slow."""
PATIENCE_S = 10.0


class RenewalProbe:
    """Measures the embedded broker: its memory at each call, the duration of its fetches every `interval_s`."""

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
        """Note that the broker has a new log, whose fetches need not be timed before the next interval has passed."""
        self._next_fetch_s = self._clock.monotonic_s() + self._interval_s

    def memory_bytes(self) -> int:
        """Return the memory of the broker; 0 on a system that does not report it."""
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
            kafka = Cluster(self._broker.address)
            took_s = await measure_fetch_seconds(kafka, self._partitions, self._ran_s, self._clock)
            if took_s > (self._broker.fetch_seconds_max or math.inf):
                return f"has become slow, its log is long (a fetch takes {1000 * took_s:.0f} ms)"
        return None

    def _ran_s(self) -> float:
        """Return the broker's processor time; on a system that does not report it, the time of a monotonic clock."""
        try:
            return processor_seconds(self._child.pid or 0)
        except Unavailable:
            return self._clock.monotonic_s()


async def measure_fetch_seconds(
    kafka: Cluster, partitions: Sequence[Partition], ran_s: Callable[[], float], clock: Clock
) -> float:
    """Fetch the last record from the longest partition of each topic, and return the duration of the slowest fetch.

    0.0 means that all partitions are short. Of five tries for each partition, the fastest counts. A fetch counts for no
    longer than the broker's processor time during the fetch, so that a busy machine does not make a log look long:
    `ran_s` returns the processor seconds that the broker has used so far.

    Raises Unavailable.
    """
    longest: dict[str, Partition] = {}
    async with EndOffsets(kafka, patience_s=PATIENCE_S) as end_offsets:
        ends = await end_offsets.fetch(partitions)
        for partition in sorted(partitions, key=lambda partition: ends[partition]):
            longest[partition.topic] = partition
        long = [partition for partition in longest.values() if ends[partition] >= RECORDS_MIN]
        took_s = [await _best(end_offsets, partition, ends[partition] - 1, ran_s, clock) for partition in long]
        return max(took_s, default=0.0)


async def _best(
    end_offsets: EndOffsets, partition: Partition, offset: int, ran_s: Callable[[], float], clock: Clock
) -> float:
    took_s = []
    for _ in range(TRIES):
        began_s, ran_before_s = clock.monotonic_s(), ran_s()
        await end_offsets.has_records(partition, offset)
        took_s += [clock.monotonic_s() - began_s, ran_s() - ran_before_s]
    return min(took_s)
