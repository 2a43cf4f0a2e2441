"""The arrival of a record is told from the log as the items worker took it."""

from __future__ import annotations

from stream.api.why.arrivals import LogArrivals
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from tests.support.clocks import ManualClock

NOW_MS = 1_795_941_000_000
YEAR_MS = 365 * 86_400_000


def arrivals(stamps: list[int], *, by_producers: bool) -> list[int]:
    read = LogArrivals(ManualClock(NOW_MS / 1000), stamped_by_producers=by_producers)
    records = (Record(Partition("prices", 0), offset, ms, b"a", b"{}", ()) for offset, ms in enumerate(stamps))
    return [read.of(record).own_ms for record in records]


def test_a_time_of_the_past_is_no_arrival_where_producers_stamp() -> None:
    stamps = [NOW_MS - 9_000, NOW_MS - YEAR_MS, -1, NOW_MS - 5_000]
    assert arrivals(stamps, by_producers=True) == [NOW_MS - 9_000, NOW_MS - 8_999, NOW_MS - 8_998, NOW_MS - 5_000]


def test_a_producer_that_is_some_minutes_behind_is_taken_by_its_word() -> None:
    stamps = [NOW_MS - 9_000, NOW_MS - 1_800_000]
    assert arrivals(stamps, by_producers=True) == stamps


def test_where_the_broker_stamps_every_time_counts() -> None:
    stamps = [NOW_MS - 9_000, NOW_MS - YEAR_MS]
    assert arrivals(stamps, by_producers=False) == stamps


def test_a_time_ahead_makes_no_later_record_later() -> None:
    stamps = [NOW_MS - 9_000, NOW_MS + YEAR_MS, NOW_MS - 8_000]
    assert arrivals(stamps, by_producers=True)[2] == NOW_MS - 8_000
