"""Products of Magento, in the shape of its REST API's documentation with other values."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import InvalidEvent
from tests.support.sources import events, message
from workers.sources.magento import magento

MAGENTO = magento("USD")


def product(custom: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    attributes = {"description": "<p>Holds 20 litres.</p>", "url_key": "day-pack", "material": "Canvas"} | (
        custom or {}
    )
    return {
        "id": 41,
        "sku": "BAG-41",
        "name": "Day pack",
        "attribute_set_id": 15,
        "price": 59,
        "status": 1,
        "visibility": 4,
        "type_id": "simple",
        "created_at": "2026-01-10 10:00:00",
        "updated_at": "2026-11-10 08:00:00",
        "weight": 0.9,
        "extension_attributes": {"website_ids": [1], "stock_item": {"qty": 3, "is_in_stock": True}},
        "custom_attributes": [{"attribute_code": code, "value": value} for code, value in attributes.items()],
        **fields,
    }


def test_a_product_is_an_item_named_by_its_sku() -> None:
    [item, price] = events(MAGENTO, message("products", product()))
    assert item.product_id == "BAG-41"
    assert item.facts == {
        "title/und": "Day pack",
        "description/und": "Holds 20 litres.",
        "availability": "in_stock",
        "attributes/material": "Canvas",
    }
    assert price.facts == {"price": 59.0, "currency": "USD"}


def test_a_special_price_is_a_sale_in_its_window() -> None:
    special = {"special_price": "49.00", "special_from_date": "2026-11-10 00:00:00", "special_to_date": None}
    [_, price] = events(MAGENTO, message("products", product(special)))
    assert (price.facts["sale_price"], price.facts["sale_starts_at_ms"]) == (49.0, 1_794_268_800_000)


@pytest.mark.parametrize("fields", [{"status": 2}, {"visibility": 1}, {"visibility": 2}])
def test_a_product_that_the_shops_search_does_not_show_is_delisted(fields: dict[str, Any]) -> None:
    [event] = events(MAGENTO, message("products", product(**fields)))
    assert (event.op, event.product_id) == ("delete", "BAG-41")


@pytest.mark.parametrize("none", [0, "0", "0.0000", "", None])
def test_a_special_price_of_nought_is_no_sale(none: Any) -> None:
    [_, price] = events(MAGENTO, message("products", product({"special_price": none}, price=59)))
    assert "sale_price" not in price.facts and price.facts["price"] == 59


def test_a_configurable_product_has_no_price_of_its_own() -> None:
    [_, price] = events(MAGENTO, message("products", product(type_id="configurable", price=0)))
    assert (price.topic, price.op) == ("prices", "delete")


def test_what_is_no_product_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="no Magento product"):
        events(MAGENTO, message("products", {"name": "x"}))


@pytest.mark.parametrize(
    ("fields", "ops"),
    [
        ({"status": "1", "visibility": "4", "price": "59.0000"}, ["upsert", "upsert"]),
        ({"status": None, "visibility": None}, ["upsert", "upsert"]),
        ({"status": "2"}, ["delete"]),
        ({"visibility": "1"}, ["delete"]),
        ({"price": "0.0000", "type_id": "configurable"}, ["upsert", "delete"]),
        ({"price": None}, ["upsert", "delete"]),
        ({"status": True}, ["upsert", "upsert"]),
        ({"status": 1.0, "visibility": "3"}, ["upsert", "upsert"]),
        ({"status": "Enabled", "visibility": "Catalog, Search"}, ["upsert", "upsert"]),
        ({"status": "Disabled"}, ["delete"]),
        ({"status": 2.0}, ["delete"]),
        ({"status": "Enabled", "visibility": "Not Visible Individually"}, ["delete"]),
    ],
)
def test_numbers_mean_the_same_as_texts(fields: dict[str, Any], ops: list[str]) -> None:
    assert [event.op for event in events(MAGENTO, message("products", product(**fields)))] == ops


@pytest.mark.parametrize("last", ["2026-11-10", "2026-11-10 00:00:00"])
def test_the_last_day_of_a_special_price_counts_whole(last: str) -> None:
    special = {"special_price": "49.00", "special_from_date": "2026-11-10", "special_to_date": last}
    [_, price] = events(MAGENTO, message("products", product(special)))
    assert price.facts["sale_ends_at_ms"] - price.facts["sale_starts_at_ms"] == 86_400_000
    to_noon = special | {"special_to_date": "2026-11-10 12:00:00"}
    [_, price] = events(MAGENTO, message("products", product(to_noon)))
    assert price.facts["sale_ends_at_ms"] - price.facts["sale_starts_at_ms"] == 43_200_000


def test_a_product_whose_stock_is_not_managed_can_be_bought() -> None:
    stock = {"stock_item": {"qty": 0, "is_in_stock": False, "manage_stock": False}}
    assert (
        events(MAGENTO, message("products", product(extension_attributes=stock)))[0].facts["availability"] == "in_stock"
    )


@pytest.mark.parametrize(
    ("stock", "availability"),
    [
        ({"is_in_stock": "0"}, "out_of_stock"),
        ({"is_in_stock": "1"}, "in_stock"),
        ({"is_in_stock": 0, "manage_stock": None}, "out_of_stock"),
        ({"is_in_stock": "0", "manage_stock": "0"}, "in_stock"),
    ],
)
def test_a_stock_in_texts_means_the_same(stock: dict[str, Any], availability: str) -> None:
    given = message("products", product(extension_attributes={"stock_item": stock}))
    assert events(MAGENTO, given)[0].facts["availability"] == availability


def test_the_number_of_an_option_is_no_brand() -> None:
    facts = events(MAGENTO, message("products", product({"manufacturer": "212"})))[0].facts
    assert "brand" not in facts and facts["attributes/manufacturer"] == "212"
    assert events(MAGENTO, message("products", product({"brand": "Kiln"})))[0].facts["brand"] == "Kiln"


def test_a_product_as_the_api_takes_it_is_read() -> None:
    assert events(MAGENTO, message("products", {"product": product()})) == events(
        MAGENTO, message("products", product())
    )


@pytest.mark.parametrize("fields", [{"status": "Aktiviert"}, {"visibility": "9"}])
def test_a_word_that_magento_has_not_delists_nothing(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="is none of Magento's values"):
        events(MAGENTO, message("products", product(**fields)))


@pytest.mark.parametrize(
    ("special", "window"),
    [
        ({"special_from_date": "2026-12-01", "special_to_date": "2026-11-01"}, None),
        ({"special_from_date": "0000-00-00 00:00:00"}, {}),
        ({"special_to_date": "9999-12-31"}, {"sale_ends_at_ms": 253_402_300_799_999}),
        ({"special_to_date": "2026-11-10 12:00:00+01:00"}, {"sale_ends_at_ms": 1_794_308_400_000}),
    ],
)
def test_a_window_at_the_ends_of_the_calendar_is_read(special: dict[str, Any], window: dict[str, Any] | None) -> None:
    [_, price] = events(MAGENTO, message("products", product({"special_price": "49.00"} | special)))
    sale = {} if window is None else {"sale_price": 49.0} | window
    assert price.facts == {"price": 59.0, "currency": "USD"} | sale


def test_a_date_that_is_none_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidEvent, match="special_from_date: '12/01/2026' is no time"):
        events(MAGENTO, message("products", product({"special_price": "49.00", "special_from_date": "12/01/2026"})))


@pytest.mark.parametrize(
    ("stock", "availability"),
    [
        ({"qty": 3}, None),
        ({"is_in_stock": None}, None),
        ([], None),
        ({"is_in_stock": "1.0000"}, "in_stock"),
        ({"is_in_stock": "0.0000"}, "out_of_stock"),
        ({"is_in_stock": "In Stock"}, "in_stock"),
        ({"is_in_stock": "No"}, "out_of_stock"),
    ],
)
def test_a_stock_that_is_not_told_is_not_empty_and_words_are_read(stock: Any, availability: str | None) -> None:
    """A shop asks the API for some `fields` alone, and its exports have words."""
    given = message("products", product(extension_attributes={"stock_item": stock}))
    assert events(MAGENTO, given)[0].facts.get("availability") == availability


def test_a_product_of_the_graphql_api_is_refused_and_loses_no_price() -> None:
    price = {"minimum_price": {"regular_price": {"value": 59, "currency": "USD"}}}
    with pytest.raises(InvalidEvent, match="price_range: the record is of Magento's GraphQL API"):
        events(MAGENTO, message("products", {"sku": "MJ01", "name": "Jacket", "price_range": price}))
