"""The offers that a record of the item log shows, read from the form that they have there.

They are those that `workers.state.projection` makes of the state in the record: a price event changes one offer, and
its record has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.offer_columns import OfferColumns
from schemas.state_json import SHORT_PROMOTION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.logged_item import LoggedItem, LoggedOffer, PlainOffer
    from schemas.points import Offer


def logged_offers(item: LoggedItem) -> Sequence[Offer]:
    """Return the offers that are valid, sorted by seller. The product in the record is not looked at."""
    void_at_ms = item.void_at_ms
    if item.plain_offers is not None:
        return _columns(item.plain_offers, void_at_ms)
    offers = [_offer(seller, offer, void_at_ms) for seller, offer in sorted(item.mixed_offers.items())]
    return [offer for offer in offers if offer is not None]


def _columns(offers: Mapping[str, PlainOffer], void_at_ms: int) -> OfferColumns:
    several = [
        (seller, each.f[1], each.s)
        for seller, each in sorted(offers.items())
        if each.f is not None and each.s is not None and each.f[1] > void_at_ms
    ]
    facts = [each for _, _, each in several]
    return OfferColumns(
        (
            [seller for seller, _, _ in several],
            [each.p for each in facts],
            [each.c for each in facts],
            [updated_at_ms for _, updated_at_ms, _ in several],
            [each.s for each in facts],
            [each.b for each in facts],
            [each.e for each in facts],
        )
    )


def _offer(seller: str, offer: LoggedOffer, void_at_ms: int) -> Offer | None:
    """Return the offer; None if it is withdrawn, void, only patched, or has no price."""
    floor = offer.f
    if floor is None:
        return None
    _, updated_at_ms, _ = floor
    if updated_at_ms <= void_at_ms:
        return None
    facts = offer.s
    if offer.x:
        facts = facts | {name: value for name, (_, at_ms, _, value) in offer.x.items() if at_ms > void_at_ms}
        updated_at_ms = max(updated_at_ms, *(at_ms for _, at_ms, _, _ in offer.x.values()))
    price, currency = facts.get("p"), facts.get("c")
    if price is None or currency is None:
        return None
    plain = len(facts) == 2  # Most have a price and a currency alone.
    return {
        "seller": seller,
        "price": price,
        "currency": currency,
        "sale_price": None if plain else facts.get("s"),
        "sale_starts_at_ms": None if plain else facts.get("b"),
        "sale_ends_at_ms": None if plain else facts.get("e"),
        "promotion": {} if plain else _promotion(facts),
        "updated_at_ms": updated_at_ms,
    }


def _promotion(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of the promotion by language, in the order of the languages."""
    promoted = (name for name in sorted(facts) if name.startswith(SHORT_PROMOTION) and facts[name] is not None)
    return {name.removeprefix(SHORT_PROMOTION): facts[name] for name in promoted}
