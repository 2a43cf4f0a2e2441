"""The arrival times of the records of a log, told afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.items.arrival import LATE_MS_MAX, Arrival, arrival

if TYPE_CHECKING:
    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record
    from workers.clock import Clock


class LogArrivals:
    """The arrivals of records that are read in the order of their offsets, as the items worker took them.

    If producers stamp the records, a timestamp far behind that of an earlier record is no arrival, because the record
    arrived after the earlier one. The worker then took the moment at which it read the record, and nobody knows this
    moment any more.
    """

    def __init__(self, clock: Clock, *, stamped_by_producers: bool) -> None:
        self._clock, self._stamped_by_producers = clock, stamped_by_producers
        self._latest_ms: dict[Partition, int] = {}

    def of(self, record: Record) -> Arrival:
        """Return the arrival of the next record of its partition."""
        now_ms, latest_ms = self._clock.now_ms(), self._latest_ms.get(record.partition, 0)
        if self._stamped_by_producers and record.timestamp_ms < latest_ms - LATE_MS_MAX:
            self._latest_ms[record.partition] = latest_ms + 1
            return Arrival(latest_ms + 1, latest_ms + 1, latest_ms + 1)
        if record.timestamp_ms <= now_ms:
            self._latest_ms[record.partition] = max(latest_ms, record.timestamp_ms)
        return arrival(record.timestamp_ms, None, now_ms, stamped_by_producers=False)
