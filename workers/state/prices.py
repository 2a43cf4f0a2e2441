"""The price of an item at a moment: pure functions of its offers, whose sale windows are data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from schemas.items import SHOP
from schemas.offer_columns import OfferColumns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from schemas.points import Offer


def offers_now(offers: Iterable[Offer], now_ms: int) -> list[tuple[Offer, float]]:
    """Return each offer with its price now: the sale price from the start of its window until before its end.

    A sale price that is not below the price is none: a price that was lowered meanwhile goes before it.
    """
    return [(offer, _pays(offer, now_ms)) for offer in offers]


def price_now(offers: Sequence[Offer], shop_currency: str | None, now_ms: int) -> tuple[float | None, str | None]:
    """Return (lowest price now, currency) of the offers in the shop's currency; (None, None) if there are none.

    If `shop_currency` is None, the currency of the shop's own offer is used, else the most frequent one (of equally
    frequent ones the alphabetically first).
    """
    currency = shop_currency or currency_of(offers)
    if isinstance(offers, OfferColumns) and not offers.has_sales:
        lowest = None if currency is None else offers.lowest(currency)
        return (None, None) if lowest is None else (lowest, currency)
    price = min([_pays(offer, now_ms) for offer in offers if offer["currency"] == currency], default=None)
    return (None, None) if price is None else (price, currency)


def offers_by(offers: Iterable[Offer], sellers: Collection[str] | None) -> list[Offer]:
    """Return the offers of these sellers; all of them for None."""
    return [offer for offer in offers if sellers is None or offer["seller"] in sellers]


def regular_price(offers: Iterable[Offer], price: float | None, currency: str | None, now_ms: int) -> float | None:
    """Return the price, outside of its sale window, of the offer that has this price now; None if there is no such
    offer.

    Of several such offers the lowest one counts.
    """
    priced = (
        offer["price"] for offer, pays in offers_now(offers, now_ms) if (pays, offer["currency"]) == (price, currency)
    )
    return min(priced, default=None)


def price_changes_at_ms(offers: Iterable[Offer], now_ms: int) -> int | None:
    """Return the next boundary of a sale window after now; None if there is none."""
    if isinstance(offers, OfferColumns) and not offers.has_sales:
        return None
    reduced = [offer for offer in offers if offer["sale_price"] is not None]
    boundaries = (boundary for offer in reduced for boundary in (offer["sale_starts_at_ms"], offer["sale_ends_at_ms"]))
    return min((boundary for boundary in boundaries if boundary is not None and boundary > now_ms), default=None)


def _pays(offer: Offer, now_ms: int) -> float:
    sale_price = offer["sale_price"]
    if sale_price is None:
        return offer["price"]
    return on_sale(offer["price"], sale_price, offer["sale_starts_at_ms"], offer["sale_ends_at_ms"], now_ms)


def on_sale(price: float, sale_price: float, starts: int | None, ends: int | None, now_ms: int) -> float:
    """Return the price now of an offer with a sale price: the lower one from the start of its window until before its
    end. `starts` and `ends` are in milliseconds; None for no such bound."""
    is_open = (starts is None or starts <= now_ms) and (ends is None or now_ms < ends)
    return min(sale_price, price) if is_open else price


def currencies_of(offers: Iterable[Offer]) -> set[str]:
    """Return the currencies of the offers."""
    return offers.currencies if isinstance(offers, OfferColumns) else {offer["currency"] for offer in offers}


def currency_of(offers: Sequence[Offer]) -> str | None:
    """Return the currency of an item's price. It does not change as other sellers come and go if the shop itself has an
    offer."""
    currencies = currencies_of(offers)
    if len(currencies) < 2:
        return next(iter(currencies), None)
    own = next((offer["currency"] for offer in offers if offer["seller"] == SHOP), None)
    if own is not None:
        return own
    counts = Counter(offer["currency"] for offer in offers)
    return min(counts, key=lambda code: (-counts[code], code))
