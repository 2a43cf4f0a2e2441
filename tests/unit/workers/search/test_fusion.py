"""Reciprocal rank fusion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.search.fusion import fuse
from workers.search.searcher import points_to_retrieve

rankings = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_scores_add_up_over_the_legs() -> None:
    assert [(r.point_id, round(r.score, 6)) for r in fuse(["a", "b"], ["b", "c"])] == [
        ("b", round(1 / 62 + 1 / 61, 6)),
        ("a", round(1 / 61, 6)),
        ("c", round(1 / 62, 6)),
    ]


@given(rankings, rankings)
def test_every_point_of_a_leg_is_ranked_once(one: list[str], other: list[str]) -> None:
    assert sorted(ranked.point_id for ranked in fuse(one, other)) == sorted({*one, *other})


@given(rankings)
def test_one_leg_keeps_its_order(leg: list[str]) -> None:
    assert [ranked.point_id for ranked in fuse(leg)] == leg
    assert [ranked.point_id for ranked in fuse(leg, leg)] == leg


@given(rankings, rankings)
def test_the_order_of_the_legs_does_not_matter(one: list[str], other: list[str]) -> None:
    assert list(fuse(one, other)) == list(fuse(other, one))


@given(rankings, rankings)
def test_what_stands_higher_in_every_leg_stands_higher(one: list[str], other: list[str]) -> None:
    order = [ranked.point_id for ranked in fuse(one, other)]
    for a in set(one) & set(other):
        for b in set(one) & set(other):
            if one.index(a) < one.index(b) and other.index(a) < other.index(b):
                assert order.index(a) < order.index(b)


@given(st.integers(1, 10_100))
def test_a_leg_is_read_twice_as_deep_as_the_page_and_not_four_times_deeper_than_needed(ends: int) -> None:
    assert 2 * ends <= points_to_retrieve(ends) <= max(200, 4 * ends)
