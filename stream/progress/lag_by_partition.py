"""Lag by partition, in events and in seconds: how long the first event that search does not show has waited."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.kafka.partitions import Partition

ENDS_MAX = 1_000
"""The most end offsets remembered of one partition: with more, every second one is dropped."""


class PartitionLag(NamedTuple):
    """The lag of one partition."""

    events: int
    """The records below the end offset that search does not show yet."""
    seconds: float
    """The time for which the first of them has been seen waiting; 0 if none waits."""


class PartitionLags:
    """Remembers when each end offset of a partition was first seen, and tells how long its first event has waited.

    An event is seen at the first look after it came, so seconds are too low by up to the time between two looks. Events
    from before the first look count from there.
    """

    def __init__(self) -> None:
        self._ends: dict[Partition, deque[tuple[int, int]]] = defaultdict(deque)
        self._lags: dict[Partition, PartitionLag] = {}

    def look(self, now_ms: int, ends: Mapping[Partition, int], reached: Mapping[Partition, int]) -> None:
        """Note the end offset of each partition, and the offset below which search shows everything."""
        for partition, end in ends.items():
            seen = self._ends[partition]
            if not seen or end > seen[-1][0]:
                seen.append((end, now_ms))
            while seen and seen[0][0] <= reached[partition]:
                seen.popleft()
            if len(seen) > ENDS_MAX:
                self._ends[partition] = seen = deque(list(seen)[::2])
            since_ms = seen[0][1] if seen else now_ms
            self._lags[partition] = PartitionLag(max(0, end - reached[partition]), max(0, now_ms - since_ms) / 1000)

    @property
    def lags(self) -> Mapping[Partition, PartitionLag]:
        """The lag of each partition as it was last looked at."""
        return self._lags
