"""The prices of an item that watches compare: the lowest of some sellers, or of all of them, in one currency."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from workers.index.price_lists import lowest_by_seller, price_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.points import Content
    from schemas.queries import Filters

    PriceKey = tuple[str | None, str | None]
    """A seller, or None for the lowest price of all, and a currency; without a currency the price that the item has."""


def moment_ms(point: Content) -> int:
    """Return a moment at which the price of a point is the one that it has, and those of its offers are as then.

    A sale window that has turned since counts once the point is written, and so once: `price_changes_at_ms` is the
    first boundary after the moment for which the price was computed.
    """
    changes_at_ms = point["price_changes_at_ms"]
    return sys.maxsize if changes_at_ms is None else changes_at_ms - 1


def prices_of(point: Content) -> Mapping[PriceKey, float]:
    """Return all prices of a point that a watch may ask for."""
    listed = price_list(point["offers"] or ())
    found: dict[PriceKey, float] = {}
    for currency in {each[1] for each in listed}:
        of_sellers = lowest_by_seller(listed, currency, moment_ms(point))
        found |= {(seller, currency): price for seller, price in of_sellers.items()}
        found[None, currency] = min(of_sellers.values())
    if point["price"] is not None:
        found[None, point["currency"]] = found[None, None] = point["price"]
    return found


class AskedPrice(NamedTuple):
    """The price that a watch compares, which is that of a search with its filters, and the bounds on it."""

    keys: tuple[PriceKey, ...]
    """The lowest of these prices counts."""
    least: float | None
    most: float | None

    def is_one_of(self, prices: Mapping[PriceKey, float]) -> bool:
        """Return whether an item with these prices has the one that is asked for, and within the bounds."""
        keys, least, most = self
        if len(keys) == 1:  # Hundreds of watches an event, most of them with one key.
            price = prices.get(keys[0])
        else:
            price = min((prices[key] for key in keys if key in prices), default=None)
        return price is not None and (least is None or price >= least) and (most is None or price <= most)


def asked_price(filters: Filters) -> AskedPrice | None:
    """Return the price that filters ask for; None if they say nothing about prices."""
    least, most, currency = filters.min_price, filters.max_price, filters.currency
    if currency is not None:
        sellers = filters.seller or (None,)
        return AskedPrice(tuple((seller, currency) for seller in sellers), least, most)
    return None if (least, most) == (None, None) else AskedPrice(((None, None),), least, most)
