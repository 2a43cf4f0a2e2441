"""The quality of a ranking, and the items that move between two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.answers import Hit
from schemas.explanations import HitExplanation, RankingPlace
from schemas.weight_reports import FactorReport, RuleReport
from tests.support.standing_in import shown
from workers.search.judging import Move, moves, ndcg, reasons

NOWHERE = RankingPlace(rank=None, score=None, ranked=0)


def explained(**factors: float) -> HitExplanation:
    return HitExplanation(
        exact=False,
        by_words=NOWHERE,
        by_vectors=NOWHERE,
        fused=NOWHERE,
        weight=1.0,
        factors={name: FactorReport(share=1, strength=1, factor=factor) for name, factor in factors.items()},
        rules=[],
    )


def hit(product_id: str, **factors: float) -> Hit:
    return Hit(**shown(product_id, product_id.upper()), score=1.0, explanation=explained(**factors))


def test_the_ideal_order_has_1_and_a_worse_one_less() -> None:
    grades = {"a": 3, "b": 1, "c": 0}
    assert ndcg(["a", "b", "x"], grades) == 1
    assert ndcg(["x", "b", "a"], grades) < ndcg(["b", "a"], grades) < 1
    assert ndcg(["x"], grades) == 0
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 3 / 1.5849625) / (3 + 1 / 1.5849625))


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)).filter(lambda g: any(g.values())))
def test_it_is_from_0_to_1_and_what_comes_after_the_first_ten_counts_nothing(grades: dict[str, int]) -> None:
    ranking = sorted(grades)
    assert 0 <= ndcg(ranking, grades) <= 1 + 1e-9
    assert ndcg([*"0123456789", *ranking], grades) == 0


def test_a_move_says_from_where_to_where_and_which_factors_differ_most() -> None:
    before = [hit("a", rating=0.9), hit("b", rating=0.5), hit("c", rating=0.7)]
    after = [hit("b", rating=1.0, newness=0.99), hit("a", rating=0.9), hit("d", rating=0.8, stock=0.5)]
    assert moves(before, after) == [
        Move("b", "B", 2, 1, ["rating 0.50 -> 1.00", "newness 1.00 -> 0.99"]),
        Move("a", "A", 1, 2, []),
        Move("d", "D", None, 3, ["stock 0.50", "rating 0.80"]),
        Move("c", "C", 3, None, ["rating 0.70"]),
    ]
    pinned = explained().model_copy(update={"rules": [RuleReport(id="r", action="pin", factor=1)]})
    assert reasons(None, pinned) == reasons(pinned, explained()) == ["pin by r"] and reasons(pinned, pinned) == []
    assert moves(before, before) == [] and reasons(None, None) == []


def test_a_move_from_beyond_the_hits_that_are_compared_has_its_place_and_the_factors_of_both() -> None:
    before = [hit("a", rating=0.9), hit("b", rating=0.8), hit("c", rating=0.3)]
    after = [hit("c", rating=1.0), hit("a", rating=0.9), hit("b", rating=0.8)]
    assert moves(before, after, hits=1) == [
        Move("c", "C", 3, 1, ["rating 0.30 -> 1.00"]),
        Move("a", "A", 1, 2, []),
    ]


def test_a_place_by_vectors_is_told_where_it_differs() -> None:
    def ranked(rank: int | None) -> HitExplanation:
        return explained().model_copy(update={"by_vectors": NOWHERE.model_copy(update={"rank": rank})})

    assert reasons(ranked(12), ranked(3)) == ["by vectors 12 -> 3"]
    assert reasons(ranked(None), ranked(3)) == ["by vectors below -> 3"]
    assert reasons(ranked(3), ranked(3)) == [] and reasons(None, ranked(3)) == []
