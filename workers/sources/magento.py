"""Magento and Adobe Commerce: products as the REST API writes them (`/V1/products`).

The product_id is the SKU. An event has the time of its record: `updated_at` is in seconds, and not of the stock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from workers.sources.markup import text_of
from workers.sources.messages import Body, Message, object_of, without_false_sale

if TYPE_CHECKING:
    from workers.sources.messages import Adapter, JsonObject

ENABLED = 1
SEARCHED = (3, 4)
"""The values of `visibility` with which the shop's own search shows a product: search alone, catalogue and search."""
TEXTS = ("description", "short_description")
OWN_FIELDS = frozenset(
    (*TEXTS, "manufacturer", "brand", "url_key", "image", "special_price", "special_from_date", "special_to_date")
)
UNSAID = frozenset(
    (
        *("small_image", "thumbnail", "swatch_image", "options_container", "required_options", "has_options"),
        *("tax_class_id", "category_ids", "meta_title", "meta_keyword", "meta_description", "gift_message_available"),
        *("msrp_display_actual_price_type", "custom_design", "page_layout", "custom_layout", "news_from_date"),
        "news_to_date",
    )
)
"""Attributes of every product that say nothing about it."""


def magento(currency: str | None) -> Adapter:
    """Return the adapter of products. `currency`: that of the shop, which a product does not tell."""

    def adapt(message: Message) -> list[Body]:
        body = object_of(message, "Magento product")
        if "sku" not in body:
            raise InvalidEvent("sku: is missing: the record is no Magento product; check the format of the topic")
        name = {"product_id": str(body["sku"])}
        if body.get("status", ENABLED) != ENABLED or body.get("visibility", SEARCHED[-1]) not in SEARCHED:
            return [Body("products", name | {"op": "delete"})]
        custom = {each["attribute_code"]: each.get("value") for each in body.get("custom_attributes") or ()}
        # A configurable product has the price 0: its variants have the prices.
        price = _price(body, custom, currency) if body.get("price") else {"op": "delete"}
        return [Body("products", name | _facts(body, custom)), Body("prices", without_false_sale(name | price))]

    return adapt


def _facts(body: JsonObject, custom: dict[str, Any]) -> JsonObject:
    stock = (body.get("extension_attributes") or {}).get("stock_item")
    return {
        "title": body.get("name"),
        "description": next((text for name in TEXTS if (text := text_of(custom.get(name)))), None),
        "brand": custom.get("brand") or custom.get("manufacturer"),
        "availability": None if stock is None else "in_stock" if stock.get("is_in_stock") else "out_of_stock",
        "attributes": {
            name: text_of(value) if isinstance(value, str) else value
            for name, value in custom.items()
            if name not in OWN_FIELDS and name not in UNSAID
        },
    }


def _price(body: JsonObject, custom: dict[str, Any], currency: str | None) -> JsonObject:
    price = {"price": body["price"], "currency": currency}
    if not custom.get("special_price"):
        return price
    window = {"sale_starts_at": custom.get("special_from_date"), "sale_ends_at": custom.get("special_to_date")}
    return price | {"sale_price": custom["special_price"]} | {name: _utc(time) for name, time in window.items() if time}


def _utc(time: str) -> str:
    """Return "2026-11-29 00:00:00", which has no offset, as a time in UTC."""
    return time.replace(" ", "T") + "Z"
