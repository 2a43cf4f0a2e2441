"""Refinements: what is counted is what a search with their filters finds."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.traits import traits
from workers.index.columns import columns_of
from workers.search.facets.facet_counts import COLUMN_OF, column_refinements, refinements, tally
from workers.search.facets.price_ranges import RANGES_MAX, price_ranges
from workers.search.facets.value_tallies import VALUES_MAX, CountedItem

if TYPE_CHECKING:
    from schemas.refinements import Refinement
    from workers.index.traits import Traits

decimals = st.integers(0, 3)
prices = st.lists(
    st.one_of(
        st.decimals(0, 2_000, places=2), st.decimals(0, 3, places=3), st.sampled_from(["99.99", "100"]).map(Decimal)
    ).map(float),
    max_size=60,
)


def counted(*items: dict[str, Any]) -> list[CountedItem]:
    """Each item counts as one, unless it has a `key`."""
    return [
        CountedItem(traits(**{name: value for name, value in item.items() if name != "key"}), item.get("price"), key)
        for number, item in enumerate(items)
        for key in [item.get("key", str(number))]
    ]


def shown(found: list[Refinement]) -> list[tuple[str, int]]:
    return [(each.value, each.count) for each in found]


@given(prices, decimals)
def test_each_price_is_in_one_range_and_no_range_is_empty(prices: list[float], decimals: int) -> None:
    ranges = price_ranges(Counter(prices), decimals)
    assert len(ranges) <= RANGES_MAX
    for price in prices:
        assert sum(each.has(price) for each in ranges) == 1
    assert all(any(map(each.has, prices)) for each in ranges)


@given(prices)
def test_what_a_range_counts_is_what_its_filters_leave(prices: list[float]) -> None:
    for each in refinements("price", counted(*({"price": price} for price in prices))):
        least, most = each.filters.get("min_price", 0.0), each.filters.get("max_price", 1e9)
        assert isinstance(least, float) and isinstance(most, float)
        assert each.count == sum(least <= price <= most for price in prices)


def test_ranges_end_at_round_numbers_one_unit_below_the_next() -> None:
    found = refinements("price", counted(*({"price": float(price)} for price in range(1, 500))))
    assert [each.value for each in found] == ["-99.99", "100-199.99", "200-299.99", "300-399.99", "400-"]
    assert found[0].filters == {"max_price": 99.99} and found[1].filters == {"min_price": 100.0, "max_price": 199.99}
    assert sum(each.count for each in found) == 499


@pytest.mark.parametrize("prices", [[9.99], [9.99] * 50, [20.0 + n / 100 for n in range(300)]])
def test_a_range_of_all_prices_is_no_choice(prices: list[float]) -> None:
    assert refinements("price", counted(*({"price": price} for price in prices))) == []


def test_yen_have_no_decimals() -> None:
    items = counted(*({"price": float(price), "currency": "JPY"} for price in range(1, 500)))
    assert refinements("price", items)[0].filters == {"max_price": 99.0}


def test_the_price_of_the_moment_is_counted() -> None:
    assert refinements("price", [CountedItem(traits(price=9.0), None, "a")]) == []


def test_a_brand_is_counted_however_it_is_written_and_shown_as_most_items_write_it() -> None:
    found = refinements("brand", counted(*({"brand": brand} for brand in ("Nestlé", "NESTLE\u0301", "Nestlé", "Acme"))))
    assert shown(found) == [("Nestlé", 3), ("Acme", 1)]
    assert found[0].filters == {"brand": "Nestlé"}


def test_categories_are_a_tree_and_a_name_in_two_places_is_two() -> None:
    paths = [("Food", "Cakes"), ("Food", "Cakes"), ("food", "Bread"), ("Soap", "Cakes"), ()]
    food, soap = refinements("category", counted(*({"category": path} for path in paths)))
    assert (food.value, food.count, shown(food.children)) == ("Food", 3, [("Cakes", 2), ("Bread", 1)])
    assert (soap.value, soap.count, shown(soap.children)) == ("Soap", 1, [("Cakes", 1)])
    assert food.children[0].filters == {"category": "Cakes"}


def test_an_item_counts_for_each_of_its_sellers_whose_names_differ_in_case() -> None:
    found = refinements("seller", counted({"sellers": ("A", "B")}, {"sellers": ("a", "B")}))
    assert shown(found) == [("B", 2), ("A", 1), ("a", 1)]


def test_ratings_are_counted_from_each_number_up() -> None:
    found = refinements("rating", counted(*({"rating": rating} for rating in (4.5, 4.0, 3.9, 2.0, None))))
    assert shown(found) == [("4", 2), ("3", 3), ("2", 4), ("1", 4)]
    assert found[0].filters == {"min_rating": 4.0}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Red", ["Red"]), (True, ["yes"]), (15.6, ["15.6"]), (3, ["3"]), (["Red", "blue", 1], ["1", "Red", "blue"]),
        ({"a": 1}, []), (None, []), (" ", []), ([["Red"]], []),
    ],
)  # fmt: skip
def test_an_attribute_has_one_value_or_a_list_of_them(value: object, wanted: list[str]) -> None:
    found = refinements("attributes.color", counted({"attributes": {"color": value}}))
    assert [each.value for each in found] == wanted
    assert all(each.filters == {"attribute": f"color:{each.value}"} for each in found)


def test_availability_is_counted() -> None:
    found = refinements("availability", counted({"availability": "in_stock"}, {"availability": None}))
    assert [(each.value, each.filters) for each in found] == [("in_stock", {"availability": "in_stock"})]


@pytest.mark.parametrize("name", ["brand", "category", "seller", "price", "rating", "availability", "attributes.size"])
def test_variants_of_one_group_count_as_one_for_each_value(name: str) -> None:
    values: dict[str, Any] = {
        "brand": "B", "category": ("C",), "sellers": ("S",), "price": 5.0, "rating": 4.5, "availability": "in_stock",
        "attributes": {"size": "M"},
    }  # fmt: skip
    variants = [{**values, "price": price, "key": key} for key in ("group", "group", "other") for price in (5.0, 500.0)]
    found = refinements(name, counted(*variants))
    assert found and all(each.count == 2 for each in found)


def test_no_more_values_than_the_bound_are_shown_and_the_rarest_are_left_out() -> None:
    brands = [f"B{number:03}" for number in range(VALUES_MAX + 5)]
    found = refinements("brand", counted(*({"brand": brand} for brand in [*brands, "B104"])))
    assert len(found) == VALUES_MAX and shown(found)[0] == ("B104", 2)


def test_a_field_that_nothing_counts_is_no_attribute_by_mistake() -> None:
    with pytest.raises(ValueError, match="colour has no tally"):
        tally("colour", grouped=False)


ITEMS = st.lists(
    st.builds(
        traits,
        brand=st.sampled_from([None, "Acme", "ACME", "Nestlé"]),
        category=st.sampled_from([(), ("Food",), ("food", "Cakes"), ("Food", "Cakes", "Iced")]),
        sellers=st.sampled_from([(), ("A",), ("A", "b"), ("a",)]),
        availability=st.sampled_from([None, "in_stock"]),
        price=st.sampled_from([None, 0.0, 1.005, 2.0, 9.99, 10.0, 250.0]),
        currency=st.sampled_from(["EUR", None]),
        rating=st.sampled_from([None, 0.5, 3.0, 4.5]),
    ),
    max_size=12,
)


@given(ITEMS, st.data())
def test_columns_count_as_the_items_themselves_do(items: list[Traits], data: st.DataObject) -> None:
    given_items = {str(number): item for number, item in enumerate(items)}
    points = data.draw(st.lists(st.sampled_from([*given_items]), unique=True)) if items else []
    columns = columns_of(given_items)
    for name in COLUMN_OF:
        one_by_one = [CountedItem(given_items[point], given_items[point].price, point) for point in points]
        assert column_refinements(name, columns, columns.places_of(points)) == refinements(name, one_by_one)
