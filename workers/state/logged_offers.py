"""The offers that a record of the item log shows, read from the form that they have there.

They are those that `workers.state.projection` makes of the state in the record: a price event changes one offer, and
its record has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.state_json import SHORT_PROMOTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.logged_item import LoggedItem, LoggedOffer
    from schemas.points import Offer


def logged_offers(item: LoggedItem) -> list[Offer]:
    """Return the offers that are valid, sorted by seller. The product in the record is not looked at."""
    offers = (_offer(seller, item.offers[seller], item.void_at_ms) for seller in sorted(item.offers))
    return [offer for offer in offers if offer is not None]


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
