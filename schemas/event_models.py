"""The three kinds of changes as their sources send them. The JSON Schemas of the topics are made from them."""

# ruff: noqa: TC001  (pydantic reads the types when it runs)
from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from schemas.event_fields import (
    Attributes,
    Availability,
    Category,
    Currency,
    Gtin,
    Link,
    Name,
    Price,
    ProductId,
    Promotion,
    RatingHundredths,
    ReviewId,
    SaleBoundary,
    Seller,
    Text,
    TimeMs,
    Unused,
    Version,
)

Op = Literal["upsert", "patch", "delete"]


def _needs(*fields: str) -> dict[str, Any]:
    """Return the JSON Schema that requires these fields in an upsert (also without `op`), and only there."""
    needed = {"required": list(fields), "properties": {name: {"not": {"type": "null"}} for name in fields}}
    return {"if": {"properties": {"op": {"const": "upsert"}}}, "then": needed}


class _Change(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    product_id: ProductId
    op: Op = "upsert"
    """upsert: absent fields are cleared. patch: absent fields stay, null clears. delete."""
    updated_at: TimeMs | None = None
    """The time of the change at its source; if absent, the time of the record."""
    version: Version | None = None
    """A number that the source increases; it outranks every change without one."""


class ProductChange(_Change):
    """A value of the topic `products`. Unknown fields become attributes."""

    model_config = ConfigDict(title="products", json_schema_extra=_needs("title"))

    title: Text | None = None
    description: Text | None = None
    brand: Name | None = None
    category: Category | None = None
    """The levels of the category, root first."""
    attributes: Attributes | None = None
    link: Link | None = None
    image_link: Link | None = None
    gtin: Gtin | None = None
    item_group_id: Name | None = None
    availability: Availability | None = None


class PriceChange(_Change):
    """A value of the topic `prices`: the offer of one seller. Unknown fields are ignored."""

    model_config = ConfigDict(title="prices", json_schema_extra=_needs("price", "currency"))

    seller: Seller | None = None
    """The seller; if absent, the shop itself."""
    price: Price | None = None
    currency: Currency | None = None
    sale_price: Price | None = None
    sale_starts_at: SaleBoundary | None = None
    sale_ends_at: SaleBoundary | None = None
    promotion: Promotion | None = None


class ReviewChange(_Change):
    """A value of the topic `reviews`. Unknown fields are ignored."""

    model_config = ConfigDict(title="reviews", json_schema_extra=_needs("rating"))

    review_id: ReviewId
    rating: RatingHundredths | None = None
    title: Unused = None
    content: Unused = None
    reviewer_id: Unused = None
    verified_purchase: Unused = None


Change = ProductChange | PriceChange | ReviewChange

CHANGES: dict[str, type[ProductChange] | type[PriceChange] | type[ReviewChange]] = {
    "products": ProductChange,
    "prices": PriceChange,
    "reviews": ReviewChange,
}
"""The models by topic."""
