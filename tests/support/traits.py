"""Traits of items for tests."""

from __future__ import annotations

from typing import Any

from workers.index.traits import Traits
from workers.state.projection import name_keys

PLAIN = Traits(
    product_id="p",
    item_group_id=None,
    brand=None,
    category=(),
    name_keys=(),
    sellers=(),
    availability=None,
    price=None,
    currency="EUR",
    rating=None,
    review_count=0,
    changed_at_ms=None,
    attributes={},
    offers_with_sales=(),
)


def traits(**fields: Any) -> Traits:
    """Return the traits of an item that has these."""
    item = PLAIN._replace(**fields)
    keys = name_keys(item.brand, item.category, item.attributes)
    return item._replace(name_keys=fields.get("name_keys", tuple(keys)))
