"""The content of an item, and an offer of it, as small as they can be."""

from __future__ import annotations

from typing import Any, cast

from schemas.points import Content


def content(**fields: Any) -> Content:
    """Return the content of a visible cake without offers or reviews, with these fields instead of its own."""
    whole: dict[str, Any] = dict.fromkeys(Content.__annotations__)
    whole |= {
        "product_id": "a", "partition": 0, "status": "visible", "title": {"en": "Cake"}, "description": {},
        "category": [], "attributes": {}, "offers": [], "sellers": [], "currencies": [], "review_count": 0,
        "rating_histogram": [0] * 5, "name_keys": [], "left_out": [],
        "updated_at_ms": {"product": 1, "price": None, "reviews": None},
    }  # fmt: skip
    return cast("Content", whole | fields)


def offer(seller: str, price: float, currency: str = "EUR", **more: Any) -> Any:
    """Return the offer of a seller, which is on no sale, with these fields instead of its own."""
    plain: dict[str, Any] = {"sale_price": None, "sale_starts_at_ms": None, "sale_ends_at_ms": None, "promotion": {}}
    return {"seller": seller, "price": price, "currency": currency, "updated_at_ms": 1, **plain, **more}
