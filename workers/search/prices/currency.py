"""Prices are compared in one currency: a search that would compare numbers of several is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import RefusedRequest
from workers.search.prices.turned_prices import compares_prices

if TYPE_CHECKING:
    from schemas.queries import Filters
    from workers.index.interface import Index


async def compared_currency(
    index: Index, asked: Filters, shop_currency: str | None, *, ordering: bool = False
) -> str | None:
    """Return the currency in which a search compares prices: the one that it names, else the shop's, else that of the
    prices of all items. `ordering`: lower prices go first among the best hits, whatever the filters.

    100 of one currency may be a hundredth of 100 of another: raises RefusedRequest where it is open. Returns None where
    no currency is needed or no item has a price.
    """
    comparing, named = compares_prices(asked), asked.currency or shop_currency
    sellers_ordered = ordering and asked.seller is not None
    if named is not None or (comparing is None and not sellers_ordered):
        return named
    found = await index.currencies()
    if comparing is not None and len(found) > 1:
        raise RefusedRequest(
            comparing,
            f"items here have prices in {', '.join(found)}, whose numbers cannot be compared: name a currency, or set "
            "FRESHLINE_SHOP_CURRENCY",
        )
    return found[0] if found else None
