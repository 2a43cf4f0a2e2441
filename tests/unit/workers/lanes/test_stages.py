"""The time of an event is divided among the stages without a remainder."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.lanes.stages import STAGES, StageTimes, stage_seconds

TIMES = st.integers(min_value=-1, max_value=100_000)


@given(arrived=TIMES, times=st.builds(StageTimes, TIMES, TIMES, TIMES), searchable=TIMES)
def test_the_stages_are_never_negative_and_add_up_to_the_whole_way_whatever_the_clocks_say(
    arrived: int, times: StageTimes, searchable: int
) -> None:
    seconds = stage_seconds(arrived, times, searchable)
    assert len(seconds) == len(STAGES) and min(seconds) >= 0
    assert round(sum(seconds) * 1000) == max(0, searchable - arrived)


def test_each_stage_has_the_time_between_its_own_end_and_that_of_the_stage_ahead() -> None:
    assert stage_seconds(1_000, StageTimes(1_010, 1_030, 1_060), 1_100) == (0.01, 0.02, 0.03, 0.04)


def test_a_record_without_a_timestamp_gives_its_time_to_the_stages_around_it() -> None:
    assert stage_seconds(1_000, StageTimes(1_010, -1, 1_060), 1_100) == (0.01, 0.0, 0.05, 0.04)


def test_of_records_that_are_written_together_the_first_one_counts() -> None:
    assert StageTimes(5, 6, 7).earlier(StageTimes(1, 9, 8)) == StageTimes(1, 6, 7)
