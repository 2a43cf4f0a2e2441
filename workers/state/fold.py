"""The fold: last writer wins, field by field, as a join (commutative, associative, idempotent).

Stamps are totally ordered, so everything below a floor or a delete can be dropped for good: it could win only over
facts below it. A part that is masked by time alone (a void offer) is kept.
Facts with unknown names, which a later release may write, are joined and kept like any other.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from schemas.event_fields import ATTRIBUTES_MAX, LANGUAGES_MAX, PROMOTION_LANGUAGES_MAX
from schemas.items import SHOP, Entity, ItemState, Register
from schemas.stamps import UNVERSIONED
from schemas.texts import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.events import Event
    from schemas.stamps import Stamp

SELLERS_MAX = 1_000
"""The most sellers of an item, withdrawn ones included: some 650 KB at worst, where Kafka takes a record of 1 MB.
Beyond it the choice of the sellers that are kept depends on their names alone, see `_rank`."""
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
"""The least share, however many there are, as long as there are few offers."""
PROMOTIONS_BYTES = 64 * 1024
"""The bytes of the promotions of all offers together, if each comes in PROMOTION_LANGUAGES languages."""
PROMOTION_LANGUAGES = 8
OFFERS_WITH_FULL_TEXTS = 25
"""With more offers than this, all texts give up room to the offers."""
PROMOTION_BYTES_MIN = 16
"""A promotion with less room than this would be unreadable and is cleared."""

Facts = dict[str, Register]
_NOTHING = Entity()
_OFFER_SCALARS = frozenset(("price", "currency", "sale_price", "sale_starts_at_ms", "sale_ends_at_ms", "promotion"))
"""The facts of an offer that no limit cuts. Most offers have no others."""


def fold(state: ItemState, event: Event) -> ItemState:
    """Return the state after one event of `products` or `prices`; `state` itself if the event changes nothing."""
    return join(state, delta(event))


def delta(event: Event) -> ItemState:
    """Return one event of `products` or `prices` as a state."""
    time_ms, said = event.stamp.updated_at_ms, entity(event)
    if event.topic == "prices":
        offers = {event.part or "": said}
        return ItemState(
            event.product_id, _NOTHING, offers=_within_offer_limits(offers, offers), price_latest_ms=time_ms
        )
    said.latest_ms = time_ms
    if event.op != "delete":
        return ItemState(event.product_id, _within_product_limits(said, offers=0))
    unversioned = event.stamp.version == UNVERSIONED
    if unversioned:
        said.deleted = None
    return ItemState(event.product_id, said, deleted_unversioned_ms=time_ms if unversioned else -1, void_at_ms=time_ms)


def entity(event: Event) -> Entity:
    """Return the registers and masks that one event sets."""
    stamp = event.stamp
    return Entity(
        floor=stamp if event.op == "upsert" else None,
        deleted=stamp if event.op == "delete" else None,
        facts={key: Register(stamp, value) for key, value in event.facts.items()},
    )


def join(a: ItemState, b: ItemState) -> ItemState:
    """Return the least state that holds both; `a` itself if `b` adds nothing to it."""
    offers, crowded = _join_offers(a, b)
    product = join_entity(a.product, b.product, blank=True)
    if product is not a.product or len(offers) > max(len(a.offers), OFFERS_WITH_FULL_TEXTS):
        product = _within_product_limits(product, len(offers))
    joined = ItemState(
        product_id=a.product_id,
        product=product,
        deleted_unversioned_ms=max(a.deleted_unversioned_ms, b.deleted_unversioned_ms),
        void_at_ms=max(a.void_at_ms, b.void_at_ms),
        offers=offers,
        price_latest_ms=max(a.price_latest_ms, b.price_latest_ms),
        crowded=crowded,
    )
    return a if joined == a else joined


def count_evicted(before: ItemState, event: Event, after: ItemState) -> int:
    """Return how many offers, languages and attributes the limits have evicted with an event of `products` or `prices`.

    Parts of the event itself are included.
    """
    if event.topic == "prices":
        return len((before.offers.keys() | {event.part or ""}) - after.offers.keys())
    gone = (before.product.facts.keys() | event.facts.keys()) - after.product.facts.keys()
    return sum("/" in key for key in gone)  # Every other missing fact was cleared by a newer change.


def repeats(state: ItemState, event: Event) -> bool:
    """Return whether the state already holds this very event of `products` or `prices`, or what is left of it.

    An event that changes nothing and is not held is stale: something newer outranks all of it, or no room is left.
    """
    if event.topic == "prices":
        return holds(state.offers.get(event.part or ""), event.stamp)
    if event.op == "delete" and event.stamp.version == UNVERSIONED:
        return state.deleted_unversioned_ms == event.stamp.updated_at_ms
    return holds(state.product, event.stamp)


def holds(known: Entity | None, stamp: Stamp) -> bool:
    """Return whether a register or a mask of this entity has this stamp, which no other event has."""
    if known is None:
        return False
    return stamp in (known.floor, known.deleted) or any(fact.stamp == stamp for fact in known.facts.values())


def join_entity(a: Entity, b: Entity, *, blank: bool = False) -> Entity:
    """Return the least entity that holds both; `a` itself if `b` adds nothing.

    With `blank`, masked parts stay as cleared ones.
    """
    if b is _NOTHING or b == _NOTHING:
        return a
    floor, deleted = _greater(a.floor, b.floor), _greater(a.deleted, b.deleted)
    if floor is not None and deleted is not None:
        floor, deleted = (floor, None) if floor > deleted else (None, deleted)
    facts = _masked(_join_facts(a.facts, b.facts), floor or deleted, blank=blank)
    joined = Entity(floor, deleted, facts, max(a.latest_ms, b.latest_ms))
    return a if joined == a else joined


def _greater(a: Stamp | None, b: Stamp | None) -> Stamp | None:
    if a is None or b is None:
        return b if a is None else a
    return max(a, b)


def _join_facts(a: Facts, b: Facts) -> Facts:
    facts = dict(a)
    for key, theirs in b.items():
        mine = facts.get(key)
        if mine is None or theirs.stamp > mine.stamp:
            facts[key] = theirs
    return facts


def _masked(facts: Facts, base: Stamp | None, *, blank: bool) -> Facts:
    """Return the facts that are not below `base`. Parts must also not be below the register that clears them."""
    kept = {}
    for key, register in facts.items():
        mask, (name, part, _) = base, key.partition("/")
        if part and name in facts:
            mask = _greater(base, facts[name].stamp)
        if mask is None or register.stamp >= mask:
            kept[key] = register
        elif blank and part:
            kept[key] = register if register.value is None else Register(register.stamp, None)
    return kept


def _within_product_limits(product: Entity, offers: int) -> Entity:
    names = (key.partition("/")[0] for key in product.facts if "/" in key)
    counts = Counter(name for name in names if name in PARTS_MAX)
    if not counts:
        return product
    facts = product.facts
    for name, count in counts.items():
        facts = _greatest_parts(facts, name, count)
    whole = (("title", TITLE_BYTES), ("description", DESCRIPTION_BYTES), ("attributes", ATTRIBUTES_BYTES))
    room = {
        name: _with_offers(max(bytes_max // min(counts[name], PARTS_MAX[name]), SHARE_BYTES_MIN[name]), offers)
        for name, bytes_max in whole
        if counts[name]
    }
    facts = _cut(facts, room)
    return product if facts is product.facts else Entity(product.floor, product.deleted, facts, product.latest_ms)


def _with_offers(room: int, offers: int) -> int:
    return room * OFFERS_WITH_FULL_TEXTS // max(OFFERS_WITH_FULL_TEXTS, offers)


def _greatest_parts(facts: Facts, name: str, count: int) -> Facts:
    excess = count - PARTS_MAX[name]
    if excess <= 0:
        return facts
    parts = sorted((facts[key].stamp, key) for key in facts if key.startswith(name + "/"))
    dropped = {key for _, key in parts[:excess]}
    return {key: register for key, register in facts.items() if key not in dropped}


def _cut(facts: Facts, room: Mapping[str, int]) -> Facts:
    """Return the facts with the text of each part cut to the room of its name; `facts` itself if all fit.

    A text with room 0 is cleared.
    """
    cuts = {}
    for key, (stamp, value) in facts.items():
        name, slash, _ = key.partition("/")
        if slash and name in room and isinstance(value, str):
            short = cut(value, room[name]) if room[name] else None
            if short != value:
                cuts[key] = Register(stamp, short)
    return facts | cuts if cuts else facts


def _join_offers(a: ItemState, b: ItemState) -> tuple[dict[str, Entity], bool]:
    """Return the offers of both, and whether there were more sellers than are kept."""
    crowded = a.crowded or b.crowded
    changed = {}
    for seller, theirs in b.offers.items():
        mine = a.offers.get(seller, _NOTHING)
        joined = join_entity(mine, theirs)
        if joined is not mine:
            changed[seller] = joined
    if not changed:
        return a.offers, crowded
    offers = a.offers | changed
    if len(offers) > SELLERS_MAX:
        crowded, offers = True, {seller: offers[seller] for seller in kept_sellers(offers)}
    return _within_offer_limits(offers, offers if len(offers) != len(a.offers) else changed), crowded


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


def _within_offer_limits(offers: dict[str, Entity], changed: Mapping[str, Entity]) -> dict[str, Entity]:
    """Return the offers, with those in `changed` cut to the limits of promotions."""
    promoted = [
        seller for seller in changed.keys() & offers.keys() if not offers[seller].facts.keys() <= _OFFER_SCALARS
    ]
    if not promoted:
        return offers
    room = _with_offers(PROMOTIONS_BYTES, len(offers)) // max(1, len(offers)) // PROMOTION_LANGUAGES
    rooms = {"promotion": room if room >= PROMOTION_BYTES_MIN else 0}
    limited = {}
    for seller in promoted:
        offer = offers[seller]
        parts = sum(key.startswith("promotion/") for key in offer.facts)
        facts = _cut(_greatest_parts(offer.facts, "promotion", parts), rooms)
        if facts is not offer.facts:
            limited[seller] = Entity(offer.floor, offer.deleted, facts)
    return offers | limited if limited else offers
