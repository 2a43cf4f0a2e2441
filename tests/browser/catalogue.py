"""A small catalogue for the tests of the pages."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.running_stack import RunningStack

ITEMS = 12
_prices = itertools.count(1_000)


def send_catalogue(stack: RunningStack) -> None:
    """Send products, prices that are new each time, and reviews; return once all is searchable.

    The products come first: a price of an item that search does not show yet counts in no figure of freshness.
    """
    ids = [f"lamp-{number}" for number in range(ITEMS)]
    for number, product_id in enumerate(ids):
        stack.send_soon("products", product_id, title=f"Brass desk lamp {number}", brand="Acme", category=["Lamps"])
    stack.producer.flush()
    stack.until_quiet()
    for product_id in ids:
        stack.send_soon("prices", product_id, price=f"{next(_prices) / 100:.2f}", currency="EUR")
        stack.send_soon("reviews", product_id, review_id="r1", rating=4)
    stack.producer.flush()
    stack.until_quiet()
