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


def test_a_configurable_product_has_no_price_of_its_own() -> None:
    [_, price] = events(MAGENTO, message("products", product(type_id="configurable", price=0)))
    assert (price.topic, price.op) == ("prices", "delete")


def test_what_is_no_product_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="no Magento product"):
        events(MAGENTO, message("products", {"name": "x"}))
