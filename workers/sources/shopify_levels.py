"""The levels of Shopify's webhooks `inventory_levels/*`: the stock of an inventory item at one location."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from workers.sources.messages import amount_of, id_of

if TYPE_CHECKING:
    from workers.sources.messages import JsonObject


def level(body: JsonObject, item_id: str, location_id: int | None) -> JsonObject | None:
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
    return {"product_id": product_id, "op": "patch", "availability": _availability(body.get("available"))}


def _availability(quantity: object) -> str:
    """Return whether the item can be bought. A null level is of an item whose stock is not counted: it can be."""
    amount = amount_of(quantity)
    if quantity is not None and amount is None:
        raise InvalidEvent(f"available: {str(quantity)[:30]!r} is no number: send the level as Shopify writes it")
    return "in_stock" if amount is None or amount > 0 else "out_of_stock"
