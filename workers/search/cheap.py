"""Lets lower prices go first among the best hits of a query that asks for something cheap. No item is left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.index.traits import Traits
    from workers.search.turned_prices import Turned

CHEAP_WEIGHT = 0.5
"""The weight that the cheapest item has beyond the dearest one: an item of two thirds of the score may overtake."""


def cheap_factors(items: Mapping[str, Traits], turned: Turned) -> dict[str, float]:
    """Return the factors of the relevance of each item, at most 1: the greater, the cheaper it is of these.

    Prices are compared by rank and only in the currency that most items have; an item without such a price counts as
    the dearest one. `turned`: prices that go before those of the traits.
    """
    currencies = Counter(item.currency for item in items.values() if item.price is not None)
    main = currencies.most_common(1)[0][0] if currencies else None
    prices = {point: turned.get(point, item.price) for point, item in items.items() if item.currency == main}
    distinct = sorted({price for price in prices.values() if price is not None})
    share = {price: 1 - rank / len(distinct) for rank, price in enumerate(distinct)}
    shares = {point: 0.0 if price is None else share[price] for point, price in prices.items()}
    return {point: (1 + CHEAP_WEIGHT * shares.get(point, 0.0)) / (1 + CHEAP_WEIGHT) for point in items}
