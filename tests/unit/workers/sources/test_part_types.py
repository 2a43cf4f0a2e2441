"""Parts of another type than the platform writes: each is refused by its name, and none is read as something else."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from schemas.errors import InvalidEvent
from tests.support.foreign_records import MAGENTO, PARTS, SAMPLES, SHOPIFY, WOOCOMMERCE, Sample, paths, with_part
from tests.support.sources import ARRIVED_MS
from workers.sources.formats import Source
from workers.sources.sources import Sources, Times

ONE_LINE_WITH_THE_FIELD = re.compile(r"(?:schema \d+: )?[\w.$]+: .+|this is .+|the (?:record|CloudEvent) .+")
OF_PYTHON = re.compile(r"Error\b|object (?:has|is)|indices|argument|attribute '|NoneType|unhashable")


def refusal(source: dict[str, Any], body: Any) -> str | None:
    """Return why a record is refused; None for one that is not."""
    sources, times = Sources([Source(**source)], "EUR"), Times(ARRIVED_MS, None)
    try:
        sources.decode(source["topic"], None, orjson.dumps(body), [], times)
    except InvalidEvent as error:
        return str(error)
    return None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: "-".join(map(str, sample[0].values())))
def test_no_refusal_is_a_sentence_of_python(sample: Sample) -> None:
    source, body = sample
    for way in paths(body):
        for wild in PARTS:
            reason = refusal(source, with_part(body, way, wild))
            if reason is not None:
                assert ONE_LINE_WITH_THE_FIELD.fullmatch(reason) and not OF_PYTHON.search(reason), (way, wild)
                assert "has not the shape" not in reason, (way, wild)


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("woocommerce", WOOCOMMERCE, {"categories": "Mugs"}, "categories: must be a list, not 'Mugs'"),
    ("woocommerce", WOOCOMMERCE, {"categories": ["Mugs"]}, "categories.0: must be an object, not 'Mugs'"),
    ("woocommerce", WOOCOMMERCE, {"tags": [{"name": 5}]}, "tags.0.name: must be text, not a number"),
    ("woocommerce", WOOCOMMERCE, {"images": "https://x/y.png"}, "images: must be a list"),
    ("woocommerce", WOOCOMMERCE, {"images": {"src": "https://x/y.png"}}, "images: must be a list, not an object"),
    ("woocommerce", WOOCOMMERCE, {"description": {"rendered": "x"}}, "description: must be text, not an object"),
    ("woocommerce", WOOCOMMERCE, {"attributes": [{"name": "Colour", "options": "Blue"}]}, "attributes.0.options: must"),
    ("woocommerce", WOOCOMMERCE, {"parent_id": {"id": 8}}, "parent_id: .* is no id"),
    ("woocommerce", WOOCOMMERCE, {"status": 1}, "status: must be text, not a number"),
    ("woocommerce", WOOCOMMERCE, {"status": False}, "status: must be text, not true or false"),
    ("woocommerce", WOOCOMMERCE, {"stock_status": ["instock"]}, "stock_status: must be text, not a list"),
    ("shopify", SHOPIFY, {"title": {"en": "Mug"}}, "title: must be text, not an object"),
    ("shopify", SHOPIFY, {"status": 1}, "status: must be text, not a number"),
    ("shopify", SHOPIFY, {"body_html": 5}, "body_html: must be text, not a number"),
    ("shopify", SHOPIFY, {"options": ["Size"]}, "options.0: must be an object, not 'Size'"),
    ("shopify", SHOPIFY, {"tags": {"a": 1}}, "tags: must be a list, not an object"),
    ("shopify", SHOPIFY, {"variants": [5]}, "variants.0: must be an object, not a number"),
    ("shopify", SHOPIFY, {"variants": "x"}, "variants: must be a list, not 'x'"),
    ("shopify", SHOPIFY, {"variants": [{"id": 8, "title": ["S"]}]}, "variants.0.title: must be text or a number"),
    ("shopify", SHOPIFY, {"variants": [{"id": 8, "inventory_quantity": "many"}]}, "inventory_quantity: 'many' is no"),
    (
        "shopify",
        SHOPIFY,
        {"variants": [{"id": 8, "price": "5", "compare_at_price": "x"}]},
        "compare_at_price: .x. is no",
    ),
    ("shopify", SHOPIFY, {"tags": ["a", {}]}, "tags.1: must be text or a number, not an object"),
    ("shopify", SHOPIFY, {"options": [None]}, "options.0: must be an object, not null"),
    ("magento", MAGENTO, {"custom_attributes": {"brand": "x"}}, "custom_attributes: must be a list, not an object"),
    ("magento", MAGENTO, {"custom_attributes": [{"value": 1}]}, "custom_attributes.0.attribute_code: is missing"),
    ("magento", MAGENTO, {"extension_attributes": {"stock_item": "x"}}, "extension_attributes.stock_item: must be an"),
    ("magento", MAGENTO, {"extension_attributes": {"stock_item": {"is_in_stock": "so so"}}}, "is_in_stock: 'so so' is"),
    ("magento", MAGENTO, {"price": []}, "price: must be a decimal"),
]


@pytest.mark.parametrize(("name", "body", "wrong", "reason"), CASES)
def test_a_part_of_another_type_is_refused_by_its_name(
    name: str, body: dict[str, Any], wrong: dict[str, Any], reason: str
) -> None:
    assert re.match(reason, refusal({"topic": "products", "format": name}, body | wrong) or "it was read")


@pytest.mark.parametrize("path", [5, {"a": "b"}, [["a"]], [{"a": "b"}]])
def test_a_category_is_read_of_a_text_alone(path: Any) -> None:
    row = {"id": "a", "title": "Mug", "price": "9.50 EUR", "product_type": path}
    reason = refusal({"topic": "products", "format": "google-merchant"}, row)
    assert reason is None if path == 5 else (reason or "").startswith("product_type: must be text or a number, not a")


@pytest.mark.parametrize("given", [None, "", [], {}])
def test_what_is_empty_is_absent_whatever_its_type(given: Any) -> None:
    """PHP writes an empty object as a list."""
    empty = dict.fromkeys(("categories", "tags", "brands", "images", "image", "attributes", "description"), given)
    assert refusal({"topic": "products", "format": "woocommerce"}, WOOCOMMERCE | empty) is None
    empty = dict.fromkeys(("options", "images", "image", "tags", "category", "body_html"), given)
    assert refusal({"topic": "products", "format": "shopify"}, SHOPIFY | empty) is None
    empty = dict.fromkeys(("custom_attributes", "extension_attributes"), given)
    assert refusal({"topic": "products", "format": "magento"}, MAGENTO | empty) is None


@pytest.mark.parametrize(
    ("name", "hidden", "broken"),
    [
        ("woocommerce", WOOCOMMERCE | {"status": "draft"}, {"images": "x"}),
        ("shopify", SHOPIFY | {"status": "draft"}, {"options": 5}),
    ],
)
def test_a_part_that_cannot_be_read_keeps_no_product_on_show(
    name: str, hidden: dict[str, Any], broken: dict[str, Any]
) -> None:
    assert refusal({"topic": "products", "format": name}, hidden | broken) is None


def test_a_part_that_is_nested_too_deeply_is_named() -> None:
    row = {"id": "a", "title": "Mug", "price": "9.50 EUR", "colours": None, "sizes": "MARK"}
    deep = orjson.dumps(row).replace(b'"MARK"', b"[" * 500 + b"]" * 500)
    sources = Sources([Source(topic="products", format="google-merchant")], "EUR")
    with pytest.raises(InvalidEvent, match=r"^attributes\.sizes: is nested too deeply"):
        sources.decode("products", None, deep, [], Times(ARRIVED_MS, None))
