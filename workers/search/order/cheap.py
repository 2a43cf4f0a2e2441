"""Lets lower prices go first among the best hits of a query that asks for something cheap. No item is left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from schemas.weight_reports import FactorReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.search.prices.turned_prices import Turned

CHEAP_WEIGHT = 0.5
"""The share by which the cheapest item weighs more than the dearest one. With more than two thirds of its score it goes
before the dearest one."""


class PricedItem(Protocol):
    """An item as far as it is compared here: traits, or a price alone."""

    @property
    def price(self) -> float | None:
        """The price as it is stored."""

    @property
    def currency(self) -> str | None:
        """The currency of the price."""


class Cheap:
    """The factor of one search for something cheap. It remembers the share of each item, to explain it."""

    def __init__(self, turned: Turned) -> None:
        """`turned`: prices of items that are taken instead of those in their traits."""
        self._turned = turned
        self._shares: Mapping[str, float] = {}

    def factors(self, items: Mapping[str, PricedItem]) -> dict[str, float]:
        """Return the factor of each item's relevance: 1 for the cheapest of these, and less the dearer an item is.

        Prices are compared by rank and only in the currency that most items have; an item without such a price counts
        as the dearest one.
        """
        self._shares = _shares(items, self._turned)
        return {point: _factor(share) for point, share in self._shares.items()}

    def report(self, point: str) -> FactorReport | None:
        """Return the effect on an item; None for one that is not among those that were compared last."""
        share = self._shares.get(point)
        return None if share is None else FactorReport(share=share, strength=CHEAP_WEIGHT, factor=_factor(share))


def _shares(items: Mapping[str, PricedItem], turned: Turned) -> dict[str, float]:
    currencies = Counter(item.currency for item in items.values() if item.price is not None)
    main = currencies.most_common(1)[0][0] if currencies else None
    prices = {point: turned.get(point, item.price) for point, item in items.items() if item.currency == main}
    distinct = sorted({price for price in prices.values() if price is not None})
    share = {price: 1 - rank / len(distinct) for rank, price in enumerate(distinct)}
    found = ((point, prices.get(point)) for point in items)
    return {point: 0.0 if price is None else share[price] for point, price in found}


def _factor(share: float) -> float:
    return (1 + CHEAP_WEIGHT * share) / (1 + CHEAP_WEIGHT)
