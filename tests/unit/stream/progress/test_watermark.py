"""Tokens resolve over both hops, whatever the order of the reports."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Unavailable
from schemas.progress import IndexProgress, ItemsProgress, Progress
from stream.kafka.partitions import Partition
from stream.progress.fresh_as_of import SNAPSHOTS_MAX, FreshAsOf
from stream.progress.recent_freshness import FreshnessSummary, Observation, RecentFreshness
from stream.progress.watermark import Watermark
from tests.support.waiting import HANG_S

PRICES = Partition("prices", 0)
UNKNOWN: dict[str, int | None] = {"products": None, "prices": None, "reviews": None}


def items(finished: int, items_end: int) -> ItemsProgress:
    return ItemsProgress(0, {"prices": finished}, items_end)


def index(finished: int, collection: str = "items-1") -> IndexProgress:
    return IndexProgress(0, collection, finished)


def watermark(*words: Progress) -> Watermark:
    made = Watermark("items-1")
    for word in words:
        if isinstance(word, ItemsProgress):
            made.items_progress(word)
        elif isinstance(word, IndexProgress):
            made.index_progress(word)
    return made


async def test_whoever_waits_for_a_move_is_woken_by_a_write_and_by_the_end_of_the_process() -> None:
    made = watermark(index(6))
    seen = made.moves
    await asyncio.wait_for(made.moves_beyond(seen - 1), HANG_S)
    for _ in range(2):  # One is woken by a write, the next by the end.
        waiting = asyncio.create_task(made.moves_beyond(made.moves))
        await asyncio.sleep(0)
        made.index_progress(index(6))
        await asyncio.sleep(0)
        assert not waiting.done(), "nothing more is searchable"
        if made.moves == seen:
            made.index_progress(index(7))
            await asyncio.wait_for(waiting, HANG_S)
        else:
            made.abandon()
            with pytest.raises(Unavailable, match="ask again"):
                await waiting


def test_an_event_is_searchable_once_the_index_is_past_the_end_that_covered_it() -> None:
    made = watermark(items(10, 7), index(6))
    assert made.searchable(PRICES) == 0
    made.index_progress(index(7))
    assert made.searchable(PRICES) == 10


def test_a_later_end_does_not_delay_an_event_that_was_covered_before() -> None:
    made = watermark(items(10, 7), items(11, 9), index(7))
    assert made.searchable(PRICES) == 10


def test_events_that_change_nothing_are_searchable_at_once() -> None:
    made = watermark(items(10, 7), index(7), items(15, 7))
    assert made.searchable(PRICES) == 15


def test_a_report_of_another_collection_says_nothing() -> None:
    assert watermark(items(10, 7), index(99, "items-2")).searchable(PRICES) == 0


def test_a_dropped_collection_leaves_nothing_behind_and_no_late_report_brings_it_back() -> None:
    """Each rebuild drops one."""
    made = watermark(index(6), index(9, "items-2"))
    made.serve("items-2")
    made.forget("items-1")
    made.index_progress(index(7))
    made.serve("items-1")
    assert made.indexed(0) == 0
    made.serve("items-2")
    assert made.indexed(0) == 9


def test_a_partition_is_reported_once_a_worker_of_each_hop_has_joined_it_and_none_before() -> None:
    made = watermark(items(0, 0))
    assert made.unreported(range(2)) == [0, 1]
    made.index_progress(index(0, "items-2"))
    assert made.unreported(range(2)) == [0, 1]
    made.index_progress(index(0))
    assert made.unreported(range(2)) == [1]


words = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=12
)


@given(words, st.lists(st.integers(0, 25), max_size=6), st.randoms())
def test_what_is_called_searchable_was_covered_by_an_end_that_the_index_has_passed(
    pairs: list[tuple[int, int]], passed: list[int], random: object
) -> None:
    reports: list[Progress] = [items(finished, end) for finished, end in pairs]
    reports += [index(offset) for offset in passed]
    random.shuffle(reports)  # type: ignore[attr-defined]
    searchable = watermark(*reports).searchable(PRICES)
    covered = [finished for finished, end in pairs if end <= max(passed, default=0)]
    assert searchable <= max(covered, default=0)


async def test_a_waiter_wakes_when_its_event_is_searchable_and_not_before() -> None:
    made = watermark(items(10, 7))
    waiting = asyncio.ensure_future(made.reaches(PRICES, 9))
    too_far = asyncio.ensure_future(made.reaches(PRICES, 10))
    await asyncio.sleep(0)
    made.index_progress(index(7))
    await asyncio.wait_for(waiting, HANG_S)
    assert not too_far.done()
    too_far.cancel()


async def test_who_waits_hears_that_the_process_ends() -> None:
    made = Watermark()
    waiting = asyncio.ensure_future(made.reaches(PRICES, 9))
    await asyncio.sleep(0)
    made.abandon()
    with pytest.raises(Unavailable, match="the index worker ends"):
        await waiting


def test_fresh_as_of_is_the_last_moment_whose_arrivals_are_all_searchable() -> None:
    made = watermark()
    as_of = FreshAsOf(made)
    assert as_of.times_ms() == UNKNOWN
    as_of.begin({Partition("items", 0): 0})
    as_of.snapshot(1_000, {PRICES: 5})
    as_of.snapshot(2_000, {PRICES: 10})
    as_of.snapshot(3_000, {PRICES: 11})
    assert as_of.times_ms() == UNKNOWN
    made.items_progress(items(10, 4))
    made.index_progress(index(4))
    assert as_of.times_ms() == UNKNOWN | {"prices": 2_000}


def test_fresh_as_of_is_known_however_far_search_is_behind() -> None:
    made = watermark()
    as_of = FreshAsOf(made)
    as_of.begin({Partition("items", 0): 0})
    for at in range(3 * SNAPSHOTS_MAX):
        as_of.snapshot(at, {PRICES: at})
    made.items_progress(items(1_000, 4))
    made.index_progress(index(4))
    assert 990 <= (as_of.times_ms()["prices"] or 0) <= 1_000


def test_nothing_is_fresh_while_the_index_is_behind_what_lay_in_the_item_log_at_the_start() -> None:
    """Neither a new index nor a new log that begins with the state of its items has input events for those items."""
    made = watermark()
    as_of = FreshAsOf(made)
    as_of.snapshot(1_000, {PRICES: 0})
    assert not as_of.caught_up and as_of.times_ms() == UNKNOWN
    as_of.begin({Partition("items", 0): 4})
    assert not as_of.caught_up and as_of.times_ms() == UNKNOWN
    made.index_progress(index(3))
    assert not as_of.caught_up
    made.index_progress(index(4))
    assert as_of.caught_up and as_of.times_ms() == UNKNOWN | {"prices": 1_000}


@given(st.lists(st.tuples(st.floats(0.001, 60), st.integers(1, 5)), min_size=1, max_size=30))
def test_percentiles_count_every_event_of_an_observation(seen: list[tuple[float, int]]) -> None:
    recent = RecentFreshness()
    for seconds, events in seen:
        recent.observe("price", Observation(100.0, seconds, events))
    summary = recent.summaries(100.0)["price"]
    each = sorted(seconds for seconds, events in seen for _ in range(events))
    assert summary.events == len(each)
    assert summary.p50 == pytest.approx(each[-(-len(each) // 2) - 1], rel=0.011)
    assert summary.p99 == pytest.approx(each[min(len(each) - 1, -(-len(each) * 99 // 100) - 1)], rel=0.011)


def test_observations_older_than_half_a_minute_count_no_more() -> None:
    recent = RecentFreshness()
    recent.observe("price", Observation(0.0, 9.0, 1))
    recent.observe("price", Observation(180.0, 1.0, 1))
    summary = recent.summaries(200.0)["price"]
    assert summary.events == 1 and summary.p99 == pytest.approx(1.0, rel=0.011)
    assert recent.summaries(300.0)["price"] == FreshnessSummary(None, None, None, None, 0)
