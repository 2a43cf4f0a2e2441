"""Women's clothing reviews as product and review events.

The source has no product names: a product is titled from its division, department and class, such as
"General Dresses: Knits, style 1078". It has no prices either, and none are made up.

    product_id                     "C" + product_id, apart from other sources' numbers
    division, department, class    category and title
    review_id, rating, title       the same, the review_id as a string
    text                           content
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent


def products(rows: Iterable[dict[str, Any]]) -> Iterator[DemoEvent]:
    """Yield a product for each product_id, in the order of their first reviews, without `updated_at`."""
    first: dict[int, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["product_id"], row)
    for row in first.values():
        product_id = f"C{row['product_id']}"
        yield "products", product_id, product(product_id, row)


def reviews(rows: Iterable[dict[str, Any]]) -> Iterator[DemoEvent]:
    """Yield a review for each row, without `updated_at`."""
    for row in rows:
        product_id = f"C{row['product_id']}"
        event = {
            "product_id": product_id,
            "review_id": str(row["review_id"]),
            "rating": row["rating"],
            "title": row["title"],
            "content": row["text"],
        }
        yield "reviews", product_id, {name: value for name, value in event.items() if value is not None}


def product(product_id: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the product event that a review's row describes."""
    levels = [row[level] for level in ("division", "department", "class") if row[level]]
    named = f"{' '.join(levels[:2])}: {levels[2]}" if len(levels) == 3 else " ".join(levels) or "Clothing"
    return {
        "product_id": product_id,
        "title": f"{named}, style {row['product_id']}",
        "category": ["Women's clothing", *dict.fromkeys(levels)],
    }
