"""A record arrived at the broker's stamp, at the producer's where it can be true, and else now."""

from __future__ import annotations

import pytest

from stream.items.arrival import LATE_MS_MAX, LOG_APPEND_TIME, Arrival, arrival

NOW_MS = 1_800_000_000_000
YEAR_MS = 365 * 24 * 3_600_000


def arrived(stamped_ms: int, *, by_broker: bool = False, by_producers: bool = False) -> Arrival:
    stamped_by = LOG_APPEND_TIME if by_broker else 0
    return arrival(stamped_ms, stamped_by, NOW_MS, stamped_by_producers=by_producers)


@pytest.mark.parametrize("by_producers", [False, True])
@pytest.mark.parametrize("late_ms", [-60_000, 0, 3, 1_001, LATE_MS_MAX])
def test_a_time_that_can_be_the_arrival_is_taken_to_the_millisecond(late_ms: int, by_producers: bool) -> None:
    assert arrived(NOW_MS - late_ms, by_producers=by_producers) == (NOW_MS - late_ms, NOW_MS - late_ms, NOW_MS)


@pytest.mark.parametrize("stamped_ms", [-1, 0, NOW_MS // 1_000])
def test_a_record_without_a_time_arrives_now(stamped_ms: int) -> None:
    assert arrived(stamped_ms) == arrived(stamped_ms, by_producers=True) == (NOW_MS,) * 3


def test_the_time_of_a_source_is_no_arrival_where_the_broker_should_stamp() -> None:
    assert arrived(NOW_MS - 3 * YEAR_MS, by_producers=True) == (NOW_MS,) * 3


def test_an_old_record_of_a_topic_with_create_time_keeps_its_time() -> None:
    assert arrived(NOW_MS - YEAR_MS) == Arrival(NOW_MS - YEAR_MS, NOW_MS - YEAR_MS, latest_ms=NOW_MS)
    assert arrived(NOW_MS - YEAR_MS, by_broker=True) == (NOW_MS - YEAR_MS,) * 3


@pytest.mark.parametrize("ahead_ms", [400_000, 3_600_000, YEAR_MS, NOW_MS * 999])
def test_a_clock_that_is_ahead_makes_no_arrival_but_is_told(ahead_ms: int) -> None:
    assert arrived(NOW_MS + ahead_ms) == Arrival(NOW_MS, NOW_MS + ahead_ms, NOW_MS)


def test_the_clock_of_the_broker_is_believed_for_a_day() -> None:
    assert arrived(NOW_MS + 3_600_000, by_broker=True) == (NOW_MS + 3_600_000,) * 3
    assert arrived(NOW_MS + YEAR_MS, by_broker=True) == Arrival(NOW_MS, NOW_MS + YEAR_MS, NOW_MS)
