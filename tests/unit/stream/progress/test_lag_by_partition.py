"""The lag of a partition in events and in seconds."""

from __future__ import annotations

from stream.kafka.partitions import Partition
from stream.progress.lag_by_partition import ENDS_MAX, PartitionLag, PartitionLags

PRICES = Partition("prices", 0)


def looks(*each: tuple[int, int, int]) -> PartitionLag:
    """Look at (now_ms, end, reached) in turn."""
    lags = PartitionLags()
    for now_ms, end, reached in each:
        lags.look(now_ms, {PRICES: end}, {PRICES: reached})
    return lags.lags[PRICES]


def test_a_partition_whose_end_is_reached_has_no_lag() -> None:
    assert looks((0, 5, 0), (9_000, 5, 5)) == PartitionLag(0, 0.0)


def test_the_first_event_that_waits_counts_from_the_look_that_saw_it() -> None:
    assert looks((0, 5, 5), (1_000, 6, 5), (2_000, 9, 5), (5_000, 9, 5)) == PartitionLag(4, 4.0)


def test_the_wait_shrinks_to_that_of_the_next_event_once_the_first_is_shown() -> None:
    assert looks((0, 5, 5), (1_000, 6, 5), (2_000, 9, 5), (5_000, 9, 6)) == PartitionLag(3, 3.0)


def test_a_clock_that_is_set_back_makes_no_negative_wait() -> None:
    assert looks((9_000, 5, 0), (1_000, 5, 0)).seconds == 0.0


def test_a_standstill_of_any_length_keeps_its_beginning_in_bounded_memory() -> None:
    lags = PartitionLags()
    for second in range(5 * ENDS_MAX):
        lags.look(second * 1_000, {PRICES: second + 1}, {PRICES: 0})
    assert lags.lags[PRICES] == PartitionLag(5 * ENDS_MAX, 5 * ENDS_MAX - 1.0)
    assert len(lags._ends[PRICES]) <= ENDS_MAX
