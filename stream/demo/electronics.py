"""Open Icecat's electronics, as Chorus published them, as product and price events.

product_id                     "E" + product_id, apart from other sources' numbers
title, brand                   the same
short_description              description
ean, the first                 gtin
attributes                     attributes, without their type prefix (t_, n_, b_) and without flags that are false
price_cents                    price in USD (the source shows $ and names no currency)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent


def events(rows: Iterable[dict[str, Any]]) -> Iterator[DemoEvent]:
    """Yield a product and its price for each row, without `updated_at`."""
    for row in rows:
        product_id = f"E{row['product_id']}"
        yield "products", product_id, product(product_id, row)
        price = {"product_id": product_id, "price": f"{row['price_cents'] / 100:.2f}", "currency": "USD"}
        yield "prices", product_id, price


def product(product_id: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the product event of a row."""
    attributes = {name.partition("_")[2]: value for name, value in row["attributes"].items() if value is not False}
    event = {
        "product_id": product_id,
        "title": row["title"],
        "brand": row["brand"],
        "category": ["Electronics", str(attributes.get("product_type") or attributes.get("type") or "Other")],
        "description": row["short_description"],
        "gtin": next(iter(row["ean"]), None),
        "attributes": attributes,
        "availability": "in_stock",
    }
    return {name: value for name, value in event.items() if value is not None}
