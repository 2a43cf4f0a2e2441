"""Events in our own form, inside an envelope or an encoding that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from workers.sources.messages import Body, Message, id_in_key, id_of, key_columns, object_of

if TYPE_CHECKING:
    from workers.sources.messages import Adapter


def own() -> Adapter:
    """Return the adapter that leaves the fields as they are."""
    return _own


def _own(message: Message) -> list[Body]:
    if message.body is not None:
        return [Body(message.topic, object_of(message, "event"))]
    if message.topic != "products" or not message.key:
        raise InvalidEvent(f"the record is null: to withdraw from {message.topic} send op delete")
    columns = key_columns(message.key) or {}
    is_named = "product_id" in columns
    product_id = id_of(columns["product_id"], "product_id") if is_named else id_in_key(message.key)
    return [Body("products", {"product_id": product_id, "op": "delete"})]
