"""Prices are compared in one currency: a search that would compare numbers of several is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import RefusedRequest
from workers.search.turned_prices import compares_prices

if TYPE_CHECKING:
    from schemas.queries import Filters
    from workers.index.interface import Index


async def check_currency(index: Index, asked: Filters, shop_currency: str | None) -> None:
    """Raise RefusedRequest if a search leaves it open in which currency prices are compared.

    100 of one currency may be a hundredth of 100 of another. Without `currency` prices are compared in the shop's, else
    in the one that the prices of all items are in.
    """
    comparing = compares_prices(asked)
    if comparing is None or shop_currency is not None or asked.currency is not None:
        return
    found = await index.currencies()
    if len(found) > 1:
        raise RefusedRequest(
            comparing,
            f"items here have prices in {', '.join(found)}, whose numbers cannot be compared: name a currency, or set "
            "FRESHLINE_SHOP_CURRENCY",
        )
