"""The order of what is found, by relevance and weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.support.traits import traits
from workers.index.interface import Found
from workers.merchandising.factors import Boost, Moment
from workers.merchandising.rules import NO_RULES
from workers.merchandising.weights import ItemWeights
from workers.search.order.ordering import BROWSED_HEAD_POINTS, Ordering, browsed
from workers.search.retrieval.retrievers import EXACT_SCORE, Ranked

if TYPE_CHECKING:
    from workers.index.traits import Traits

NOW = Moment(1_000, None)
UNWEIGHED = Ordering(None, NO_RULES, NOW)
scores = st.lists(st.floats(0, 0.99), max_size=6).map(lambda found: sorted(found, reverse=True))
boosts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10))


def by_boost(strength: float) -> Ordering:
    return Ordering(ItemWeights({"boost": Boost(strength=strength, attribute="boost", most=10)}), NO_RULES, NOW)


def ranking(head: list[float], rest: int = 0) -> Ranked:
    least = head[-1] if head else 0.0
    return Ranked(
        [Found("exact", EXACT_SCORE)],
        [Found(name, score) for name, score in zip("abcdef", head, strict=False)],
        [Found(f"rest {n}", least / (n + 2)) for n in range(rest)],
    )


def boosted(found: dict[str, int]) -> dict[str, Traits]:
    return {name: traits(attributes={"boost": found[name]} if name in found else {}) for name in "abcdef"}


@given(scores, boosts, st.floats(0.01, 99), st.integers(0, 3))
def test_weighing_loses_nothing_and_puts_nothing_before_an_exact_match(
    head: list[float], found: dict[str, int], strength: float, rest: int
) -> None:
    before = ranking(head, rest)
    after = by_boost(strength).ordered(before, boosted(found))
    assert sorted(point for point, _ in after.whole) == sorted(point for point, _ in before.whole)
    assert after.exact == before.exact
    assert [point for point, _ in after.rest] == [point for point, _ in before.rest]
    shown = [score for _, score in after.whole]
    assert shown == sorted(shown, reverse=True) and all(0 <= score <= 1 for score in shown)


@given(scores, boosts, st.floats(0.01, 99))
def test_a_score_is_relevance_times_weight_and_equal_ones_stay_by_relevance(
    head: list[float], found: dict[str, int], strength: float
) -> None:
    before, items, ordering = ranking(head), boosted(found), by_boost(strength)
    after = ordering.ordered(before, items)
    assert ordering.weights is not None
    relevance = dict(before.head)
    assert all(score == relevance[point] * ordering.weights.weight(items[point], NOW) for point, score in after.head)
    place = {point: rank for rank, (point, _) in enumerate(before.head)}
    assert after.head == sorted(after.head, key=lambda each: (-each.score, place[each.point_id]))


@given(scores, boosts)
def test_where_all_count_the_same_the_order_is_that_of_relevance(head: list[float], found: dict[str, int]) -> None:
    before = ranking(head, 2)
    assert UNWEIGHED.ordered(before, {}) is before
    same = by_boost(5).ordered(before, boosted(dict.fromkeys("abcdef", 3)))
    distinct = len(set(head)) == len(head)
    assert not distinct or [point for point, _ in same.whole] == [point for point, _ in before.whole]


@given(scores, boosts, st.integers(0, 5), st.integers(0, 5))
def test_a_longer_ranking_begins_as_a_shorter_one_does(
    head: list[float], found: dict[str, int], rest: int, further: int
) -> None:
    short, long = (by_boost(3).ordered(ranking(head, n), boosted(found)).whole for n in (rest, rest + further))
    assert long[: len(short)] == short


def test_an_item_that_was_hidden_meanwhile_is_left_out() -> None:
    items = boosted({"b": 1})
    del items["a"]
    assert [point for point, _ in by_boost(1).ordered(ranking([0.9, 0.5]), items).whole] == ["exact", "b"]


def test_what_filters_alone_find_is_weighed_up_to_a_bound_and_else_stays_as_it_is() -> None:
    points = [str(number) for number in range(BROWSED_HEAD_POINTS + 1)]
    assert [point for point, _ in browsed(points, weighed=False).whole] == points
    assert {score for _, score in browsed(points, weighed=False).whole} == {0.0}
    items = {point: traits(attributes={"boost": int(point) % 10}) for point in points}
    after = by_boost(1).ordered(browsed(points, weighed=True), items).whole
    assert after[0].point_id == "9" and after[-1] == Found(points[-1], 0.0) and len(after) == len(points)
