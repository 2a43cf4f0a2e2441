"""The time up to which each topic is searchable."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from stream.kafka.topics import INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.kafka.partitions import Partition
    from stream.progress.watermark import Watermark

SNAPSHOTS_MAX = 2_400
"""The most snapshots that are kept of one topic: ten minutes of four a second. With more, every second one is dropped,
and never the oldest: so the time is known however far search is behind, only more coarsely."""


class FreshAsOf:
    """Knows for each topic the latest time such that everything that had arrived by then is searchable now."""

    def __init__(self, watermark: Watermark) -> None:
        self._watermark = watermark
        self._snapshots: dict[str, deque[tuple[int, dict[Partition, int]]]] = defaultdict(deque)
        self._as_of_ms: dict[str, int | None] = dict.fromkeys(INPUTS)
        self._behind: dict[Partition, int] | None = None

    def begin(self, items_ends: Mapping[Partition, int]) -> None:
        """Set the end offsets of the item log at the start. Records below them may stem from no event of this log."""
        self._behind = dict(items_ends)

    @property
    def caught_up(self) -> bool:
        """True if the index has all records below those end offsets. Until then searches may miss items."""
        if self._behind:
            indexed = self._watermark.indexed
            self._behind = {
                partition: end for partition, end in self._behind.items() if indexed(partition.number) < end
            }
        return self._behind == {}

    def snapshot(self, now_ms: int, ends: Mapping[Partition, int]) -> None:
        """Add the end offsets of all input partitions, which were fetched after `now_ms`."""
        by_topic: dict[str, dict[Partition, int]] = defaultdict(dict)
        for partition, end in ends.items():
            by_topic[partition.topic][partition] = end
        for topic, topic_ends in by_topic.items():
            snapshots = self._snapshots[topic]
            snapshots.append((now_ms, topic_ends))
            if len(snapshots) > SNAPSHOTS_MAX:
                self._snapshots[topic] = deque(list(snapshots)[::2])

    def times_ms(self) -> dict[str, int | None]:
        """Return by topic the time in milliseconds since the epoch; None where it is not known yet."""
        if not self.caught_up:
            return dict.fromkeys(self._as_of_ms)
        for topic, snapshots in self._snapshots.items():
            while snapshots and self._reached(snapshots[0][1]):
                self._as_of_ms[topic] = snapshots.popleft()[0]
        return dict(self._as_of_ms)

    def _reached(self, ends: Mapping[Partition, int]) -> bool:
        return all(self._watermark.searchable(partition) >= end for partition, end in ends.items())
