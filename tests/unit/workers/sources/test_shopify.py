"""Webhooks of Shopify, in the shapes of its documentation with other values."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.errors import InvalidEvent
from tests.support.sources import events, message
from workers.sources.formats import Source
from workers.sources.shapes import shape_of_json
from workers.sources.shopify import shopify
from workers.sources.sources import Sources, Times

HEADERS = {
    "x-shopify-topic": "products/update",
    "x-shopify-triggered-at": "2026-11-10T08:00:00.877041743Z",
    "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "x-shopify-shop-domain": "tea.example.com",
}
TRIGGERED_MS = 1_794_297_600_877


def variant(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "product_id": 9001,
        "title": "Red",
        "price": "12.50",
        "sku": f"CUP-{number}",
        "position": 1,
        "inventory_policy": "deny",
        "compare_at_price": None,
        "option1": "Red",
        "option2": None,
        "taxable": True,
        "barcode": "4006381333931",
        "image_id": None,
        "inventory_management": "shopify",
        "inventory_quantity": 4,
        "inventory_item_id": number + 70_000,
        **fields,
    }


def product(*variants: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": 9001,
        "title": "Tea cup",
        "body_html": "<p>Made of <strong>clay</strong></p><p>Two sizes</p>",
        "vendor": "Kiln",
        "product_type": "Cups",
        "created_at": None,
        "handle": "tea-cup",
        "updated_at": "2026-11-10T03:00:00-05:00",
        "published_at": "2026-01-01T00:00:00-05:00",
        "status": "active",
        "tags": "clay, tea",
        "options": [{"id": 1, "product_id": 9001, "name": "Colour", "position": 1, "values": ["Red"]}],
        "images": [{"id": 5, "src": "https://cdn.example.com/cup.png"}],
        "image": None,
        "variants": list(variants),
        **fields,
    }


SHOPIFY = shopify("variant", "EUR", None)


def test_each_variant_is_an_item_of_the_group_of_its_product_with_its_price() -> None:
    given = message("products", product(variant(11), variant(12, title="Blue", option1="Blue")), headers=HEADERS)
    found = events(SHOPIFY, given)
    assert [(each.topic, each.product_id) for each in found] == [
        ("products", "11"),
        ("prices", "11"),
        ("products", "12"),
        ("prices", "12"),
    ]
    assert found[0].facts == {
        "title/und": "Tea cup - Red",
        "description/und": "Made of clay Two sizes",
        "brand": "Kiln",
        "category": ["Cups"],
        "gtin": "4006381333931",
        "item_group_id": "9001",
        "availability": "in_stock",
        "link": "https://tea.example.com/products/tea-cup?variant=11",
        "image_link": "https://cdn.example.com/cup.png",
        "attributes/sku": "CUP-11",
        "attributes/tags": ["clay", "tea"],
        "attributes/Colour": "Red",
    }
    assert found[1].facts == {"price": 12.5, "currency": "EUR"}
    assert found[2].facts["title/und"] == "Tea cup - Blue"


def test_the_time_is_when_the_webhook_was_triggered_so_that_a_second_delivery_is_the_same_event() -> None:
    given = message("products", product(variant(11)), headers=HEADERS)
    again = given._replace(headers=HEADERS | {"x-shopify-webhook-id": "another"})
    assert [each.stamp for each in events(SHOPIFY, given)] == [each.stamp for each in events(SHOPIFY, again)]
    assert events(SHOPIFY, given)[0].stamp.updated_at_ms == TRIGGERED_MS
    without = events(SHOPIFY, given._replace(headers={}))
    assert without[0].stamp.updated_at_ms == TRIGGERED_MS - 877


def test_a_product_without_options_has_the_title_of_the_product() -> None:
    options = [{"name": "Title", "values": ["Default Title"]}]
    only = product(variant(11, title="Default Title", option1="Default Title"), options=options)
    assert events(SHOPIFY, message("products", only))[0].facts["title/und"] == "Tea cup"
    assert "attributes/Title" not in events(SHOPIFY, message("products", only))[0].facts


@pytest.mark.parametrize("title", ["", None])
def test_a_variant_without_a_title_is_told_apart_by_its_options(title: str | None) -> None:
    variants = variant(11, title=title, option1="Small", option2="Blue"), variant(12, title=title, option1="Large")
    found = events(SHOPIFY, message("products", product(*variants, options=[])))
    assert [each.facts["title/und"] for each in found[::2]] == ["Tea cup - Small / Blue", "Tea cup - Large"]


def test_the_price_to_compare_with_is_the_price_and_the_price_the_sale_price() -> None:
    [_, price] = events(SHOPIFY, message("products", product(variant(11, compare_at_price="20.00"))))
    assert price.facts == {"price": 20.0, "sale_price": 12.5, "currency": "EUR"}


@pytest.mark.parametrize("compare", [None, "", "12.50", "9.00", "0.00"])
def test_a_price_to_compare_with_that_is_not_above_the_price_is_no_sale(compare: str | None) -> None:
    [_, price] = events(SHOPIFY, message("products", product(variant(11, compare_at_price=compare))))
    assert price.facts == {"price": 12.5, "currency": "EUR"}


@pytest.mark.parametrize("price", [None, ""])
@pytest.mark.parametrize("items", ["variant", "product"])
def test_a_variant_without_a_price_is_no_offer(price: str | None, items: Any) -> None:
    given = message("products", product(variant(11, price=price, compare_at_price="5")))
    [item, offer] = events(shopify(items, "EUR", None), given)
    assert (item.op, offer.topic, offer.op) == ("upsert", "prices", "delete")


@pytest.mark.parametrize("none", [None, ""])
def test_a_whole_product_has_the_price_of_its_cheapest_variant_that_has_one(none: str | None) -> None:
    variants = [variant(11, price=none), variant(12, price="9.00", inventory_quantity=0), variant(13, price="7.00")]
    [_, offer] = events(shopify("product", "EUR", None), message("products", product(*variants)))
    assert offer.facts == {"price": 7.0, "currency": "EUR"}


@pytest.mark.parametrize("fields", [{"price": "19,99"}, {"price": "NaN", "compare_at_price": "5"}, {"price": [5]}])
@pytest.mark.parametrize("items", ["variant", "product"])
def test_a_price_that_is_none_is_refused_by_its_field(fields: dict[str, Any], items: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"price: .*decimal"):
        events(shopify(items, "EUR", None), message("products", product(variant(11, **fields))))


@pytest.mark.parametrize("variants", [[], None])
@pytest.mark.parametrize("items", ["variant", "product"])
def test_a_product_without_variants_is_refused_and_not_passed_over(variants: Any, items: Any) -> None:
    with pytest.raises(InvalidEvent, match="variants: the product 9001 has none"):
        events(shopify(items, "EUR", None), message("products", product() | {"variants": variants}))


@pytest.mark.parametrize("status", [None, "", "active", "ACTIVE"])
def test_a_status_that_is_not_told_hides_nothing(status: str | None) -> None:
    assert events(SHOPIFY, message("products", product(variant(11), status=status)))[0].op == "upsert"


def test_a_product_without_a_title_is_refused_and_not_named_by_its_variant_alone() -> None:
    with pytest.raises(InvalidEvent, match="title: is missing"):
        events(SHOPIFY, message("products", product(variant(11), title="")))


def test_a_product_as_the_api_sends_it_is_read() -> None:
    whole = product(variant(11))
    assert events(SHOPIFY, message("products", {"product": whole})) == events(SHOPIFY, message("products", whole))


@pytest.mark.parametrize("status", ["draft", "archived", "unlisted", "DRAFT"])
def test_a_product_that_is_not_active_is_delisted_with_all_its_variants(status: str) -> None:
    found = events(SHOPIFY, message("products", product(variant(11), variant(12), status=status), headers=HEADERS))
    assert [(each.topic, each.product_id, each.op) for each in found] == [
        ("products", "11", "delete"),
        ("products", "12", "delete"),
    ]


@pytest.mark.parametrize(
    ("fields", "availability"),
    [
        ({"inventory_quantity": 0}, "out_of_stock"),
        ({"inventory_quantity": -2}, "out_of_stock"),
        ({"inventory_quantity": 0, "inventory_policy": "continue"}, "backorder"),
        ({"inventory_quantity": 0, "inventory_management": None}, "in_stock"),
        ({"inventory_quantity": 0, "inventory_management": ""}, "in_stock"),
        ({"inventory_quantity": None, "available": False}, "out_of_stock"),
        ({"inventory_quantity": None, "available": True}, "in_stock"),
        ({"inventory_quantity": None}, None),
        ({"inventory_quantity": "4"}, "in_stock"),
        ({"inventory_quantity": "0"}, "out_of_stock"),
    ],
)
def test_availability_follows_from_stock_and_policy(fields: dict[str, Any], availability: str | None) -> None:
    assert (
        events(SHOPIFY, message("products", product(variant(11, **fields))))[0].facts.get("availability")
        == availability
    )


def test_items_may_be_named_by_sku_or_be_whole_products() -> None:
    given = message("products", product(variant(11), variant(12, price="8.00")))
    assert events(shopify("sku", "EUR", None), given)[0].product_id == "CUP-11"
    [whole, price] = events(shopify("product", "EUR", None), given)
    assert (whole.product_id, whole.facts["title/und"], price.facts["price"]) == ("9001", "Tea cup", 8.0)


def test_a_whole_product_is_found_by_the_sku_barcode_and_options_of_each_variant() -> None:
    variants = [variant(number, barcode=f"400638133393{number}", option1=f"Size {number}") for number in (1, 2)]
    given = product(*variants, variant(3, sku="", barcode=None, option1="Size 1"), options=[{"name": "Size"}])
    facts = events(shopify("product", "EUR", None), message("products", given))[0].facts
    found = [facts[f"attributes/{name}"] for name in ("sku", "barcode", "Size")]
    assert found == [["CUP-1", "CUP-2"], ["4006381333931", "4006381333932"], ["Size 1", "Size 2"]]


def test_a_whole_product_has_as_many_skus_as_an_attribute_holds_each_of_which_is_filtered_by() -> None:
    skus = [f"SKU-{number:010}" for number in range(100)]
    given = product(*(variant(number, sku=sku) for number, sku in enumerate(skus, 1)))
    facts = events(shopify("product", "EUR", None), message("products", given))[0].facts
    assert facts["attributes/sku"] == skus[:60]


def test_a_deleted_product_is_delisted_where_items_are_products_and_refused_where_they_are_variants() -> None:
    deleted = message("products", {"id": 9001}, headers={"x-shopify-topic": "products/delete"})
    [event] = events(shopify("product", "EUR", None), deleted)
    assert (event.op, event.product_id) == ("delete", "9001")
    with pytest.raises(InvalidEvent, match=r"names the product 9001 and not its variants.*freshline sync products"):
        events(SHOPIFY, deleted._replace(headers={}))


def test_a_stock_level_counts_at_the_configured_location_alone() -> None:
    adapt = shopify("inventory_item", "EUR", 655)
    level = {"inventory_item_id": 70_011, "location_id": 655, "available": 0, "updated_at": "2026-11-10T03:00:00-05:00"}
    [event] = events(adapt, message("products", level))
    assert (event.op, event.product_id, event.facts) == ("patch", "70011", {"availability": "out_of_stock"})
    assert events(adapt, message("products", level | {"location_id": "655"})) == [event]
    assert events(adapt, message("products", level | {"location_id": 656})) == []
    with pytest.raises(InvalidEvent, match="inventory_item"):
        events(SHOPIFY, message("products", level))


@pytest.mark.parametrize("body", [{"id": 1, "email": "a@example.com"}, [], "text", {"title": "x", "variants": [5]}])
def test_what_is_no_webhook_on_items_is_refused(body: Any) -> None:
    with pytest.raises((InvalidEvent, KeyError, TypeError, AttributeError)):
        events(SHOPIFY, message("products", body))


@pytest.mark.parametrize("kind", ["Product", "ProductVariant"])
def test_a_record_of_the_graphql_api_is_refused_by_its_name(kind: str) -> None:
    """The line of a variant has the id, title and price of a row of a Google Merchant feed."""
    record = message("products", {"id": f"gid://shopify/{kind}/7", "title": "Cup", "price": "70.00"})
    with pytest.raises(InvalidEvent, match="of Shopify's GraphQL API"):
        events(SHOPIFY, record)
    shape = shape_of_json(record.body)
    assert shape is not None and shape.format == "shopify"


def test_a_webhook_on_orders_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidEvent, match="orders/create says nothing about items"):
        events(SHOPIFY, message("products", {"id": 1}, headers={"x-shopify-topic": "orders/create"}))


def test_a_product_of_as_many_variants_as_shopify_allows_is_read() -> None:
    source = Source.model_validate({"topic": "products", "format": "shopify", "currency": "EUR"})
    body = orjson.dumps(product(*(variant(number) for number in range(1, 2_049))))
    found = Sources([source]).decode("products", None, body, (), Times(TRIGGERED_MS, None))
    assert len({each.event.product_id for each in found}) == 2_048


def test_a_hidden_product_is_delisted_also_without_its_variants_where_items_are_products() -> None:
    [event] = events(shopify("product", "EUR", None), message("products", product(status="archived")))
    assert (event.product_id, event.op) == ("9001", "delete")


def test_stock_that_is_not_counted_can_be_bought() -> None:
    body = {"inventory_item_id": 70_011, "location_id": 5, "available": None}
    [event] = events(shopify("inventory_item", "EUR", 5), message("products", body))
    assert event.facts == {"availability": "in_stock"}


def test_a_product_without_a_type_has_the_category_of_shopifys_taxonomy() -> None:
    fields = {"product_type": "", "category": {"name": "Mugs", "full_name": "Home > Tableware > Mugs"}}
    assert events(SHOPIFY, message("products", product(variant(11), **fields)))[0].facts["category"] == [
        "Home",
        "Tableware",
        "Mugs",
    ]
    assert events(SHOPIFY, message("products", product(variant(11), category=None)))[0].facts["category"] == ["Cups"]


def test_an_option_without_a_name_is_left_out() -> None:
    facts = events(SHOPIFY, message("products", product(variant(11), options=[{"name": None}])))[0].facts
    assert {name for name in facts if name.startswith("attributes/")} == {"attributes/sku", "attributes/tags"}


@pytest.mark.parametrize("items", ["sku", "inventory_item"])
def test_variants_with_one_name_are_refused_as_one_would_have_the_price_of_the_other(items: Any) -> None:
    twice = {"sku": "CUP", "inventory_item_id": 7}
    given = message("products", product(variant(11, price="9.00", **twice), variant(12, price="19.00", **twice)))
    with pytest.raises(InvalidEvent, match="names 2 variants of the product"):
        events(shopify(items, "EUR", None), given)
    assert len(events(shopify("variant", "EUR", None), given)) == 4


@pytest.mark.parametrize("items", ["sku", "inventory_item"])
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_hidden_product_is_delisted_also_where_its_variants_share_a_name(items: Any, status: str) -> None:
    twice = {"sku": "7", "inventory_item_id": 7}
    given = message("products", product(variant(11, **twice), variant(12, **twice), status=status))
    found = events(shopify(items, "EUR", None), given)
    assert [(each.topic, each.product_id, each.op) for each in found] == [("products", "7", "delete")]


@pytest.mark.parametrize("twin", ["CUP ", "\u00a0CUP", "C\u200bUP"])
def test_variants_whose_names_are_one_in_events_are_refused_as_two_of_one_name(twin: str) -> None:
    given = message("products", product(variant(11, price="9.00", sku="CUP"), variant(12, price="19.00", sku=twin)))
    with pytest.raises(InvalidEvent, match="sku: 'CUP' names 2 variants of the product 9001"):
        events(shopify("sku", "EUR", None), given)


@pytest.mark.parametrize("items", ["product", "variant", "sku", "inventory_item"])
@pytest.mark.parametrize("topic", ["products/delete", "products/update", None])
def test_an_id_of_the_graphql_api_delists_no_item_of_that_name(items: Any, topic: str | None) -> None:
    headers = None if topic is None else {"x-shopify-topic": topic}
    given = message("products", {"id": "gid://shopify/Product/9001"}, headers=headers)
    with pytest.raises(InvalidEvent, match="is of Shopify's GraphQL API"):
        events(shopify(items, "EUR", None), given)


@pytest.mark.parametrize("available", ["x", "", [], {"quantity": 3}, True])
def test_a_level_that_is_no_number_is_not_taken_for_none(available: object) -> None:
    body = {"inventory_item_id": 70_011, "location_id": 5, "available": available}
    with pytest.raises(InvalidEvent, match=r"available: .* is no number"):
        events(shopify("inventory_item", "EUR", 5), message("products", body))


def test_an_item_that_left_the_location_that_counts_cannot_be_bought() -> None:
    adapt, body = shopify("inventory_item", "EUR", 5), {"inventory_item_id": 70_011, "location_id": 5}
    left = message("products", body, headers={"x-shopify-topic": "inventory_levels/disconnect"})
    assert [event.facts for event in events(adapt, left)] == [{"availability": "out_of_stock"}]
    assert events(adapt, left._replace(body=body | {"location_id": 6})) == []
    with pytest.raises(InvalidEvent, match="available: is missing"):
        events(adapt, left._replace(headers={"x-shopify-topic": "inventory_levels/update"}))


def test_a_webhook_of_some_fields_says_which_one_it_lacks() -> None:
    lacking = {name: value for name, value in product(variant(11)).items() if name != "title"}
    with pytest.raises(InvalidEvent, match="title: is missing"):
        events(SHOPIFY, message("products", lacking, headers=HEADERS))
    unnamed = {name: value for name, value in variant(11).items() if name != "id"}
    [item, _] = events(shopify("sku", "EUR", None), message("products", product(unnamed), headers=HEADERS))
    assert item.facts["link"] == "https://tea.example.com/products/tea-cup"


def test_tags_may_be_numbers() -> None:
    facts = events(SHOPIFY, message("products", product(variant(11), tags=[2026, None, "clay "])))[0].facts
    assert facts["attributes/tags"] == ["2026", "clay"]
