"""WooCommerce: products as its webhooks and its REST API write them (version 3 of the API).

A product, or a variation of one, is an item. An event has the time of its record: WooCommerce does not change
`date_modified` with the stock, and its seconds are too coarse to order two changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from schemas.availability import AVAILABILITIES, availability_in_our_words
from schemas.errors import InvalidEvent
from schemas.event_fields import CATEGORY_LEVELS_MAX
from schemas.texts import is_set
from workers.sources.column_values import availability
from workers.sources.markup import text_of
from workers.sources.messages import Body, Message, amount_of, first_values, id_of, object_of, without_false_sale
from workers.sources.part_types import SCALAR, TEXT, PartType, check_part, check_type
from workers.sources.shop_times import end_of_sale, utc_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.sources.messages import Adapter, JsonObject

PRODUCT_FIELDS = {"name", "price", "regular_price", "stock_status"}
"""Fields of which every product or variation has one, and no order, coupon or customer."""
HIDDEN = ("hidden", "catalog")
"""The values of `catalog_visibility` of products that the shop's own search does not show."""
_TERMS: PartType = [{"name": TEXT}]
PARTS: PartType = {
    **dict.fromkeys(("name", "description", "short_description", "permalink"), TEXT),
    **dict.fromkeys(("sku", "global_unique_id"), SCALAR),
    **dict.fromkeys(("brands", "categories", "tags"), _TERMS),
    "attributes": [{"name": TEXT, "option": SCALAR, "options": [SCALAR]}],
    "images": [{}],
    "image": {},
}
"""The types of the parts that are read as they are."""


def woocommerce(currency: str | None) -> Adapter:
    """Return the adapter of products. `currency`: that of the shop, which a product does not tell."""

    def adapt(message: Message) -> list[Body]:
        body, webhook = object_of(message, "WooCommerce product"), message.headers.get("x-wc-webhook-topic")
        _check(body, webhook)
        name = {"product_id": id_of(body["id"], "id")}
        gone = webhook == "product.deleted" or body.keys() == {"id"}
        if gone or _is_hidden(body):
            return [Body("products", name | {"op": "delete"})]
        check_part(body, PARTS)
        price = {"op": "delete"} if body.get("price") in (None, "") else _price(body, currency)
        return [Body("products", name | _facts(body)), Body("prices", without_false_sale(name | price))]

    return adapt


def _check(body: JsonObject, webhook: str | None) -> None:
    """Raise InvalidEvent for a record that is no product: an order has an id and a status as well."""
    if webhook is not None and not webhook.startswith("product."):
        raise InvalidEvent(f"the webhook {webhook} says nothing about products: deliver product.* alone to this topic")
    if "id" not in body:
        raise InvalidEvent("id: is missing: the record is no WooCommerce product; check the format of the topic")
    if "prices" in body and "price" not in body:
        raise InvalidEvent(
            "prices: the record is of WooCommerce's Store API, which has other fields: send what webhooks and the "
            "REST API (/wc/v3/products) have"
        )
    if webhook != "product.deleted" and body.keys() != {"id"} and not PRODUCT_FIELDS & body.keys():
        raise InvalidEvent("the record is no WooCommerce product: it has neither a name nor a price nor a stock_status")


def _is_hidden(body: JsonObject) -> bool:
    """Return whether the shop does not show a product. Raises InvalidEvent for what is no word: to take a 1 for a
    hidden product would delist one that the shop shows."""
    for name in ("status", "catalog_visibility"):
        if body.get(name) is not None:
            check_type(body[name], TEXT, name)
    status = (body.get("status") or "").strip().lower()
    return status not in ("", "publish") or body.get("catalog_visibility") in HIDDEN


def _facts(body: JsonObject) -> JsonObject:
    brands, images = body.get("brands") or (), body.get("images") or ()
    group = _parent(body) or (id_of(body["id"], "id") if body.get("variations") else None)
    return {
        "title": _title(body),
        "description": text_of(body.get("description")) or text_of(body.get("short_description")),
        "brand": text_of(brands[0].get("name")) if brands else None,
        "category": _names(body.get("categories"))[:CATEGORY_LEVELS_MAX] or None,
        "gtin": body.get("global_unique_id") or None,
        "item_group_id": group,
        "link": body.get("permalink"),
        "image_link": images[0].get("src") if images else (body.get("image") or {}).get("src"),
        "availability": _availability(body),
        "attributes": {"sku": body.get("sku") or None, "tags": first_values(_names(body.get("tags"))) or None}
        | _attributes(body),
    }


def _parent(body: JsonObject) -> str | None:
    """Return the id of the product that this is a variation of. For none, databases and exports may write `"0"` as a
    text."""
    parent = body.get("parent_id")
    return None if not parent or amount_of(parent) == 0 else id_of(parent, "parent_id")


def _availability(body: JsonObject) -> str | None:
    """Return the availability; None for a status of an extension that says none.

    Versions 1 and 2 of the API, and exports, have `in_stock` instead of `stock_status`. Either may be a truth value or
    a 1.
    """
    said = availability(body.get("stock_status"))
    if not said:
        return (
            None if body.get("in_stock") in (None, "") else "in_stock" if is_set(body["in_stock"]) else "out_of_stock"
        )
    check_type(said, TEXT, "stock_status")
    meant = availability_in_our_words(said)
    return meant if meant in AVAILABILITIES else None


def _title(body: JsonObject) -> str | None:
    """Return the name as text, since WordPress stores `Salt &amp; pepper`.

    A list of variations gives as a name only the options, and before WooCommerce 8.3 no name. The title is then made of
    the words in the product's address and the options.
    """
    name = text_of(body.get("name"))
    options = [option for option in _attributes(body).values() if isinstance(option, str)]
    if "name" in body and not (name and _parent(body) and name == ", ".join(options)):
        return name
    slug = urlsplit(body.get("permalink") or "").path.rstrip("/").rpartition("/")[2]
    words = unquote(slug).replace("-", " ")
    return " - ".join((words, *options)) if words else name


def _names(terms: Iterable[JsonObject] | None) -> list[str]:
    """Return the names of categories or tags. A product does not tell which category lies within which other one."""
    return [name for term in terms or () if (name := text_of(term.get("name")))]


def _attributes(body: JsonObject) -> JsonObject:
    """Return the attributes: the options of a product, or the one `option` of a variation."""
    return {text_of(each.get("name")) or "": _options(each) for each in body.get("attributes") or ()}


def _options(attribute: JsonObject) -> str | list[str] | None:
    options = [text_of(str(option)) for option in attribute.get("options") or () if option is not None]
    known = first_values([option for option in options if option])
    return text_of(str(attribute.get("option") or "")) or (known if len(known) > 1 else next(iter(known), None))


def _price(body: JsonObject, currency: str | None) -> JsonObject:
    """Return the price. `price` is the one that is paid now; a sale has its window in `date_on_sale_*_gmt`.

    Exports write `0` or `0.00` for no regular price and for no sale price. Whether the product is free is then seen
    from `price`.
    """
    regular, sale = body.get("regular_price"), body.get("sale_price")
    if not regular or amount_of(regular) == 0:
        return {"price": body["price"], "currency": currency}
    price = {"price": regular, "currency": currency}
    if not (amount_of(body["price"]) == 0 if amount_of(sale) == 0 else sale):
        return price
    starts, ends = (_gmt(body, name) for name in ("date_on_sale_from", "date_on_sale_to"))
    window = {
        "sale_starts_at": utc_time("date_on_sale_from", starts),
        "sale_ends_at": end_of_sale(ends, utc_time("date_on_sale_to", ends)),
    }
    return price | {"sale_price": sale} | {name: time.isoformat() for name, time in window.items() if time}


def _gmt(body: JsonObject, name: str) -> Any:
    """Return a time in UTC. Exports and old versions have only the time in the zone of the shop, which is used then, as
    it is only hours wrong."""
    return body.get(f"{name}_gmt") or body.get(name)
