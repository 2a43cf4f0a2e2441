"""Records of other systems, and the same with parts replaced, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

DECIMAL = {"name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": "2"}, "field": "price"}
ROW_SCHEMA = {"type": "struct", "field": "after", "fields": [{"type": "string", "field": "product_id"}, DECIMAL]}
ENVELOPE = {
    "before": None,
    "after": {"product_id": "a", "price": "CSk=", "currency": "EUR", "seller": "x"},
    "source": {"lsn": 900, "ts_ms": 1_794_000_000_500, "table": "prices"},
    "op": "u",
}
WITH_SCHEMA = {"schema": {"type": "struct", "fields": [ROW_SCHEMA]}, "payload": ENVELOPE}
ATTRIBUTES = {"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "datacontenttype": "application/json"}
MAGENTO = {
    "sku": "a",
    "name": "Mug",
    "price": 9.5,
    "status": 1,
    "custom_attributes": [
        {"attribute_code": "description", "value": "<p>x</p>"},
        {"attribute_code": "special_price", "value": "5"},
        {"attribute_code": "special_to_date", "value": "2026-12-24 00:00:00"},
    ],
    "extension_attributes": {"stock_item": {"is_in_stock": True, "qty": 3}},
}
SHOPIFY = {
    "id": 7,
    "title": "Mug",
    "body_html": "<p>Blue</p>",
    "status": "active",
    "handle": "mug",
    "vendor": "Kiln",
    "product_type": "",
    "category": {"full_name": "Home > Mugs"},
    "tags": ["a", "b"],
    "image": {"id": 3, "src": "https://x/y.png"},
    "updated_at": "2026-11-10T08:00:00Z",
    "options": [{"name": "Size"}],
    "images": [{"id": 3, "src": "https://x/y.png"}],
    "variants": [
        {"id": 8, "title": "S", "option1": "S", "price": "9.50", "compare_at_price": "12.00", "image_id": 3}
        | {"inventory_quantity": 3, "sku": "m"}
    ],
}
WOOCOMMERCE = {
    "id": 9,
    "name": "Mug",
    "sku": "m",
    "regular_price": "12",
    "sale_price": "9",
    "price": "9",
    "status": "publish",
    "stock_status": "instock",
    "catalog_visibility": "visible",
    "description": "<p>x</p>",
    "short_description": "<p>x</p>",
    "permalink": "https://x/mug/",
    "parent_id": 8,
    "brands": [{"name": "Kiln"}],
    "tags": [{"name": "gift"}],
    "image": {"src": "https://x/y.png"},
    "categories": [{"id": 1, "name": "Mugs"}],
    "images": [{"src": "https://x/y.png"}],
    "attributes": [{"name": "Colour", "options": ["blue"]}, {"name": "Size", "option": "L"}],
    "date_on_sale_from_gmt": "2026-11-10T08:00:00",
    "date_on_sale_to_gmt": "2026-11-20T08:00:00",
    "date_modified_gmt": "2026-11-10T08:00:00",
}
GOOGLE = {"id": "a", "title": "Mug", "price": "9.50 EUR", "sale_price": "8 EUR", "availability": "in stock"} | {
    "sale_price_effective_date": "2026-11-10T08:00Z/2026-11-11T08:00Z",
    "product_type": "Home > Mugs",
    "description": "x",
}
Sample = tuple[dict[str, Any], Any]
"""A source, and the body of a record."""
SAMPLES: list[Sample] = [
    ({"topic": "prices", "format": "debezium"}, ENVELOPE),
    ({"topic": "prices", "format": "debezium"}, WITH_SCHEMA),
    ({"topic": "prices", "format": "debezium", "envelope": "cloudevents"}, ATTRIBUTES | {"data": WITH_SCHEMA}),
    ({"topic": "prices", "format": "debezium-unwrapped"}, ENVELOPE["after"] | {"__deleted": "false", "__lsn": 900}),  # type: ignore[operator]
    ({"topic": "products", "envelope": "cloudevents"}, ATTRIBUTES | {"data_base64": "e30=", "time": "x"}),
    ({"topic": "products", "format": "shopify"}, SHOPIFY),
    ({"topic": "products", "format": "shopify", "items": "product"}, SHOPIFY),
    ({"topic": "products", "format": "woocommerce"}, WOOCOMMERCE),
    ({"topic": "products", "format": "magento"}, MAGENTO),
    ({"topic": "products", "format": "google-merchant"}, GOOGLE),
]
WILD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**63, 2**64 - 1, 1.5e300, "", "x", "é", "\0", [], [5], [[]], {}, {"x": 5}]
)

PARTS: list[Any] = [5, 1.5, True, "x", None, [], [None], ["x"], {}, {"x": 5}]


def paths(value: Any) -> list[tuple[Any, ...]]:
    """Return the way to each part of a value."""
    if not isinstance(value, (dict, list)):
        return []
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return [way for name, part in parts for way in [(name,), *((name, *rest) for rest in paths(part))]]


def with_part(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """Return the value with another part at the end of the path."""
    if not path:
        return part
    copy = value.copy()
    copy[path[0]] = with_part(value[path[0]], path[1:], part)
    return copy


@st.composite
def broken(draw: st.DrawFn, samples: Sequence[Sample] = SAMPLES) -> Sample:
    """A sample with up to three wild parts."""
    source, body = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 3))):
        if ways := paths(body):
            body = with_part(body, draw(st.sampled_from(ways)), draw(WILD))
    return source, body
