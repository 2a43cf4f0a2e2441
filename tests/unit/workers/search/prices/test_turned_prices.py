"""The prices of one moment, and the discounts that hits show."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.queries import Filters, SearchRequest
from workers.index.conditions import FiltersNow, conditions
from workers.search.hits import discount_percent
from workers.search.prices.turned_prices import compares_prices, filters_now


def test_filters_without_a_bound_and_without_a_turned_price_stay_as_they_are() -> None:
    bounded, unbounded = Filters(max_price=5), Filters(brand="Acme")
    assert filters_now(bounded, {}) is bounded
    assert filters_now(unbounded, {"a": 1.0}) is unbounded


@given(
    st.dictionaries(st.sampled_from("abcde"), st.one_of(st.none(), st.integers(0, 9).map(float)), min_size=1),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(0, 9),
)
def test_turned_points_pass_by_their_price_now_alone(
    turned: dict[str, float | None], least: int | None, most: int
) -> None:
    found = filters_now(Filters(min_price=least, max_price=most, brand="Acme"), turned)
    assert isinstance(found, FiltersNow) and found.brand == ("Acme",) and found.any
    assert set(found.turned) == set(turned)
    assert set(found.passing) == {
        p for p, price in turned.items() if price is not None and (least or 0) <= price <= most
    }


def test_filters_of_a_moment_have_as_many_conditions_as_filters() -> None:
    filters = Filters(max_price=5, brand="Acme", min_rating=4)
    assert len(conditions(filters_now(filters, {"a": 1.0}))) == len(conditions(filters)) == 3


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"q": "a"}, None), ({"q": "a", "min_price": 1}, "min_price"), ({"q": "a", "max_price": 1}, "max_price"),
        ({"q": "a", "sort": "price_desc"}, "sort"), ({"q": "a", "sort": "rating"}, None),
        ({"q": "a", "facets": "brand,price"}, "facets"), ({"q": "a", "facets": "brand"}, None),
    ],
)  # fmt: skip
def test_a_search_compares_prices_by_bounds_order_or_ranges(asked: dict[str, Any], field: str | None) -> None:
    assert compares_prices(SearchRequest(**asked)) == field


@pytest.mark.parametrize(
    ("price", "regular_price", "percent"),
    [(5, 10, 50), (7, 10, 30), (8.7, 10, 13), (9.99, 10, 0), (0, 10, 100), (10, 10, 0), (12, 10, 0), (0, 0, 0),
     (0.1, 0.3, 66)],
)  # fmt: skip
def test_a_discount_is_rounded_down_and_never_below_nothing(price: float, regular_price: float, percent: int) -> None:
    assert discount_percent(price, regular_price) == percent


@given(*(st.decimals(0, 10**6, places=2).map(float) for _ in range(2)))
def test_a_discount_is_no_more_than_what_is_saved(price: float, regular_price: float) -> None:
    percent = discount_percent(price, regular_price)
    assert 0 <= percent <= 100
    assert percent * regular_price <= 100 * max(0.0, regular_price - price) + 1e-3
