"""Shares lose no test, keep groups whole, and are about equally long."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.shares import in_shares

GROUPS = st.sampled_from([None, None, None, "a", "b", "c", "d"])


@given(st.lists(GROUPS, max_size=60), st.integers(1, 6))
def test_every_test_is_run_once_and_groups_stay_together(groups: list[str | None], shares: int) -> None:
    order = in_shares(range(len(groups)), shares, groups.__getitem__)
    assert sorted(order) == list(range(len(groups)))
    named = [group for number in order if (group := groups[number]) is not None]
    changes = sum(one != other for one, other in pairwise(named))
    assert changes == max(0, len(set(named)) - 1)


def test_each_share_begins_with_groups_of_its_own() -> None:
    groups = ["a"] * 2 + ["b"] * 3 + [None] * 7
    assert in_shares(range(12), 2, groups.__getitem__) == [0, 1, 5, 6, 7, 8, 2, 3, 4, 9, 10, 11]
