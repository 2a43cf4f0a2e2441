"""The weight of an item in a taste, and the vector that comes of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.recommend.taste import DISLIKED_WEIGHT, VIEWED_WEIGHT, Given, taste, weights

NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5).map(tuple)
AXES = dict(zip("abcdefgh", np.eye(8, dtype=np.float32), strict=True))


@given(NAMES, NAMES, NAMES)
def test_a_group_counts_the_same_however_many_items_it_has(
    liked: tuple[str, ...], viewed: tuple[str, ...], disliked: tuple[str, ...]
) -> None:
    for group, whole in ((Given(liked=liked), 1.0), (Given(viewed=viewed), VIEWED_WEIGHT)):
        found = weights(group)
        assert set(found) == set(group.all) and (not found or sum(found.values()) == pytest.approx(whole))
    assert sum(weights(Given(disliked=disliked)).values()) == pytest.approx(-DISLIKED_WEIGHT if disliked else 0)


@given(NAMES)
def test_a_later_view_counts_more(viewed: tuple[str, ...]) -> None:
    found = [weights(Given(viewed=viewed))[each] for each in viewed]
    assert all(earlier < later for earlier, later in pairwise(found))


@given(NAMES, NAMES, NAMES)
def test_a_taste_is_a_direction_and_a_dislike_turns_it_away(
    liked: tuple[str, ...], viewed: tuple[str, ...], disliked: tuple[str, ...]
) -> None:
    found = taste(weights(Given(liked, viewed, disliked)), AXES)
    without = taste(weights(Given(liked, viewed)), AXES)
    if found is None or without is None:
        assert not (set(liked) | set(viewed)) - set(disliked)
        return
    assert float(np.linalg.norm(found)) == pytest.approx(1.0, abs=1e-5)
    for each in set(disliked) - set(liked) - set(viewed):
        assert float(found @ AXES[each]) < float(without @ AXES[each])


def test_one_liked_item_is_the_whole_taste() -> None:
    found = taste(weights(Given(liked=("a",))), AXES)
    assert found is not None and np.array_equal(found, AXES["a"])


def test_there_is_no_taste_without_a_vector_of_something_liked_or_viewed() -> None:
    assert taste(weights(Given(liked=("a",), disliked=("b",))), {"b": AXES["b"]}) is None
    assert taste({}, AXES) is None


def test_what_is_liked_counts_where_the_disliked_item_says_the_same() -> None:
    vectors = {"a": AXES["a"], "b": AXES["a"]}
    found = taste({"a": DISLIKED_WEIGHT, "b": -DISLIKED_WEIGHT}, vectors)
    assert found is not None and np.array_equal(found, AXES["a"])
