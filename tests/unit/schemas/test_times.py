"""Times are exact to the millisecond in every year."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.event_numbers import SECONDS_BELOW, milliseconds
from schemas.times import TIME_MS_BELOW, ms_since_epoch, rfc3339


@given(st.integers(SECONDS_BELOW, TIME_MS_BELOW - 1))
@example(TIME_MS_BELOW - 1)
def test_a_time_is_the_same_after_it_was_written(time_ms: int) -> None:
    text = rfc3339(time_ms)
    assert text is not None and milliseconds(text) == time_ms


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime.max.replace(tzinfo=UTC))
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC))
def test_a_time_has_the_milliseconds_that_have_passed(time: datetime) -> None:
    assert (ms_since_epoch(time) % 1000) == time.microsecond // 1000


def test_no_number_of_milliseconds_raises() -> None:
    assert [rfc3339(time_ms) for time_ms in (None, -1, TIME_MS_BELOW, 2**63, -(2**63))] == [None] * 5
