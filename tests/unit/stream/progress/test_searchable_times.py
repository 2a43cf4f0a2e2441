"""The time by which an event was searchable is never before it was, and never one that nobody has seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.kafka.partitions import Partition
from stream.progress.searchable_times import LOOKS_MAX, SearchableTimes

PRICES = Partition("prices", 0)


def looked(*offsets: int) -> SearchableTimes:
    """Return the times that looks at 0, 1, 2 ... saw, each at one of these offsets."""
    times = SearchableTimes()
    for now_ms, offset in enumerate(offsets):
        times.look(now_ms, {PRICES: offset})
    return times


def test_an_event_is_searchable_by_the_first_look_that_finds_the_watermark_behind_it() -> None:
    times = looked(5, 5, 7, 8, 8)
    assert [times.by_ms(PRICES, offset) for offset in (4, 5, 6, 7, 8)] == [None, 2, 2, 3, None]
    assert times.by_ms(Partition("prices", 1), 0) is None


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3 * LOOKS_MAX))
def test_a_time_is_never_before_the_look_that_saw_it_however_long_ago(steps: list[int]) -> None:
    offsets = [sum(steps[: number + 1]) for number in range(0, len(steps), 50)]
    times = looked(*offsets)
    for offset in range(offsets[0], offsets[-1]):
        first = next(number for number, each in enumerate(offsets) if each > offset)
        by_ms = times.by_ms(PRICES, offset)
        assert by_ms == first


def test_memory_is_bounded_and_old_times_get_coarser_but_not_earlier() -> None:
    times = looked(*range(10 * LOOKS_MAX))
    for offset in range(0, 10 * LOOKS_MAX - 1, 97):
        by_ms = times.by_ms(PRICES, offset)
        assert by_ms is None or by_ms > offset
    assert times.by_ms(PRICES, 10 * LOOKS_MAX - 2) == 10 * LOOKS_MAX - 1
