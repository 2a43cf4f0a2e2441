"""The share of events within the freshness objective, and the error budget that is left."""

from __future__ import annotations

import pytest

from stream.progress.objective import SLOTS_MAX, Objective, ObjectiveShares, WindowShare

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
    for slot in range(2 * SLOTS_MAX):
        shares.observe("prices", slot * 15.0, 0.1, events=1)
    assert shares.shares(2 * SLOTS_MAX * 15.0)["prices"]["1d"].events <= SLOTS_MAX


@pytest.mark.parametrize(("late", "left"), [(0, 1.0), (5, 0.5), (10, 0.0), (20, -1.0)])
def test_the_budget_is_the_part_of_the_allowed_late_events_that_did_not_happen(late: int, left: float) -> None:
    assert WindowShare(100, 100 - late).budget_left(OBJECTIVE) == pytest.approx(left)


def test_without_an_event_there_is_no_share_and_no_budget() -> None:
    assert WindowShare(0, 0).share is None and WindowShare(0, 0).budget_left(OBJECTIVE) is None
