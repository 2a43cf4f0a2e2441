"""Maximal marginal relevance, against its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.search.order.diversity import diversified

SLACK = 1e-5
"""The most by which two ways to add up the same float32 numbers may differ."""
Rows = np.ndarray[Any, np.dtype[np.float32]]


@st.composite
def candidates(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Falling scores, and vectors of which some are zeros and some are the same."""
    count = draw(st.integers(1, 12))
    scores = sorted(draw(st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count)), reverse=True)
    rows = draw(st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=count, max_size=count))
    vectors = np.array(rows, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.array(scores, dtype=np.float32), np.divide(vectors, lengths, out=vectors, where=lengths > 0)


diversities = st.floats(0, 1)


@given(candidates(), diversities)
def test_each_item_is_the_best_of_those_left_by_the_formula(made: tuple[Rows, Rows], diversity: float) -> None:
    scores, vectors = made
    chosen = diversified(scores, vectors, diversity, len(scores))
    for place, number in enumerate(chosen):
        before = chosen[:place]

        def gain(each: int, before: list[int] = before) -> float:
            nearest = max((float(vectors[each] @ vectors[other]) for other in before), default=0.0)
            return (1 - diversity) * float(scores[each]) - diversity * nearest

        assert gain(number) >= max(gain(each) for each in chosen[place:]) - SLACK


@given(candidates(), diversities, st.integers(0, 15))
def test_a_smaller_limit_returns_the_beginning_and_no_item_twice(
    made: tuple[Rows, Rows], diversity: float, limit: int
) -> None:
    whole = diversified(*made, diversity, len(made[0]))
    assert sorted(whole) == list(range(len(made[0])))
    assert diversified(*made, diversity, limit) == whole[:limit]


@given(candidates())
def test_without_diversity_the_order_stays(made: tuple[Rows, Rows]) -> None:
    assert diversified(*made, 0.0, 99) == list(range(len(made[0])))


@given(candidates(), diversities)
def test_the_best_item_comes_first_whatever_the_diversity(made: tuple[Rows, Rows], diversity: float) -> None:
    assert made[0][diversified(*made, diversity, 1)[0]] >= made[0][0] - SLACK


def test_a_copy_of_the_first_item_gives_way_to_a_different_one_that_scores_less() -> None:
    scores = np.array([0.9, 0.9, 0.6], dtype=np.float32)
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    assert diversified(scores, vectors, 0.0, 3) == [0, 1, 2]
    assert diversified(scores, vectors, 0.5, 3) == [0, 2, 1]
