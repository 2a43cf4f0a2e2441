"""Reciprocal rank fusion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.search.fusion import fuse
from workers.search.searcher import points_to_retrieve

rankings = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_scores_add_up_over_the_rankings() -> None:
    assert [(r.point_id, round(r.score, 6)) for r in fuse(["a", "b"], ["b", "c"])] == [
        ("b", round(1 / 62 + 1 / 61, 6)),
        ("a", round(1 / 61, 6)),
        ("c", round(1 / 62, 6)),
    ]


@given(rankings, rankings)
def test_every_point_of_a_ranking_is_in_the_result_once(one: list[str], other: list[str]) -> None:
    assert sorted(ranked.point_id for ranked in fuse(one, other)) == sorted({*one, *other})


@given(rankings)
def test_a_single_ranking_keeps_its_order(ranking: list[str]) -> None:
    assert [ranked.point_id for ranked in fuse(ranking)] == ranking
    assert [ranked.point_id for ranked in fuse(ranking, ranking)] == ranking


@given(rankings, rankings)
def test_the_order_of_the_rankings_does_not_matter(one: list[str], other: list[str]) -> None:
    assert list(fuse(one, other)) == list(fuse(other, one))


@given(rankings, rankings)
def test_a_point_that_is_higher_in_both_rankings_is_higher_in_the_result(one: list[str], other: list[str]) -> None:
    order = [ranked.point_id for ranked in fuse(one, other)]
    for a in set(one) & set(other):
        for b in set(one) & set(other):
            if one.index(a) < one.index(b) and other.index(a) < other.index(b):
                assert order.index(a) < order.index(b)


@given(st.integers(1, 10_100))
def test_a_retriever_gives_at_least_twice_the_points_that_a_page_needs_and_at_most_four_times(end: int) -> None:
    assert 2 * end <= points_to_retrieve(end) <= max(200, 4 * end)
