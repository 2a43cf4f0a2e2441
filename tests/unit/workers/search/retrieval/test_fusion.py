"""Fusion of what words and vectors find, and the order of equal scores."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.index.interface import Found
from workers.index.ranking import EQUAL_POINTS_MAX, best, in_order
from workers.search.retrieval.cutoff import EVERYTHING, Cutoff
from workers.search.retrieval.fusion import HEAD_POINTS, fuse
from workers.search.retrieval.vector_weights import (
    BRAND_WEIGHT,
    ENOUGH_POINTS,
    NUMBERED_WEIGHT,
    PLAIN_WEIGHT,
    VECTOR_WEIGHTS,
    left_to_vectors,
    query_kind,
)

scored = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9).map(float))
rankings = scored.map(lambda scores: in_order(Found(point, score) for point, score in scores.items()))
weights = st.sampled_from([0.0, 0.5, 2.0])


def names(found: object) -> list[str]:
    return [point.point_id for point in found]  # type: ignore[attr-defined]


def test_the_score_by_words_is_a_share_of_the_best_and_a_cosine_counts_from_the_last() -> None:
    words, near = [Found("a", 8.0), Found("b", 4.0)], [Found("b", 0.9), Found("c", 0.5), Found("d", 0.4)]
    assert fuse(words, near, 1.0).whole == [
        Found("a", 0.495), Found("b", 0.495), Found("c", 0.0495), Found("d", 0.0),
    ]  # fmt: skip


def test_an_item_named_as_the_query_leaves_the_words_of_the_others_their_worth() -> None:
    words = [Found("named", 96.0), Found("a", 6.0), Found("b", 5.0)]
    near = [Found("named", 0.7), Found("b", 0.5), Found("a", 0.4)]
    assert names(fuse(words, near, 0.5, words_best=6.0).whole) == ["named", "a", "b"]
    assert names(fuse(words, near, 0.5).whole) == ["named", "b", "a"]


@given(rankings, weights, st.floats(0.5, 9))
def test_words_keep_their_order_whatever_the_best_score_is(words: list[Found], weight: float, best: float) -> None:
    shown = fuse(words, [], weight, words_best=best).whole
    assert names(shown) == names(words)
    assert all(0 <= score <= 1 for _, score in shown)


@given(rankings, rankings, weights)
def test_every_point_of_a_ranking_is_in_the_result_once(words: list[Found], near: list[Found], weight: float) -> None:
    fused = fuse(words, near, weight).whole
    assert sorted(names(fused)) == sorted({*names(words), *names(near)})
    assert fused == in_order(fused)
    assert all(score <= 1 for _, score in fused) or max(score for _, score in near) > 1


def test_what_is_not_near_is_found_by_words_alone() -> None:
    words, near = [Found("a", 8.0)], [Found("b", 0.5), Found("a", 0.3), Found("c", 0.2)]
    assert names(fuse(words, near, 1.0, Cutoff(0.0, 0.4)).whole) == ["a", "b"]
    assert names(fuse([], near[1:], 1.0, Cutoff(0.0, 0.4)).whole) == []


@given(rankings, rankings, weights, st.integers(0, 10), st.integers(-1, 10))
def test_a_point_is_found_that_reaches_one_of_the_two_bounds(
    words: list[Found], near: list[Found], weight: float, words_min: int, cosine_min: int
) -> None:
    cutoff = Cutoff(float(words_min), float(cosine_min))
    found = fuse(words, near, weight, cutoff).whole
    said = [point for point, score in words if score >= words_min]
    related = [point for point, cosine in near if cosine >= cosine_min]
    assert sorted(names(found)) == sorted({*said, *related})
    everything = names(fuse(words, near, weight, EVERYTHING).whole)
    assert names(found) == [point for point in everything if point in {*said, *related}]


@given(rankings)
def test_words_alone_keep_their_order(words: list[Found]) -> None:
    assert names(fuse(words, [], 2.0).whole) == names(words)
    assert names(fuse(words, words, 0.0).whole) == names(words)


@given(rankings, rankings, weights)
def test_a_point_that_is_better_in_both_rankings_is_better_in_the_result(
    words: list[Found], near: list[Found], weight: float
) -> None:
    order = names(fuse(words, near, weight).whole)
    by_words, by_vector = dict(words), dict(near)
    for a in by_words.keys() & by_vector.keys():
        for b in by_words.keys() & by_vector.keys():
            if by_words[a] > by_words[b] and by_vector[a] > by_vector[b]:
                assert order.index(a) < order.index(b)


@given(
    *(st.integers(0, 500), st.integers(0, 500), st.integers(1, 400), st.integers(0, 300)),
    *(st.floats(300, 900), st.floats(0.4, 1)),
)
def test_a_longer_ranking_begins_as_a_shorter_one_does(
    words: int, near: int, end: int, further: int, words_min: float, cosine_min: float
) -> None:
    """The pages of one search thus neither repeat an item nor leave one out."""
    by_words = [Found(f"{n:03}", 900.0 - n) for n in range(words)]
    by_vector = [Found(f"{n * 7 % 500:03}", 1 - n / 1_000) for n in range(near)]
    cutoff = Cutoff(words_min, cosine_min)

    def ranked(points: int) -> list[Found]:
        asked = max(points, HEAD_POINTS)
        return fuse(by_words[:asked], by_vector[:asked], 2.0, cutoff).whole[:points]

    assert ranked(end + further)[:end] == ranked(end)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8, 20])
def test_equal_scores_have_one_order_for_every_limit(limit: int) -> None:
    """The backend orders them at random, and gives any of them."""
    everything = [Found(name, 1.0 if name > "c" else 2.000001) for name in "hbdagcfe"]
    wanted = sorted(everything, key=lambda point: (-round(point.score, 5), point.point_id))

    async def fetch(asked: int, _: float | None) -> list[Found]:
        shuffled = sorted(everything, key=lambda point: (-point.score, hash((point.point_id, asked))))
        return shuffled[:asked]

    assert names(asyncio.run(best(fetch, limit))) == names(wanted[:limit])


def test_no_more_equal_points_are_read_than_the_bound() -> None:
    asked_for: list[int] = []

    async def fetch(asked: int, _: float | None) -> list[Found]:
        asked_for.append(asked)
        return [Found(f"{n:07}", 1.0) for n in range(asked)]

    assert len(asyncio.run(best(fetch, 10))) == 10
    assert max(asked_for) <= 2 * (10 + EQUAL_POINTS_MAX)


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        ("laptop bag", PLAIN_WEIGHT),
        ("iphone 15", PLAIN_WEIGHT),
        ("usb-c hub", PLAIN_WEIGHT),
        ("milk 500 ml", PLAIN_WEIGHT),
        ("brother tn-2110 toner", NUMBERED_WEIGHT),
        ("006R90321", NUMBERED_WEIGHT),
        ("sony 4548736112001", NUMBERED_WEIGHT),
    ],
)
def test_a_vector_counts_little_where_the_query_has_a_part_number(query: str, weight: float) -> None:
    assert VECTOR_WEIGHTS[query_kind(query, is_brand=False)] == weight
    assert VECTOR_WEIGHTS[query_kind(query, is_brand=True)] == BRAND_WEIGHT == 0


def test_vectors_count_the_less_the_better_the_twentieth_item_is_by_words() -> None:
    def left(twentieth: float, words_best: float = 8.0) -> float:
        return left_to_vectors([*[Found("a", 8.0)] * (ENOUGH_POINTS - 1), Found("b", twentieth)], words_best)

    assert (left(8.0), left(4.0), left(2.0)) == (0.0, 0.5, 0.75)
    assert left(4.0, words_best=4.0) == left(5.0, words_best=4.0) == 0.0, "all are as good as the best but for a name"
    assert left(4.0, words_best=0.0) == 0.5


def test_vectors_keep_their_weight_where_words_find_little() -> None:
    assert left_to_vectors([], 0.0) == left_to_vectors([Found("a", 8.0)] * (ENOUGH_POINTS - 1), 8.0) == 1.0
