"""Ranges of prices that a shopper can choose from: about as many items in each, between round numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from schemas.event_numbers import PRICE_DECIMALS_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RANGES_MAX = 5
ROUND_DIGITS = tuple(map(Decimal, ("1", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")))
"""The leading digits of a round number."""


class PriceRange(NamedTuple):
    """Prices from `least` to `most`, both included; None means no bound."""

    least: float | None
    most: float | None

    def has(self, price: float) -> bool:
        """Return whether the price is in the range."""
        return (self.least is None or price >= self.least) and (self.most is None or price <= self.most)


def price_ranges(prices: Mapping[float, int], decimals: int) -> list[PriceRange]:
    """Return ranges, the lowest first, each price in exactly one of them, and none without a price.

    `prices`: each price with how many items have it; `decimals`: those of the currency. A range ends one unit of the
    last decimal below the next one, since the bounds of a filter include what is equal to them.
    """
    ordered = sorted(prices)
    unit = Decimal(1).scaleb(-max([decimals, *map(_decimals, _finer(ordered, decimals))]))
    edges = _edges(ordered, [*accumulate(prices[price] for price in ordered)], unit)
    bounds = zip([None, *edges], [*(edge - unit for edge in edges), None], strict=True)
    ranges = [
        PriceRange(None if least is None else float(least), None if most is None else float(most))
        for least, most in bounds
    ]
    return [each for each in ranges if _has_any(ordered, *each)]


def _has_any(ordered: Sequence[float], least: float | None, most: float | None) -> bool:
    end = len(ordered) if most is None else bisect_right(ordered, most)
    return end > (0 if least is None else bisect_left(ordered, least))


def _edges(ordered: Sequence[float], items: Sequence[int], unit: Decimal) -> list[Decimal]:
    """Return the least prices of all ranges but the first: round numbers near to the quantiles.

    `items`: how many items have one of the prices up to each one.
    """
    total = items[-1] if items else 0
    places = {bisect_right(items, number * total // RANGES_MAX) for number in range(1, RANGES_MAX)} if total else set()
    quantiles = {ordered[place] for place in places}
    edges = {_rounded(Decimal(repr(each))).quantize(unit, ROUND_HALF_UP) for each in quantiles if each > 0}
    return sorted(edge for edge in edges if ordered[0] < float(edge) <= ordered[-1])


def _rounded(price: Decimal) -> Decimal:
    """Return the round number that is nearest to a price > 0."""
    exponent = price.adjusted()
    digits = price.scaleb(-exponent)
    return min(ROUND_DIGITS, key=lambda each: abs(each - digits)).scaleb(exponent)


def _finer(prices: Sequence[float], decimals: int) -> list[float]:
    """Return the prices that may have more than so many decimals. This is a quick sieve: few have, and to count the
    decimals of a price takes 1 us."""
    values = np.array(prices, dtype=np.float64)
    finer: list[float] = values[np.round(values, decimals) != values].tolist()
    return finer


def _decimals(price: float) -> int:
    _, _, fraction = f"{price:.{PRICE_DECIMALS_MAX}f}".rstrip("0").partition(".")
    return len(fraction)
