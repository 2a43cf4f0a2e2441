"""The order of what is found, and its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.queries import Sort
from tests.support.traits import traits
from workers.index.interface import Found
from workers.search.order.groups import grouped, ungrouped
from workers.search.order.sorting import in_order_of

if TYPE_CHECKING:
    from workers.index.traits import Traits

POINTS = "abcdefgh"
some = st.one_of(st.none(), st.integers(0, 3))
items = st.builds(
    lambda price, rating, reviews, changed, group: traits(
        price=price, rating=rating, review_count=reviews, changed_at_ms=changed, item_group_id=group
    ),
    *(some, some, st.integers(0, 2), some, st.one_of(st.none(), st.sampled_from("xy"))),
)
catalogues = st.fixed_dictionaries(dict.fromkeys(POINTS, items))
found = st.permutations(POINTS).map(lambda points: [Found(point, 1.0) for point in points])
sorts = st.sampled_from(get_args(Sort))


@given(sorts, found, catalogues)
def test_an_order_loses_nothing_and_is_the_same_when_it_is_made_again(
    sort: Sort, found: list[Found], catalogue: dict[str, Traits]
) -> None:
    ordered = in_order_of(sort, found, catalogue, {})
    assert sorted(ordered) == sorted(found)
    assert in_order_of(sort, ordered, catalogue, {}) == ordered


@given(found, catalogues)
def test_prices_rise_and_fall_and_items_without_one_come_last(found: list[Found], catalogue: dict[str, Traits]) -> None:
    turns: tuple[tuple[Sort, int], ...] = (("price_asc", 1), ("price_desc", -1))
    for sort, turn in turns:
        prices = [catalogue[point].price for point, _ in in_order_of(sort, found, catalogue, {})]
        has = [price for price in prices if price is not None]
        assert prices == has + [None] * (len(prices) - len(has))
        assert has == sorted(has, key=lambda price: turn * price)


@given(sorts, found, catalogues)
def test_equal_items_stay_in_the_order_in_which_they_were_found(
    sort: Sort, found: list[Found], catalogue: dict[str, Traits]
) -> None:
    same = dict.fromkeys(catalogue, traits(price=1.0, rating=2.0, changed_at_ms=3))
    assert in_order_of(sort, found, same, {}) == found


def test_the_price_of_the_moment_goes_before_the_stored_one() -> None:
    found = [Found("a", 1.0), Found("b", 1.0), Found("c", 1.0)]
    catalogue = {"a": traits(price=1.0), "b": traits(price=2.0), "c": traits(price=3.0)}
    turned = {"c": 0.5, "a": None}
    assert [point for point, _ in in_order_of("price_asc", found, catalogue, turned)] == ["c", "b", "a"]


def test_of_equal_ratings_the_one_of_more_reviews_comes_first() -> None:
    catalogue = {"a": traits(rating=4.5, review_count=2), "b": traits(rating=4.5, review_count=9), "c": traits()}
    found = [Found("c", 1.0), Found("a", 1.0), Found("b", 1.0)]
    assert [point for point, _ in in_order_of("rating", found, catalogue, {})] == ["b", "a", "c"]


@given(found, catalogues)
def test_each_group_is_shown_once_by_its_first_item_and_lists_all(
    found: list[Found], catalogue: dict[str, Traits]
) -> None:
    catalogue = {point: item._replace(product_id=point) for point, item in catalogue.items()}
    groups = grouped(found, catalogue)
    rank = [point for point, _ in found].index
    for group in groups:
        if group.product_ids:
            assert group.product_ids[0] == group.best.point_id
            assert group.product_ids == sorted(group.product_ids, key=rank)
            assert len({catalogue[point].item_group_id for point in group.product_ids}) == 1
    alone = [group.best.point_id for group in groups if not group.product_ids]
    assert sorted([*alone, *(point for group in groups for point in group.product_ids)]) == list(POINTS)
    assert [rank(group.best.point_id) for group in groups] == sorted(rank(group.best.point_id) for group in groups)
    assert all(catalogue[point].item_group_id is None for point in alone)


def test_without_grouping_each_item_is_one() -> None:
    found = [Found("a", 1.0), Found("b", 0.5)]
    assert [(group.best, group.product_ids) for group in ungrouped(found)] == [(found[0], []), (found[1], [])]


@pytest.mark.parametrize("group", ["a", "point a"])
def test_a_group_may_be_named_as_a_point(group: str) -> None:
    catalogue = {"a": traits(), "b": traits(item_group_id=group)}
    assert len(grouped([Found("a", 1.0), Found("b", 1.0)], catalogue)) == 2


def test_the_highest_number_of_an_attribute_comes_first_and_what_is_no_number_last() -> None:
    sold = {"a": 3, "b": "12", "c": "many", "d": None, "e": 12.5, "f": True, "g": "nan"}
    catalogue = {point: traits(attributes={} if value is None else {"sold": value}) for point, value in sold.items()}
    ordered = in_order_of("attributes.sold", [Found(point, 1.0) for point in "abcdefg"], catalogue, {})
    assert "".join(point for point, _ in ordered) == "ebacdfg"
