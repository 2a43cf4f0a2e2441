"""The limits of an item: sellers, languages, attributes, and the bytes of its texts.

Each limit is a function of the joined state alone, so that the fold stays a join.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from schemas.event_fields import ATTRIBUTES_MAX, LANGUAGES_MAX, PROMOTION_LANGUAGES_MAX
from schemas.items import SHOP, Entity, Register
from schemas.texts import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SELLERS_MAX = 1_000
"""The most sellers of an item, withdrawn ones included: some 950 KB at worst, where Kafka takes a record of 1 MB.
Beyond it the choice of the sellers that are kept depends on their names alone, see `_rank`."""
OFFERS_MAX = 200
"""The most offers of an item that search shows."""
PARTS_MAX = {
    "title": LANGUAGES_MAX,
    "description": LANGUAGES_MAX,
    "attributes": ATTRIBUTES_MAX,
    "promotion": PROMOTION_LANGUAGES_MAX,
}
"""The most languages of a text and keys of the attributes, cleared ones included.

The parts with the greatest stamps are kept. No event has more: `schemas.events` refuses it.
"""
TITLE_BYTES = 8 * 1024
DESCRIPTION_BYTES = 16 * 1024
ATTRIBUTES_BYTES = 16 * 1024
"""The most bytes of all languages or attributes together, each of which has an equal share."""
SHARE_BYTES_MIN = {"title": 128, "description": 512, "attributes": 64}
"""The least share, however many there are."""
PROMOTIONS_BYTES = 64 * 1024
"""The bytes of the promotions of all offers together, if each comes in PROMOTION_LANGUAGES languages."""
PROMOTION_LANGUAGES = 8
PROMOTION_BYTES_MIN = 64
"""The least room of a promotion in one language, however many sellers there have been."""
PROMOTIONS_MAX = 4_096
"""The most languages of the promotions of all offers together, of which each offer has an equal share: 4 where there
have been 1,000 sellers."""

Facts = dict[str, Register]
_OFFER_SCALARS = frozenset(("price", "currency", "sale_price", "sale_starts_at_ms", "sale_ends_at_ms", "promotion"))
"""The facts of an offer that no limit cuts. Most offers have no others."""


def within_product_limits(product: Entity) -> Entity:
    """Return the product with its parts cut to their limits; itself if all fit.

    The number of sellers has no part in it: a text would yield to sellers who came and went.
    """
    names = (key.partition("/")[0] for key in product.facts if "/" in key)
    counts = Counter(name for name in names if name in PARTS_MAX)
    if not counts:
        return product
    facts = product.facts
    for name, count in counts.items():
        facts = _greatest_parts(facts, name, count - PARTS_MAX[name])
    whole = (("title", TITLE_BYTES), ("description", DESCRIPTION_BYTES), ("attributes", ATTRIBUTES_BYTES))
    room = {
        name: max(bytes_max // min(counts[name], PARTS_MAX[name]), SHARE_BYTES_MIN[name])
        for name, bytes_max in whole
        if counts[name]
    }
    facts = _cut(facts, room)
    return product if facts is product.facts else Entity(product.floor, product.deleted, facts, product.latest_ms)


def _greatest_parts(facts: Facts, name: str, excess: int) -> Facts:
    if excess <= 0:
        return facts
    parts = sorted((facts[key].stamp, key) for key in facts if key.startswith(name + "/"))
    dropped = {key for _, key in parts[:excess]}
    return {key: register for key, register in facts.items() if key not in dropped}


def _cut(facts: Facts, room: Mapping[str, int]) -> Facts:
    """Return the facts with the text of each part cut to the room of its name; `facts` itself if all fit."""
    cuts = {}
    for key, (stamp, value) in facts.items():
        name, slash, _ = key.partition("/")
        if slash and name in room and isinstance(value, str):
            short = cut(value, room[name])
            if short != value:
                cuts[key] = Register(stamp, short)
    return facts | cuts if cuts else facts


def kept_sellers(sellers: Iterable[str]) -> list[str]:
    """Return the sellers whose offers are kept where an item has had all of these."""
    return sorted(sellers, key=_rank)[:SELLERS_MAX]


@lru_cache(10 * SELLERS_MAX)
def _rank(seller: str) -> tuple[bool, bytes]:
    """Return the place of a seller where there are too many: the shop itself first, the others by their hash.

    No stamp enters it. The stamps of different sellers say nothing about each other, and a choice that new events
    change would need a watermark below which all is lost, to be a join; so a seller who is kept loses nothing.
    """
    return seller != SHOP, blake2b(seller.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def promotion_languages(sellers: int) -> int:
    """Return in how many languages each offer keeps its promotion where there have been so many sellers."""
    return min(PARTS_MAX["promotion"], PROMOTIONS_MAX // max(1, sellers))


def within_offer_limits(offers: dict[str, Entity], changed: Mapping[str, Entity]) -> dict[str, Entity]:
    """Return the offers, with those of them that are also in `changed` cut to the limits of promotions.

    The number of sellers decides, withdrawn ones included: it only grows, as the limits of a join must not be lifted.
    """
    promoted = [
        seller for seller, offer in changed.items() if seller in offers and not offer.facts.keys() <= _OFFER_SCALARS
    ]
    if not promoted:
        return offers
    languages = promotion_languages(len(offers))
    rooms = {"promotion": max(PROMOTIONS_BYTES // max(1, len(offers)) // PROMOTION_LANGUAGES, PROMOTION_BYTES_MIN)}
    limited = {}
    for seller in promoted:
        offer = offers[seller]
        parts = sum(key.startswith("promotion/") for key in offer.facts)
        facts = _cut(_greatest_parts(offer.facts, "promotion", parts - languages), rooms)
        if facts is not offer.facts:
            limited[seller] = Entity(offer.floor, offer.deleted, facts)
    return offers | limited if limited else offers
