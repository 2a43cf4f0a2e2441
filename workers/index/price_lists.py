"""Price lists: what a search compares of the offers of an item, small enough to be remembered for every item."""

from __future__ import annotations

from operator import itemgetter
from sys import intern
from typing import TYPE_CHECKING, Any

from workers.state.prices import on_sale

if TYPE_CHECKING:
    from collections.abc import Collection

    ListedPrice = tuple[str, str, float, float | None, int | None, int | None]
    """Seller, currency, price, sale price, and the start and the end of the sale in milliseconds."""
    PriceList = tuple[ListedPrice, ...]
    """The prices of all offers of an item. Python's collector stops looking at plain tuples of numbers and texts."""

_VALUES = itemgetter("seller", "currency", "price", "sale_price", "sale_starts_at_ms", "sale_ends_at_ms")


def price_list(offers: Any) -> PriceList:
    """Return the prices of the offers of a payload; none if one of them cannot be read, as no answer can show it."""
    try:
        return tuple(map(_listed, offers))
    except (LookupError, TypeError):
        return ()


def lowest_listed(
    prices: PriceList, sellers: Collection[str] | None, currency: str | None, now_ms: int
) -> float | None:
    """Return the lowest price now of these sellers, all of them for None, in a currency; None if there is none."""
    lowest = None
    for seller, code, price, sale_price, starts, ends in prices:
        if code == currency and (sellers is None or seller in sellers):
            pays = price if sale_price is None else on_sale(price, sale_price, starts, ends, now_ms)
            if lowest is None or pays < lowest:
                lowest = pays
    return lowest


def lowest_by_seller(prices: PriceList, currency: str | None, now_ms: int) -> dict[str, float]:
    """Return the lowest price now of each seller in a currency."""
    lowest: dict[str, float] = {}
    for seller, code, price, sale_price, starts, ends in prices:
        if code == currency:
            pays = price if sale_price is None else on_sale(price, sale_price, starts, ends, now_ms)
            lowest[seller] = min(pays, lowest.get(seller, pays))
    return lowest


def _listed(offer: Any) -> ListedPrice:
    seller, currency, price, *sale = _VALUES(offer)
    if not isinstance(price, int | float) or not all(each is None or isinstance(each, int | float) for each in sale):
        raise TypeError("a price or a time that is no number")
    return (intern(seller), intern(currency), price, *sale)
