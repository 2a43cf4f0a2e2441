"""Google Merchant: the rows of a product feed, by the attributes of Google's product data specification.

A row is a product and its price; one without a price is no offer. Attributes of shipping, tax and advertising say
nothing about the item.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from schemas.event_fields import CATEGORY_LEVELS_MAX
from workers.sources.column_values import availability, levels_of_path
from workers.sources.feed_prices import money
from workers.sources.markup import text_of
from workers.sources.messages import (
    Body,
    Message,
    amount_of,
    check_spreadsheet_id,
    id_of,
    object_of,
    without_false_sale,
)
from workers.sources.part_types import SCALAR, check_part
from workers.sources.shop_times import end_of_sale, utc_time

if TYPE_CHECKING:
    from workers.sources.messages import Adapter, JsonObject

WINDOW = "sale_price_effective_date"
PRICE_FIELDS = frozenset(("price", "sale_price", WINDOW))
PRODUCT_FIELDS = frozenset(
    ("id", "title", "description", "brand", "link", "image_link", "gtin", "item_group_id", "availability")
)
TEXTS = ("title", "description", "brand")
_NUMBER = re.compile(r"\d+(?:\.0+)?")
"""A whole number, also as tables write it whose column has empty cells."""
_OF_API = frozenset(("kind", "channel", "contentLanguage", "feedLabel", "targetCountry", "productAttributes"))
"""Fields of which each product of those APIs has one beside its offerId."""
UNSAID = frozenset(
    (
        *("shipping", "shipping_weight", "shipping_length", "shipping_width", "shipping_height", "shipping_label"),
        *("tax", "tax_category", "ads_redirect", "additional_image_link", "mobile_link", "excluded_destination"),
        *("included_destination", "expiration_date", "availability_date", "identifier_exists", "product_type"),
        *("google_product_category", "cost_of_goods_sold", "promotion_id", "pause", "installment", "canonical_link"),
    )
)


def google_merchant() -> Adapter:
    """Return the adapter of the rows of a feed."""

    def adapt(message: Message) -> list[Body]:
        given = object_of(message, "row of a Google Merchant feed")
        if is_of_content_api(given):
            raise InvalidEvent(
                "the record is of Google's Content API or Merchant API, whose prices are objects and whose fields have "
                'other names: send the rows of the feed, with an id and prices like "15.00 USD"'
            )
        row = {_name(name): value for name, value in given.items() if not _is_empty(value)}
        if "id" not in row:
            raise InvalidEvent("id: is missing: the row is of no Google Merchant feed; check the format")
        name = {"product_id": id_of(row["id"], "id")}
        for field in ("item_group_id", "gtin"):
            check_spreadsheet_id(row.get(field), field)
        price = _price(row) if "price" in row else {"op": "delete"}
        return [Body("products", name | _facts(row)), Body("prices", without_false_sale(name | price))]

    return adapt


def is_of_content_api(body: JsonObject) -> bool:
    """Return whether a record is a product of Google's Content API, or of the Merchant API that came after it."""
    return "offerId" in body and not _OF_API.isdisjoint(body)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _name(name: str) -> str:
    """Return "item_group_id" of "g:item_group_id" or "item group id": feeds have all three."""
    return name.strip().lower().removeprefix("g:").replace(" ", "_")


def _facts(row: JsonObject) -> JsonObject:
    facts: dict[str, Any] = {name: row.get(name) for name in PRODUCT_FIELDS if name != "id"}
    # Feeds that are written by two programs are escaped twice, and have `AT&amp;T`.
    return (
        facts
        | {name: text_of(row[name]) for name in TEXTS if isinstance(row.get(name), str)}
        | {
            "availability": availability(row.get("availability")),
            "category": _category(row, "product_type") or _category(row, "google_product_category"),
            "attributes": {
                name: value
                for name, value in row.items()
                if name not in PRODUCT_FIELDS and name not in PRICE_FIELDS and name.partition("(")[0] not in UNSAID
            },
        }
    )


def _price(row: JsonObject) -> JsonObject:
    amount, currency = money("price", row["price"])
    price = {"price": amount, "currency": currency}
    if "sale_price" not in row:
        return price
    sale, sale_currency = money("sale_price", row["sale_price"])
    if amount_of(sale) == 0:  # Feeds write 0.00 for none, and Google takes no such price.
        return price
    if sale_currency != currency:
        raise InvalidEvent(f"sale_price: is in {sale_currency} and the price in {currency}: correct the feed")
    return price | {"sale_price": sale} | _window(row.get(WINDOW))


def _category(row: JsonObject, field: str) -> list[str] | None:
    """Return the levels of a category, of several the first; None for the number of one in Google's taxonomy."""
    path = row.get(field)
    first = path[0] if isinstance(path, list) and path else path
    check_part(first, SCALAR, field)
    text = text_of(str(first or ""))
    return levels_of_path(text)[:CATEGORY_LEVELS_MAX] if text and not _NUMBER.fullmatch(text) else None


def _window(text: Any) -> JsonObject:
    """Return the window of "2026-02-24T11:07+0100/2026-02-29T23:07+0100". A time without an offset is in UTC."""
    if not text:
        return {}
    parts = [part.strip() for part in str(text).split("/")]
    if len(parts) != 2 or not all(parts):
        raise InvalidEvent(f"{WINDOW}: {str(text)[:60]!r} has no start and end: send start/end")
    starts, ends = (utc_time(WINDOW, part) for part in parts)
    window = {"sale_starts_at": starts, "sale_ends_at": end_of_sale(parts[1], ends)}
    return {name: time.isoformat() for name, time in window.items() if time}
