"""Shopify: the price and the stock of a variant, and the stock at one location in the webhooks `inventory_levels/*`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from workers.sources.messages import amount_in, amount_of, id_of

if TYPE_CHECKING:
    from workers.sources.messages import JsonObject

DISCONNECTED = "inventory_levels/disconnect"
"""The webhook on an item that a location has no stock of any more. It tells no quantity."""


def availability_of(variant: JsonObject) -> str | None:
    """Return whether a variant can be bought; None where the webhook does not tell. Raises InvalidEvent."""
    if "inventory_management" in variant and not variant["inventory_management"]:
        return "in_stock"  # Its stock is not counted.
    if isinstance(variant.get("available"), bool):  # So a shop's own products.json, which has no quantities.
        return "in_stock" if variant["available"] else "out_of_stock"
    counted = variant.get("inventory_quantity")
    quantity = None if counted == "" else amount_in("inventory_quantity", counted)
    if quantity is None:
        return None
    if quantity > 0:
        return "in_stock"
    return "backorder" if variant.get("inventory_policy") == "continue" else "out_of_stock"


def level(kind: str, body: JsonObject, item_id: str, location_id: int | None) -> JsonObject | None:
    """Return the patch of the item whose stock a webhook tells; None for another location than the one that counts.

    Raises InvalidEvent.
    """
    if item_id != "inventory_item" or location_id is None:
        raise InvalidEvent(
            "inventory_levels name an inventory item at one location, not a variant: configure `items: inventory_item` "
            "and the location_id that counts, or leave them out, since products/update tells of stock as well"
        )
    if str(body.get("location_id")) != str(location_id):
        return None
    product_id = id_of(body.get("inventory_item_id"), "inventory_item_id")
    return {"product_id": product_id, "op": "patch", "availability": _availability(kind, body)}


def _availability(kind: str, body: JsonObject) -> str:
    """Return whether the item can be bought. A null level is of an item whose stock is not counted: it can be."""
    if kind == DISCONNECTED:
        return "out_of_stock"
    if "available" not in body:
        raise InvalidEvent("available: is missing: send the level as Shopify writes it")
    amount = amount_in("available", body["available"])
    return "in_stock" if amount is None or amount > 0 else "out_of_stock"


def price_of(variant: JsonObject, currency: str | None) -> JsonObject:
    """Return the price. `compare_at_price` is the price before the sale, and `price` the one that is paid.

    A variant without a price is no offer.
    """
    price, before = variant.get("price"), variant.get("compare_at_price")
    if price is None or price == "":
        return {"op": "delete"}
    paid, compared = amount_of(price), amount_in("compare_at_price", before or None)
    if paid is None or compared is None or compared <= paid:
        return {"price": price, "currency": currency}
    return {"price": before, "sale_price": price, "currency": currency}
