"""A query for something cheap counts cheaper items more, and leaves none out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.traits import traits
from workers.index.interface import Found
from workers.merchandising.factors import Moment
from workers.merchandising.rules import NO_RULES
from workers.search.order.cheap import CHEAP_WEIGHT, Cheap
from workers.search.order.ordering import Ordering
from workers.search.retrieval.retrievers import EXACT_SCORE, Ranked

if TYPE_CHECKING:
    from workers.index.traits import Traits

LEAST = 1 / (1 + CHEAP_WEIGHT)


def items(*prices: float | None, currency: str = "EUR") -> dict[str, Traits]:
    return {
        name: traits(price=price, currency=None if price is None else currency)
        for name, price in zip("abcdef", prices, strict=False)
    }


def test_prices_count_by_their_rank_and_an_item_without_one_as_the_dearest() -> None:
    factors = Cheap({}).factors(items(10.0, 500.0, 20.0, None, 10.0))
    assert factors["a"] == factors["e"] == 1.0 > factors["c"] > factors["b"] > factors["d"] == pytest.approx(LEAST)


def test_prices_are_compared_in_the_currency_of_most_items_and_as_they_are_at_the_moment() -> None:
    several = {**items(10.0, 20.0), "x": traits(price=1.0, currency="KWD")}
    assert Cheap({}).factors(several)["x"] == pytest.approx(LEAST)
    turned = Cheap({"b": 5.0}).factors(several)
    assert turned["b"] == 1.0 > turned["a"]


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=6), st.lists(st.floats(0, 0.99), max_size=6))
def test_no_item_is_left_out_and_no_factor_passes_an_exact_match(
    prices: list[float | None], scores: list[float]
) -> None:
    known = items(*prices)
    head = [Found(name, score) for name, score in zip(known, sorted(scores, reverse=True), strict=False)]
    exact = [Found("exact", EXACT_SCORE)]
    after = Ordering(None, NO_RULES, Moment(1_000, None), cheap=Cheap({})).ordered(Ranked(exact, head, []), known)
    assert after.exact == exact and sorted(point for point, _ in after.head) == sorted(point for point, _ in head)
    assert all(LEAST - 1e-9 <= factor <= 1 for factor in Cheap({}).factors(known).values())
    shown = [score for _, score in after.whole]
    assert shown == sorted(shown, reverse=True)


def test_what_the_last_compared_items_gain_is_reported() -> None:
    cheap = Cheap({})
    factors = cheap.factors(items(10.0, 20.0))
    report = cheap.report("b")
    assert report is not None and (report.share, report.strength, report.factor) == (0.5, CHEAP_WEIGHT, factors["b"])
    assert cheap.report("other") is None
