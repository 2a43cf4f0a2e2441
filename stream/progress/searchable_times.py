"""The times by which input events were searchable, as far back as this process has looked at the watermark."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.kafka.partitions import Partition

LOOKS_MAX = 1_000
"""The most looks remembered of one partition: with more, every second one is dropped, and the times get coarser."""


class SearchableTimes:
    """Remembers when the watermark of a partition was first seen at each offset.

    An event is searchable at the latest at the first look that finds the watermark behind it.
    """

    def __init__(self) -> None:
        self._offsets: dict[Partition, list[int]] = defaultdict(list)
        self._times_ms: dict[Partition, list[int]] = defaultdict(list)

    def look(self, now_ms: int, searchable: Mapping[Partition, int]) -> None:
        """Note the first offset of each partition that is not searchable yet."""
        for partition, offset in searchable.items():
            offsets, times_ms = self._offsets[partition], self._times_ms[partition]
            if offsets and offset <= offsets[-1]:
                continue
            offsets.append(offset)
            times_ms.append(now_ms)
            if len(offsets) > LOOKS_MAX:  # The first look stays, which says what is not known.
                del offsets[1::2], times_ms[1::2]

    def by_ms(self, partition: Partition, offset: int) -> int | None:
        """Return the time by which an event was searchable; None if it is not, or was before the first look."""
        offsets = self._offsets.get(partition, [])
        place = bisect_right(offsets, offset)
        return None if place in (0, len(offsets)) else self._times_ms[partition][place]
