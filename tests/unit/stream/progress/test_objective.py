"""The share of events within the freshness objective, and the error budget that is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.progress.objective import SLOT_S, WINDOWS_S, Objective, ObjectiveShares, WindowShare

OBJECTIVE = Objective(seconds=1.0, share=0.9)


def test_an_event_counts_as_within_the_objective_up_to_its_seconds() -> None:
    shares = ObjectiveShares(OBJECTIVE)
    for seconds in (0.5, 1.0, 1.01):
        shares.observe("prices", 100.0, seconds, events=10)
    assert shares.shares(101.0)["prices"]["5m"] == WindowShare(30, 20)


def test_each_window_has_the_events_that_are_not_older_than_itself() -> None:
    shares = ObjectiveShares(OBJECTIVE)
    now_s = 100_000.0
    for age_s in (90_000, 10_000, 1_000, 10):
        shares.observe("prices", now_s - age_s, 0.1, events=1)
    counted = shares.shares(now_s)["prices"]
    assert {name: window.events for name, window in counted.items()} == {"5m": 1, "1h": 2, "1d": 3}


def test_all_topics_together_are_their_sum() -> None:
    shares = ObjectiveShares(OBJECTIVE)
    shares.observe("prices", 100.0, 0.1, events=3)
    shares.observe("products", 100.0, 5.0, events=1)
    assert shares.shares(100.0)["all"]["1d"] == WindowShare(4, 3)


def test_the_counts_of_more_than_a_day_are_dropped() -> None:
    shares = ObjectiveShares(OBJECTIVE)
    a_day = WINDOWS_S["1d"] // SLOT_S
    for slot in range(2 * a_day):
        shares.observe("prices", slot * 15.0, 0.1, events=1)
    assert shares.shares((2 * a_day - 1) * 15.0)["prices"]["1d"].events == a_day
    assert shares.shares((2 * a_day + 100_000) * 15.0)["prices"]["1d"] == WindowShare(0, 0)


@given(
    st.lists(st.tuples(st.sampled_from(["prices", "products"]), st.integers(0, 4_000), st.booleans()), max_size=60),
    st.integers(0, 100_000),
)
def test_the_sums_are_those_of_the_events_of_each_window(told: list[tuple[str, int, bool]], pause_s: int) -> None:
    """Sums that are carried on are compared with those of all events, also where shares were asked for in between."""
    shares, events, now_s = ObjectiveShares(OBJECTIVE), list[tuple[str, int, bool]](), 0
    for topic, after_s, late in told:
        now_s += after_s
        shares.observe(topic, float(now_s), 2.0 if late else 0.5, events=1)
        events.append((topic, now_s, late))
        if after_s % 2:
            shares.shares(float(now_s))
    now_s += pause_s
    counted = shares.shares(float(now_s))
    for topic in {topic for topic, _, _ in events}:
        for name, window_s in WINDOWS_S.items():
            last = (now_s - window_s) // SLOT_S
            found = [late for of, at_s, late in events if of == topic and at_s // SLOT_S > last]
            assert counted[topic][name] == WindowShare(len(found), found.count(False))


@pytest.mark.parametrize(("late", "left"), [(0, 1.0), (5, 0.5), (10, 0.0), (20, -1.0)])
def test_the_budget_is_the_part_of_the_allowed_late_events_that_did_not_happen(late: int, left: float) -> None:
    assert WindowShare(100, 100 - late).budget_left(OBJECTIVE) == pytest.approx(left)


def test_without_an_event_there_is_no_share_and_no_budget() -> None:
    assert WindowShare(0, 0).share is None and WindowShare(0, 0).budget_left(OBJECTIVE) is None
