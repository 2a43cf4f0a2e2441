"""Shopify: the bodies of webhooks on products and inventory, with their headers as headers of the record.

The fields are those of Shopify's documentation of webhooks and of the product resource of its Admin API. A variant is
an item, and the product the group of its items, unless items are configured to be whole products.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from schemas.errors import InvalidEvent
from schemas.event_fields import CATEGORY_LEVELS_MAX
from schemas.texts import name_of
from workers.sources.column_values import levels_of_path
from workers.sources.markup import text_of
from workers.sources.messages import (
    Body,
    Message,
    amount_of,
    first_values,
    id_of,
    product_of,
    without_false_sale,
)
from workers.sources.part_types import SCALAR, TEXT, PartType, check_part, check_type
from workers.sources.shopify_offers import availability_of, level, price_of

if TYPE_CHECKING:
    from workers.sources.messages import Adapter, JsonObject

ItemId = Literal["variant", "sku", "inventory_item", "product"]
"""The product_id of an item is the id of the variant, its SKU, the id of its inventory item, or of the product."""
ONLY_VARIANT = "Default Title"
"""The title of the variant of a product that has no options."""
_GRAPHQL_ID = "gid://shopify/"
"""The beginning of the ids of Shopify's GraphQL API, also in the files of its bulk operations."""
_GRAPHQL = (
    "the record is of Shopify's GraphQL API, whose products have other fields: send what webhooks and the REST API "
    "(products.json) have"
)
_IDS = {"variant": "id", "sku": "sku", "inventory_item": "inventory_item_id"}
PARTS: PartType = {
    **dict.fromkeys(("title", "body_html", "handle", "product_type"), TEXT),
    "vendor": SCALAR,
    "category": {"full_name": TEXT},
    "options": [{"name": TEXT}],
    "images": [{}],
    "image": {},
    "variants": [dict.fromkeys(("title", "option1", "option2", "option3", "sku", "barcode"), SCALAR)],
}
"""The types of the parts that are read as they are."""


def shopify(item_id: ItemId, currency: str | None, location_id: int | None) -> Adapter:
    """Return the adapter of webhooks.

    `currency`: that of the shop, which a webhook does not tell. `location_id`: the only location whose stock counts in
    the webhooks on inventory levels.
    """

    def adapt(message: Message) -> list[Body]:
        body = product_of(message, "Shopify webhook")
        if is_of_graphql(body):
            raise InvalidEvent(_GRAPHQL)
        kind = message.headers.get("x-shopify-topic") or _kind(body)
        if kind == "products/delete":
            return _deleted(body, item_id, _when(message, body))
        if kind in ("products/create", "products/update"):
            return _product(message, body, item_id, currency)
        if kind.startswith("inventory_levels/"):
            patch = level(kind, body, item_id, location_id)
            return [] if patch is None else [Body("products", patch | _when(message, body))]
        raise InvalidEvent(
            f"the webhook {kind} says nothing about items: subscribe to products/* and inventory_levels/*"
        )

    return adapt


def is_of_graphql(body: JsonObject) -> bool:
    """Return whether a record is of Shopify's GraphQL API."""
    return isinstance(body.get("id"), str) and body["id"].startswith(_GRAPHQL_ID)


def _kind(body: JsonObject) -> str:
    """Return which webhook a body without headers is of."""
    if "variants" in body and "title" in body:
        return "products/update"
    if "inventory_item_id" in body and "available" in body:
        return "inventory_levels/update"
    if body.keys() == {"id"}:
        return "products/delete"
    raise InvalidEvent("the record is no Shopify webhook on products or inventory: check the format of the topic")


def _when(message: Message, body: JsonObject) -> JsonObject:
    """Return the time of the change, which is the same in each delivery of a webhook: a second one changes nothing."""
    time = message.headers.get("x-shopify-triggered-at") or body.get("updated_at")
    return {"updated_at": time} if time else {}


def _deleted(body: JsonObject, item_id: ItemId, when: JsonObject) -> list[Body]:
    if item_id != "product":
        raise InvalidEvent(
            f"products/delete names the product {body.get('id')} and not its variants, which are the items: compare "
            "the catalogue with `freshline sync products`, archive products before you delete them, or configure "
            "`items: product`"
        )
    return [Body("products", {"product_id": id_of(body.get("id"), "id"), "op": "delete"} | when)]


def _product(message: Message, body: JsonObject, item_id: ItemId, currency: str | None) -> list[Body]:
    when = _when(message, body)
    is_shown = _is_shown(body)
    if item_id == "product" and not is_shown:
        return [Body("products", {"product_id": id_of(body.get("id"), "id"), "op": "delete"} | when)]
    if not body.get("variants"):
        raise InvalidEvent(f"variants: the product {body.get('id')} has none, and they are the items: send it whole")
    check_part(body["variants"], [{}], "variants")
    if not is_shown:
        names = dict.fromkeys(_ids(body, item_id))  # Two variants may share a SKU: it is gone with both.
        return [Body("products", {"product_id": name, "op": "delete"} | when) for name in names]
    check_part(body, PARTS)
    bodies: list[Body] = []
    for name, variant in _items(body, item_id):
        facts = _facts(message, body, variant)
        if item_id == "product":
            facts |= {"title": body.get("title"), "attributes": facts["attributes"] | _of_all_variants(body)}
        bodies.append(Body("products", name | facts | when))
        bodies.append(Body("prices", without_false_sale(name | price_of(variant, currency) | when)))
    return bodies


def _is_shown(body: JsonObject) -> bool:
    """Return whether a product is active, or its status is not told. Raises InvalidEvent for a status that is no
    word: to take it for a hidden product would delist one that the shop shows."""
    status = "" if body.get("status") is None else body["status"]
    check_type(status, TEXT, "status")
    return status.strip().lower() in ("", "active")


def _items(body: JsonObject, item_id: ItemId) -> list[tuple[JsonObject, JsonObject]]:
    """Return the items of a product that is shown: the field that names each, and its variant.

    Raises InvalidEvent if two have one name, since one would be shown with the price of the other. Names that differ
    by outer blanks or composition are one, as they are in events.
    """
    if item_id == "product":
        return [({"product_id": id_of(body.get("id"), "id")}, _cheapest(body["variants"]))]
    ids = _ids(body, item_id)
    for twice, count in Counter(map(name_of, ids)).items():
        if count > 1:
            raise InvalidEvent(
                f"{_IDS[item_id]}: {twice!r} names {count} variants of the product {body.get('id')}: give each one of "
                "its own, or configure `items: variant`"
            )
    return [({"product_id": product_id}, variant) for product_id, variant in zip(ids, body["variants"], strict=True)]


def _ids(body: JsonObject, item_id: ItemId) -> list[str]:
    return [_id(variant, _IDS[item_id]) for variant in body["variants"]]


def _id(variant: JsonObject, field: str) -> str:
    if not variant.get(field):
        raise InvalidEvent(f"{field}: the variant {variant.get('id')} has none, and it is configured to name the items")
    return id_of(variant[field], field)


def _cheapest(variants: list[JsonObject]) -> JsonObject:
    """Return the variant that a shop shows for a whole product: one with a price that can be bought, the cheapest."""

    def rank(variant: JsonObject) -> tuple[bool, bool, Any]:
        amount = amount_of(variant.get("price")) or 0  # A price that cannot be read is refused, not passed over.
        return variant.get("price") in (None, ""), availability_of(variant) == "out_of_stock", amount

    return min(variants, key=rank)


def _facts(message: Message, body: JsonObject, variant: JsonObject) -> JsonObject:
    return {
        "title": _title(body, variant),
        "description": text_of(body.get("body_html")),
        "brand": body.get("vendor"),
        "category": _category(body),
        "gtin": variant.get("barcode"),
        "item_group_id": id_of(body.get("id"), "id"),
        "link": _link(message, body, variant),
        "image_link": _image(body, variant),
        "availability": availability_of(variant),
        "attributes": {"sku": variant.get("sku") or None, "tags": _tags(body.get("tags"))} | _options(body, variant),
    }


def _title(body: JsonObject, variant: JsonObject) -> str | None:
    """Return the title of the product with that of the variant, or with its options where that is empty."""
    title: str | None = body.get("title")
    options = (variant.get(f"option{number}") for number in (1, 2, 3))
    own = variant.get("title") or " / ".join(str(option) for option in options if option)
    return title if not title or own in ("", ONLY_VARIANT) else f"{title} - {own}"


def _category(body: JsonObject) -> list[str] | None:
    """Return the type that the shop wrote, else the levels of the category of Shopify's taxonomy."""
    if body.get("product_type"):
        return [body["product_type"]]
    path = (body.get("category") or {}).get("full_name")
    return levels_of_path(path)[:CATEGORY_LEVELS_MAX] if path else None


def _of_all_variants(body: JsonObject) -> JsonObject:
    """Return the attributes by which a product is found that is one item, whichever of its variants is looked for."""
    named = enumerate(body.get("options") or (), 1)
    options = {name: f"option{number}" for number, option in named if (name := option.get("name"))}
    fields = {"sku": "sku", "barcode": "barcode"} | options
    values = {name: [variant.get(field) for variant in body["variants"]] for name, field in fields.items()}
    known = {name: list(dict.fromkeys(filter(None, found))) for name, found in values.items()}
    return {name: first_values(found) for name, found in known.items() if len(found) > 1}


def _tags(tags: Any) -> Any:
    """Return the tags, which webhooks have in one text, as a list, so that each is filtered by."""
    given = tags.split(",") if isinstance(tags, str) else tags or ()
    check_part(given, [SCALAR], "tags")
    return first_values([tag for each in given if each is not None and (tag := str(each).strip())]) or None


def _options(body: JsonObject, variant: JsonObject) -> dict[str, Any]:
    named = enumerate(body.get("options") or (), 1)
    options = {name: variant.get(f"option{number}") for number, option in named if (name := option.get("name"))}
    return {name: value for name, value in options.items() if value != ONLY_VARIANT}


def _link(message: Message, body: JsonObject, variant: JsonObject) -> str | None:
    domain, handle = message.headers.get("x-shopify-shop-domain"), body.get("handle")
    link = f"https://{domain}/products/{handle}" if domain and handle else None
    return f"{link}?variant={variant['id']}" if link and variant.get("id") else link


def _image(body: JsonObject, variant: JsonObject) -> str | None:
    images = body.get("images") or ([body["image"]] if body.get("image") else [])
    own = [image for image in images if image.get("id") == variant.get("image_id")]
    return (own or images)[0].get("src") if images else None
