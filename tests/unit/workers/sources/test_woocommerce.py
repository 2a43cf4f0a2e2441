"""Products of WooCommerce, in the shape of its REST API's documentation with other values."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import InvalidEvent
from tests.support.sources import events, message
from workers.sources.woocommerce import woocommerce

WOO = woocommerce("GBP")


def product(**fields: Any) -> dict[str, Any]:
    return {
        "id": 814,
        "name": "Wool scarf",
        "slug": "wool-scarf",
        "permalink": "https://shop.example.com/product/wool-scarf/",
        "date_modified_gmt": "2026-11-10T08:00:00",
        "type": "simple",
        "status": "publish",
        "featured": False,
        "catalog_visibility": "visible",
        "description": "<p>Warm &amp; soft</p>\n",
        "short_description": "<p>Warm</p>",
        "sku": "SC-1",
        "price": "24.00",
        "regular_price": "30.00",
        "sale_price": "24.00",
        "date_on_sale_from_gmt": "2026-11-01T00:00:00",
        "date_on_sale_to_gmt": None,
        "on_sale": True,
        "stock_quantity": None,
        "stock_status": "instock",
        "parent_id": 0,
        "categories": [{"id": 9, "name": "Scarves", "slug": "scarves"}],
        "tags": [],
        "images": [{"id": 7, "src": "https://shop.example.com/scarf.jpg", "name": "scarf"}],
        "attributes": [{"id": 6, "name": "Colour", "position": 0, "visible": True, "options": ["Black", "Green"]}],
        "variations": [],
        **fields,
    }


def test_a_product_is_an_item_with_its_price_and_sale() -> None:
    [item, price] = events(WOO, message("products", product()))
    assert (item.product_id, price.topic) == ("814", "prices")
    assert item.facts == {
        "title/und": "Wool scarf",
        "description/und": "Warm & soft",
        "category": ["Scarves"],
        "availability": "in_stock",
        "link": "https://shop.example.com/product/wool-scarf/",
        "image_link": "https://shop.example.com/scarf.jpg",
        "attributes/sku": "SC-1",
        "attributes/Colour": ["Black", "Green"],
    }
    assert price.facts == {
        "price": 30.0,
        "sale_price": 24.0,
        "sale_starts_at_ms": 1_793_491_200_000,
        "currency": "GBP",
    }


def test_an_empty_sale_price_is_no_sale() -> None:
    [_, price] = events(WOO, message("products", product(sale_price="", price="30.00", date_on_sale_from_gmt=None)))
    assert price.facts == {"price": 30.0, "currency": "GBP"}


def test_a_variation_belongs_to_the_group_of_its_parent() -> None:
    variation = product(
        id=900, parent_id=814, type="variation", attributes=[{"id": 6, "name": "Colour", "option": "Green"}]
    )
    [item, _] = events(WOO, message("products", variation))
    assert (item.product_id, item.facts["item_group_id"], item.facts["attributes/Colour"]) == ("900", "814", "Green")
    [parent, _] = events(WOO, message("products", product(type="variable", variations=[900])))
    assert parent.facts["item_group_id"] == "814"


@pytest.mark.parametrize("fields", [{"status": "draft"}, {"status": "trash"}, {"catalog_visibility": "hidden"}])
def test_a_product_that_the_shop_does_not_show_is_delisted(fields: dict[str, Any]) -> None:
    [event] = events(WOO, message("products", product(**fields)))
    assert (event.op, event.product_id) == ("delete", "814")


def test_the_webhook_of_a_delete_delists() -> None:
    [event] = events(WOO, message("products", {"id": 814}, headers={"x-wc-webhook-topic": "product.deleted"}))
    assert (event.op, event.product_id) == ("delete", "814")


@pytest.mark.parametrize("parent_id", [0, "0", None, ""])
def test_a_product_of_its_own_is_in_no_group(parent_id: object) -> None:
    [item, _] = events(WOO, message("products", product(parent_id=parent_id)))
    assert "item_group_id" not in item.facts


@pytest.mark.parametrize(
    ("stock", "availability"),
    [
        ({"stock_status": "outofstock"}, "out_of_stock"),
        ({"stock_status": "onbackorder"}, "backorder"),
        ({"stock_status": "discontinued"}, "out_of_stock"),
        ({"stock_status": "pre-order"}, "preorder"),
        ({"stock_status": "ask_us"}, None),
        ({"stock_status": None, "in_stock": False}, "out_of_stock"),
        ({"stock_status": "", "in_stock": "1"}, "in_stock"),
        ({"stock_status": None}, None),
    ],
)
def test_stock_has_our_words(stock: dict[str, Any], availability: str | None) -> None:
    assert events(WOO, message("products", product(**stock)))[0].facts.get("availability") == availability


def test_what_is_no_product_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="no WooCommerce product"):
        events(WOO, message("products", {"name": "x"}))


def test_a_sale_does_not_begin_early_where_only_the_time_of_the_shops_zone_is_sent() -> None:
    sale = {"date_on_sale_from": "2026-12-01T00:00:00", "date_on_sale_to": "2026-12-02T00:00:00"}
    without = {name: value for name, value in product(**sale).items() if not name.endswith("_gmt")}
    [_, price] = events(WOO, message("products", without))
    assert (price.facts["sale_starts_at_ms"], price.facts["sale_ends_at_ms"]) == (1_796_083_200_000, 1_796_169_600_000)


def test_a_product_that_lost_its_price_has_no_offer() -> None:
    [_, price] = events(WOO, message("products", product(price="", regular_price="", sale_price="")))
    assert (price.topic, price.op) == ("prices", "delete")


OTHERS: dict[str, dict[str, Any]] = {
    "order.created": {"id": 727, "number": "727", "status": "processing", "currency": "GBP", "total": "29.35"},
    "coupon.updated": {"id": 719, "code": "10off", "amount": "10.00", "status": "publish"},
    "customer.created": {"id": 25, "email": "j@example.com", "first_name": "J", "role": "customer"},
}


@pytest.mark.parametrize("webhook", OTHERS)
def test_an_order_a_coupon_or_a_customer_delists_no_product_that_has_its_number(webhook: str) -> None:
    for headers in ({"x-wc-webhook-topic": webhook}, {}):
        with pytest.raises(InvalidEvent, match=rf"the webhook {webhook}|is no WooCommerce product"):
            events(WOO, message("products", OTHERS[webhook], headers=headers))


def test_names_are_text_and_no_markup() -> None:
    """WordPress stores names of terms with entities, and names of products with tags that a shop wrote there."""
    fields: dict[str, Any] = {
        "name": "Salt &amp; <em>pepper</em> &#8211; set",
        "brands": [{"id": 3, "name": "H&amp;M"}],
        "categories": [{"id": 9, "name": "Kitchen &amp; Table"}],
        "attributes": [{"name": "Size &amp; fit", "options": ["S &amp; M", "L"]}],
    }
    facts = events(WOO, message("products", product(**fields)))[0].facts
    assert facts["title/und"] == "Salt & pepper \u2013 set"
    assert (facts["brand"], facts["category"], facts["attributes/Size & fit"]) == (
        "H&M",
        ["Kitchen & Table"],
        ["S & M", "L"],
    )


def test_a_variation_without_a_name_is_found_by_that_of_its_product() -> None:
    """WooCommerce's documentation has no name among the properties of a variation; older releases send none."""
    variation = product(
        id=733,
        permalink="https://shop.example.com/product/wool-scarf/?attribute_pa_colour=black",
        attributes=[{"id": 6, "name": "Colour", "option": "Black"}],
    )
    del variation["name"]
    assert events(WOO, message("products", variation))[0].facts["title/und"] == "wool scarf - Black"
    variation["permalink"] = "https://shop.example.com/product/%E6%AF%9B-%e5%b7%be/?attribute_pa_colour=black"
    assert events(WOO, message("products", variation))[0].facts["title/und"] == "毛 巾 - Black"
    del variation["permalink"]
    with pytest.raises(InvalidEvent, match="title: is missing"):
        events(WOO, message("products", variation))


@pytest.mark.parametrize(("price", "held"), [("8.264462809917", 8.264463), (8.264462809917356, 8.264463), ("8.5", 8.5)])
def test_a_price_that_was_computed_is_rounded_to_the_decimals_of_events(price: Any, held: float) -> None:
    [_, event] = events(WOO, message("products", product(price=price, regular_price=price, sale_price="")))
    assert event.facts == {"price": held, "currency": "GBP"}


@pytest.mark.parametrize("price", ["8,2644628099", "x.1234567", "1.1234567.8", "1_0.12345678", "٣.12345678"])
def test_a_price_that_is_none_is_refused_by_its_name(price: str) -> None:
    with pytest.raises(InvalidEvent, match=r"price: .* is no decimal"):
        events(WOO, message("products", product(price=price, regular_price=price, sale_price="")))


def test_a_status_that_is_not_told_hides_nothing() -> None:
    assert events(WOO, message("products", product(status=None)))[0].op == "upsert"


@pytest.mark.parametrize(
    "ends",
    ["2026-11-30T00:00:00", "2026-11-30T00:00:00Z", "2026-11-30T01:00:00+01:00", "2026-11-30 00:00:00", "2026-11-29"],
)
def test_a_sale_ends_at_the_same_time_however_it_is_written(ends: str) -> None:
    [_, price] = events(WOO, message("products", product(date_on_sale_to_gmt=ends)))
    assert price.facts["sale_ends_at_ms"] == 1_795_996_800_000


def test_a_window_that_ends_before_it_begins_is_no_sale() -> None:
    [_, price] = events(WOO, message("products", product(date_on_sale_to_gmt="2026-10-01T00:00:00")))
    assert price.facts == {"price": 30.0, "currency": "GBP"}


def test_options_may_be_numbers() -> None:
    [item, _] = events(WOO, message("products", product(attributes=[{"name": "Size", "options": [38, 40]}])))
    assert item.facts["attributes/Size"] == ["38", "40"]


def test_a_product_is_in_each_of_its_categories_and_has_each_of_its_tags() -> None:
    """A product does not tell which of its categories is within which."""
    given = product(
        categories=[{"id": number, "name": f"Part {number} &amp; more"} for number in range(10)] + [{"name": ""}],
        tags=[{"id": 5, "name": "gift"}, {"id": 6, "name": "under &pound;50"}],
    )
    facts = events(WOO, message("products", given))[0].facts
    assert facts["category"] == [f"Part {number} & more" for number in range(8)]
    assert facts["attributes/tags"] == ["gift", "under £50"]


@pytest.mark.parametrize("name", ["Green, L", "Green &amp; white, L"])
def test_a_variation_in_a_list_is_named_by_its_options_and_found_by_its_product(name: str) -> None:
    """Since WooCommerce 8.3 a list of variations has a name, which is that of the options alone."""
    variation = product(
        parent_id=814,
        name=name,
        permalink="https://shop.example.com/product/wool-scarf/?attribute_colour=Green",
        attributes=[
            {"id": 6, "name": "Colour", "option": name.removesuffix(", L")},
            {"id": 7, "name": "Size", "option": "L"},
        ],
    )
    colour = name.removesuffix(", L").replace("&amp;", "&")
    assert events(WOO, message("products", variation))[0].facts["title/und"] == f"wool scarf - {colour} - L"
    del variation["permalink"]
    assert events(WOO, message("products", variation))[0].facts["title/und"] == f"{colour}, L"


@pytest.mark.parametrize("nought", ["0", "0.00", 0, "", None])
def test_a_nought_beside_a_price_that_is_paid_is_none(nought: object) -> None:
    no_regular = product(price="10", regular_price=nought, sale_price="")
    assert events(WOO, message("products", no_regular))[1].facts == {"price": 10.0, "currency": "GBP"}
    no_sale = product(price="30", regular_price="30", sale_price=nought)
    assert events(WOO, message("products", no_sale))[1].facts == {"price": 30.0, "currency": "GBP"}


@pytest.mark.parametrize("nought", ["0", "0.00", 0])
def test_a_product_that_is_free_or_on_sale_for_nothing_is_free(nought: object) -> None:
    free = product(price=nought, regular_price=nought, sale_price="")
    assert events(WOO, message("products", free))[1].facts["price"] == 0
    for_nothing = product(price=nought, regular_price="30", sale_price=nought)
    facts = events(WOO, message("products", for_nothing))[1].facts
    assert (facts["price"], facts["sale_price"]) == (30.0, 0.0)


@pytest.mark.parametrize(
    ("stock_status", "availability"),
    [(True, "in_stock"), (False, "out_of_stock"), ("1", "in_stock"), (0, "out_of_stock"), ("backorder", "backorder")],
)
def test_stock_may_be_a_truth_value_or_a_number_as_exports_write_it(stock_status: object, availability: str) -> None:
    assert events(WOO, message("products", product(stock_status=stock_status)))[0].facts["availability"] == availability


@pytest.mark.parametrize(("parent_id", "group"), [(814.0, "814"), ("814", "814"), (0.0, None), ("0.0", None)])
def test_a_variation_is_in_the_group_of_its_parent_also_where_a_table_made_decimals_of_numbers(
    parent_id: object, group: str | None
) -> None:
    assert events(WOO, message("products", product(parent_id=parent_id)))[0].facts.get("item_group_id") == group


def test_the_option_of_a_variation_may_be_a_number_and_one_that_is_null_is_none() -> None:
    attributes = [{"name": "Size", "option": 38}, {"name": "Fit", "options": [None, "slim"]}]
    facts = events(WOO, message("products", product(attributes=attributes)))[0].facts
    assert (facts["attributes/Size"], facts["attributes/Fit"]) == ("38", "slim")


def test_the_letter_case_of_a_status_hides_nothing() -> None:
    assert events(WOO, message("products", product(status="Publish")))[0].op == "upsert"


def test_a_term_without_a_name_is_none() -> None:
    """Programs that write products name the categories by their numbers alone."""
    facts = events(WOO, message("products", product(categories=[{"id": 9}], brands=[{"id": 3}])))[0].facts
    assert not {"category", "brand"} & facts.keys()


@pytest.mark.parametrize("milliseconds", ["1795010112000", "1712051200123", "1795941000"])
def test_a_time_that_is_a_number_is_no_time_of_the_18th_century(milliseconds: str) -> None:
    with pytest.raises(InvalidEvent, match=f"date_on_sale_to: '{milliseconds}' is no time"):
        events(WOO, message("products", product(date_on_sale_to_gmt=milliseconds)))


def test_a_product_of_the_store_api_is_refused_and_loses_no_price() -> None:
    prices = {"price": "2400", "currency_code": "GBP", "currency_minor_unit": 2}
    with pytest.raises(InvalidEvent, match="prices: the record is of WooCommerce's Store API"):
        events(WOO, message("products", {"id": 814, "name": "Wool scarf", "prices": prices}))
