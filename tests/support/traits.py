"""Traits of items for tests."""

from __future__ import annotations

from typing import Any

from workers.index.traits import Traits

PLAIN = Traits(
    product_id="p",
    item_group_id=None,
    brand=None,
    category=(),
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
    return PLAIN._replace(**fields)
