"""The committable offset, whatever the order of acks.

These tests prove docs/invariants.md#2.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.kafka.offset_tracker import OffsetTracker, OffsetTrackers
from stream.kafka.partitions import Partition
from tests.support.record_batches import batch_at, gap_to

PARTITION = Partition("items", 0)


@st.composite
def deliveries_and_acks(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Rising offsets with gaps, as a compacted topic has them, and some of them in the order they are acked."""
    offsets = sorted(draw(st.sets(st.integers(0, 200), min_size=1, max_size=40)))
    acked = draw(st.permutations(offsets))
    return offsets, acked[: draw(st.integers(0, len(offsets)))]


@given(deliveries_and_acks())
def test_the_committable_offset_never_passes_the_first_that_is_not_acked(case: tuple[list[int], list[int]]) -> None:
    offsets, acks = case
    tracker = OffsetTracker()
    tracker.start(offsets)
    left = set(offsets)
    for offset in acks:
        tracker.ack(offset)
        left.discard(offset)
        assert tracker.committable == (min(left) if left else offsets[-1] + 1)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.randoms())
def test_the_committable_offset_never_falls_while_deliveries_and_acks_mix(deliver: list[bool], random: object) -> None:
    in_flight: list[int] = []
    tracker, next_offset, before = OffsetTracker(), 0, 0
    for more in deliver:
        if more or not in_flight:
            tracker.start([next_offset])
            in_flight.append(next_offset)
            next_offset += 1
        else:
            tracker.ack(in_flight.pop(random.randrange(len(in_flight))))  # type: ignore[attr-defined]
        assert tracker.committable is not None
        assert before <= tracker.committable <= min(in_flight, default=next_offset)
        before = tracker.committable


def test_before_the_first_delivery_nothing_may_be_committed() -> None:
    assert OffsetTracker().committable is None
    assert OffsetTrackers().committable(PARTITION) is None


def test_an_offset_that_does_not_rise_is_refused() -> None:
    tracker = OffsetTracker()
    tracker.start([5])
    with pytest.raises(ValueError, match="offset 5 was delivered when 6 was next"):
        tracker.start([5])


def test_acking_a_record_from_before_a_rebalance_commits_nothing() -> None:
    trackers = OffsetTrackers()
    [old] = trackers.start(batch_at(PARTITION, 10, generation_id=1))
    trackers.start(batch_at(PARTITION, 10, generation_id=2))
    old.ack()
    assert trackers.committable(PARTITION) == 10


def test_a_seek_back_within_a_generation_begins_a_new_tracker() -> None:
    trackers = OffsetTrackers()
    first, second = trackers.start(batch_at(PARTITION, 10, 11))
    [again] = trackers.start(batch_at(PARTITION, 10))
    first.ack()
    second.ack()
    assert trackers.committable(PARTITION) == 10
    again.ack()
    assert trackers.committable(PARTITION) == 11


def test_a_gap_may_be_committed_once_every_record_before_it_is_acked() -> None:
    trackers = OffsetTrackers()
    [record] = trackers.start(batch_at(PARTITION, 3))
    assert trackers.start(gap_to(6, PARTITION)) == []
    assert trackers.committable(PARTITION) == 3
    record.ack()
    assert trackers.committable(PARTITION) == 6
    [later] = trackers.start(batch_at(PARTITION, 6))
    assert trackers.committable(PARTITION) == 6
    later.ack()
    assert trackers.committable(PARTITION) == 7


def test_a_gap_where_reading_begins_may_be_committed() -> None:
    trackers = OffsetTrackers()
    trackers.start(gap_to(6, PARTITION))
    assert trackers.committable(PARTITION) == 6


def test_a_gap_before_a_seek_back_does_not_hide_the_records_that_come_again() -> None:
    trackers = OffsetTrackers()
    trackers.start(batch_at(PARTITION, 3))
    trackers.start(gap_to(6, PARTITION))
    [again] = trackers.start(batch_at(PARTITION, 3))
    assert trackers.committable(PARTITION) == 3
    again.ack()
    assert trackers.committable(PARTITION) == 4


def test_nothing_of_a_revoked_partition_may_be_committed() -> None:
    trackers = OffsetTrackers()
    [record] = trackers.start(batch_at(PARTITION, 3))
    record.ack()
    trackers.forget([PARTITION])
    assert trackers.committable(PARTITION) is None
    assert trackers.in_flight == 0
