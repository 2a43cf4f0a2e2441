"""The records of the item log, decoded whole as the tests look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.logged_item import LoggedItem

if TYPE_CHECKING:
    from schemas.items import ItemRecord


def decode_item(value: bytes) -> ItemRecord:
    """Return the record of a value of the item log. Raises ForeignRecord."""
    return LoggedItem(value).record
