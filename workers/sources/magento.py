"""Magento and Adobe Commerce: products as the REST API writes them (`/V1/products`).

The product_id is the SKU. An event has the time of its record: `updated_at` is in seconds, and not of the stock.
Numbers may be texts: the REST API writes the former, modules and exports that read the database the latter.
"""

from __future__ import annotations

import re
from datetime import time
from typing import TYPE_CHECKING, Any

from schemas.availability import AVAILABILITIES, availability_in_our_words
from schemas.errors import InvalidEvent
from schemas.texts import is_set
from workers.sources.column_values import availability
from workers.sources.markup import text_of
from workers.sources.messages import Body, Message, id_of, product_of, without_false_sale
from workers.sources.part_types import TEXT, PartType, check_part
from workers.sources.shop_times import end_of_day, utc_time

if TYPE_CHECKING:
    from workers.sources.messages import Adapter, JsonObject

IS_ENABLED = {"1": True, "2": False, "0": False, "true": True, "false": False, "enabled": True, "disabled": False}
"""True for each `status` of a product that is shown: numbers in the REST API, words in exports."""
IS_SEARCHED = {"1": False, "2": False, "3": True, "4": True} | {
    "not visible individually": False,
    "catalog": False,
    "search": True,
    "catalog, search": True,
    "catalog,search": True,
}
"""True for each `visibility` with which the shop's own search shows a product."""
TEXTS = ("description", "short_description")
BRANDS = ("brand", "manufacturer")
OWN_FIELDS = frozenset((*TEXTS, *BRANDS, "url_key", "image", "special_price", "special_from_date", "special_to_date"))
UNSAID = frozenset(
    (
        *("small_image", "thumbnail", "swatch_image", "options_container", "required_options", "has_options"),
        *("tax_class_id", "category_ids", "meta_title", "meta_keyword", "meta_description", "gift_message_available"),
        *("msrp_display_actual_price_type", "custom_design", "page_layout", "custom_layout", "news_from_date"),
        "news_to_date",
    )
)
"""Attributes of every product that say nothing about it."""
PARTS: PartType = {
    "name": TEXT,
    "custom_attributes": [{"attribute_code": TEXT}],
    "extension_attributes": {"stock_item": {}},
}
"""The types of the parts that are read as they are."""
_NOUGHT = re.compile(r"0+(\.0+)?")
_WHOLE = re.compile(r"\.0+$")


def magento(currency: str | None) -> Adapter:
    """Return the adapter of products. `currency`: that of the shop, which a product does not tell."""

    def adapt(message: Message) -> list[Body]:
        body = product_of(message, "Magento product")
        if "sku" not in body:
            raise InvalidEvent("sku: is missing: the record is no Magento product; check the format of the topic")
        if "price_range" in body and "price" not in body:
            raise InvalidEvent(
                "price_range: the record is of Magento's GraphQL API, whose products have other fields: send what the "
                "REST API (/V1/products) has"
            )
        name = {"product_id": id_of(body["sku"], "sku")}
        if _is_hidden(body):
            return [Body("products", name | {"op": "delete"})]
        check_part(body, PARTS)
        custom = _custom_attributes(body)
        # A configurable product has the price 0: its variants have the prices.
        has_none = body.get("price") in (None, "") or _NOUGHT.fullmatch(str(body["price"]))
        price = {"op": "delete"} if has_none else _price(body, custom, currency)
        return [Body("products", name | _facts(body, custom)), Body("prices", without_false_sale(name | price))]

    return adapt


def _is_hidden(body: JsonObject) -> bool:
    return not (_flag(body, "status", IS_ENABLED) and _flag(body, "visibility", IS_SEARCHED))


def _flag(body: JsonObject, name: str, meanings: dict[str, bool]) -> bool:
    """Return the flag in a field; True where it is not told. Raises InvalidEvent for a value that is none of Magento's:
    to take it for a hidden product would delist a product that the shop shows."""
    given = body.get(name)
    if given is None or given == "":
        return True
    meaning = meanings.get(_WHOLE.sub("", str(given)).strip().lower())
    if meaning is None:
        raise InvalidEvent(f"{name}: {str(given)[:40]!r} is none of Magento's values: {', '.join(meanings)}")
    return meaning


def _custom_attributes(body: JsonObject) -> dict[str, Any]:
    """Return the values of the custom attributes by their codes. Raises InvalidEvent for one without a code, and for a
    text of another type."""
    custom: dict[str, Any] = {}
    for number, each in enumerate(body.get("custom_attributes") or ()):
        if not each.get("attribute_code"):
            raise InvalidEvent(f"custom_attributes.{number}.attribute_code: is missing: it names the attribute")
        custom[each["attribute_code"]] = each.get("value")
    check_part(custom, dict.fromkeys(TEXTS, TEXT), "custom_attributes")
    return custom


def _facts(body: JsonObject, custom: dict[str, Any]) -> JsonObject:
    brand = custom.get("brand") or custom.get("manufacturer")
    return {
        "title": body.get("name"),
        "description": next((text for name in TEXTS if (text := text_of(custom.get(name)))), None),
        # The number of an option is no name; it stays an attribute.
        "brand": None if str(brand).isdecimal() else brand,
        "availability": _availability((body.get("extension_attributes") or {}).get("stock_item")),
        "attributes": {
            name: text_of(value) if isinstance(value, str) else value
            for name, value in custom.items()
            if name not in UNSAID and (name not in OWN_FIELDS or (name in BRANDS and str(value).isdecimal()))
        },
    }


def _availability(stock: JsonObject | None) -> str | None:
    """Return whether the product can be bought; None where the record does not tell."""
    if not stock:
        return None
    if not (stock.get("manage_stock") is None or is_set(stock["manage_stock"])):
        return "in_stock"  # Its stock is not counted.
    said = stock.get("is_in_stock")
    if said is None or said == "":
        return None
    meant = "in_stock" if is_set(said) else availability_in_our_words(availability(said))
    if meant not in AVAILABILITIES:
        raise InvalidEvent(f"is_in_stock: {str(said)[:40]!r} is neither true nor false: send it as Magento writes it")
    return str(meant)


def _price(body: JsonObject, custom: dict[str, Any], currency: str | None) -> JsonObject:
    price = {"price": body["price"], "currency": currency}
    special = custom.get("special_price")
    if not special or _NOUGHT.fullmatch(str(special)):  # Exports write 0.0000 for none.
        return price
    starts, ends = (utc_time(name, custom.get(name)) for name in ("special_from_date", "special_to_date"))
    if ends is not None and ends.time() == time.min:
        ends = end_of_day(ends)  # A day at midnight is the last one of the sale, and counts whole.
    window = {"sale_starts_at": starts, "sale_ends_at": ends}
    return price | {"sale_price": special} | {name: at.isoformat() for name, at in window.items() if at}
