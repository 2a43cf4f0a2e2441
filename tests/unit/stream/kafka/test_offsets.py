"""What may be committed, whatever the order of completion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.kafka.offsets import OffsetTracker, OffsetTrackers
from stream.kafka.partitions import Partition

PLACE = Partition("items", 0)


@st.composite
def deliveries_and_completions(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Rising offsets with gaps, as a compacted topic has them, and some of them in the order they are finished."""
    offsets = sorted(draw(st.sets(st.integers(0, 200), min_size=1, max_size=40)))
    finished = draw(st.permutations(offsets))
    return offsets, finished[: draw(st.integers(0, len(offsets)))]


@given(deliveries_and_completions())
def test_the_prefix_never_passes_the_first_unfinished_offset(case: tuple[list[int], list[int]]) -> None:
    offsets, completions = case
    tracker = OffsetTracker()
    for offset in offsets:
        tracker.start(offset)
    left = set(offsets)
    for offset in completions:
        tracker.finish(offset)
        left.discard(offset)
        assert tracker.prefix == (min(left) if left else offsets[-1] + 1)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.randoms())
def test_the_prefix_never_falls_while_deliveries_and_completions_mix(deliver: list[bool], random: object) -> None:
    in_flight: list[int] = []
    tracker, next_offset, before = OffsetTracker(), 0, 0
    for more in deliver:
        if more or not in_flight:
            tracker.start(next_offset)
            in_flight.append(next_offset)
            next_offset += 1
        else:
            tracker.finish(in_flight.pop(random.randrange(len(in_flight))))  # type: ignore[attr-defined]
        assert tracker.prefix is not None
        assert before <= tracker.prefix <= min(in_flight, default=next_offset)
        before = tracker.prefix


def test_before_the_first_delivery_nothing_may_be_committed() -> None:
    assert OffsetTracker().prefix is None
    assert OffsetTrackers().prefix(PLACE) is None


def test_an_offset_that_does_not_rise_is_refused() -> None:
    tracker = OffsetTracker()
    tracker.start(5)
    with pytest.raises(ValueError, match="offset 5 was delivered when 6 was next"):
        tracker.start(5)


def test_finishing_a_delivery_from_before_a_rebalance_commits_nothing() -> None:
    trackers = OffsetTrackers()
    old = trackers.start(PLACE, 10, generation=1)
    trackers.start(PLACE, 10, generation=2)
    old.finish()
    assert trackers.prefix(PLACE) == 10


def test_a_seek_back_within_a_generation_begins_a_new_tracker() -> None:
    trackers = OffsetTrackers()
    first, second = trackers.start(PLACE, 10, generation=1), trackers.start(PLACE, 11, generation=1)
    again = trackers.start(PLACE, 10, generation=1)
    first.finish()
    second.finish()
    assert trackers.prefix(PLACE) == 10
    again.finish()
    assert trackers.prefix(PLACE) == 11


def test_of_a_revoked_partition_nothing_may_be_committed() -> None:
    trackers = OffsetTrackers()
    trackers.start(PLACE, 3, generation=1).finish()
    trackers.forget([PLACE])
    assert trackers.prefix(PLACE) is None
    assert trackers.in_flight == 0
