"""Two rankings become one by team draft, which is fair at every length."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from workers.search.order.interleaving import team_draft

if TYPE_CHECKING:
    from collections.abc import Callable

rankings = st.lists(st.sampled_from("abcdefghij"), unique=True)
permutations = st.permutations("abcdefgh")


def coin(seed: int) -> Callable[[], bool]:
    random = Random(seed)
    return lambda: random.random() < 0.5


@given(rankings, rankings, st.integers())
def test_every_result_is_there_once_and_nothing_else(first: list[str], second: list[str], seed: int) -> None:
    drafted = [each.point_id for each in team_draft(first, second, coin(seed))]
    assert sorted(drafted) == sorted({*first, *second})


@given(rankings, rankings, st.integers())
def test_each_team_keeps_its_order_and_picks_its_best_that_is_left(
    first: list[str], second: list[str], seed: int
) -> None:
    drafted = team_draft(first, second, coin(seed))
    for team, ranking in enumerate((first, second)):
        picks = [each.point_id for each in drafted if each.team == team]
        assert picks == [point for point in ranking if point in picks]
    for place, (point, team) in enumerate(drafted):
        taken = {each.point_id for each in drafted[:place]}
        left = [each for each in (first, second)[team] if each not in taken]
        assert left[0] == point


@given(permutations, permutations, st.integers())
def test_every_beginning_has_as_many_of_one_team_as_of_the_other(
    first: list[str], second: list[str], seed: int
) -> None:
    drafted = team_draft(first, second, coin(seed))
    for length in range(len(drafted) + 1):
        picks = [each.team for each in drafted[:length]]
        assert abs(picks.count(0) - picks.count(1)) <= 1
        assert length % 2 or picks.count(0) == picks.count(1)


@given(rankings, st.integers())
def test_two_rankings_that_are_alike_stay_as_they_are(ranking: list[str], seed: int) -> None:
    assert [each.point_id for each in team_draft(ranking, ranking, coin(seed))] == ranking


def test_which_team_begins_is_a_matter_of_chance_and_the_same_for_the_same_seed() -> None:
    begins = [team_draft("ab", "ba", coin(seed))[0].team for seed in range(200)]
    assert 60 < sum(begins) < 140
    assert begins == [team_draft("ab", "ba", coin(seed))[0].team for seed in range(200)]
