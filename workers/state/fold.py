"""The fold: last writer wins, field by field, as a join (commutative, associative, idempotent).

Stamps are totally ordered, so everything below a floor or a delete can be dropped for good: it could win only over
facts below it. A part that is masked by time alone (a void offer) is kept.
Facts with unknown names, which a later release may write, are joined and kept like any other.

This module enforces docs/invariants.md#1 and docs/invariants.md#5 and docs/invariants.md#6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.items import Entity, ItemState, Register
from schemas.stamps import UNVERSIONED
from workers.state import limits

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.stamps import Stamp
    from workers.state.limits import Facts

_NOTHING = Entity()


def fold(state: ItemState, event: Event) -> ItemState:
    """Return the state after one event of `products` or `prices`; `state` itself if the event changes nothing."""
    said = delta(event)
    return _with_offers(state, said) if event.topic == "prices" else join(state, said)


def delta(event: Event) -> ItemState:
    """Return one event of `products` or `prices` as a state."""
    time_ms, said = event.stamp.updated_at_ms, entity(event)
    if event.topic == "prices":
        offers = {event.part or "": said}
        return ItemState(
            event.product_id, _NOTHING, offers=limits.within_offer_limits(offers, offers), price_latest_ms=time_ms
        )
    said.latest_ms = time_ms
    if event.op != "delete":
        return ItemState(event.product_id, limits.within_product_limits(said))
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
    if product is not a.product:
        product = limits.within_product_limits(product)
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


def _with_offers(state: ItemState, said: ItemState) -> ItemState:
    """Join an event of an offer, which says nothing of the product; `state` itself if it adds nothing to it."""
    offers, crowded = _join_offers(state, said)
    latest_ms = max(state.price_latest_ms, said.price_latest_ms)
    if latest_ms == state.price_latest_ms and crowded == state.crowded and offers == state.offers:
        return state
    return ItemState(
        state.product_id,
        state.product,
        state.deleted_unversioned_ms,
        state.void_at_ms,
        offers,
        latest_ms,
        crowded,
    )


def count_evicted(before: ItemState, event: Event, after: ItemState) -> int:
    """Return how many offers, languages and attributes the limits have evicted with an event of `products` or `prices`.

    Parts of the event itself are included.
    """
    if event.topic == "prices":
        return len(before.offers) + ((event.part or "") not in before.offers) - len(after.offers)
    gone = (before.product.facts.keys() | event.facts.keys()) - after.product.facts.keys()
    return sum("/" in key for key in gone)  # Every other missing fact was cleared by a newer change.


def join_entity(a: Entity, b: Entity, *, blank: bool = False) -> Entity:
    """Return the least entity that holds both; `a` itself if `b` adds nothing.

    With `blank`, masked parts stay as cleared ones.
    """
    if b is _NOTHING or b == _NOTHING:
        return a
    if not blank and b.floor is not None and b.latest_ms >= a.latest_ms and _is_below(a, b.floor):
        return b  # The usual event: an upsert above everything that is known.
    floor, deleted = _greater(a.floor, b.floor), _greater(a.deleted, b.deleted)
    if floor is not None and deleted is not None:
        floor, deleted = (floor, None) if floor > deleted else (None, deleted)
    facts = _masked(_join_facts(a.facts, b.facts), floor or deleted, blank=blank)
    joined = Entity(floor, deleted, facts, max(a.latest_ms, b.latest_ms))
    return a if joined == a else joined


def _is_below(known: Entity, floor: Stamp) -> bool:
    """Return whether every register and mask of an entity is below this stamp."""
    masks = (known.floor is None or known.floor < floor) and (known.deleted is None or known.deleted < floor)
    return masks and all(register.stamp < floor for register in known.facts.values())


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
    if len(offers) > limits.SELLERS_MAX:
        crowded, offers = True, {seller: offers[seller] for seller in limits.kept_sellers(offers)}
    return limits.within_offer_limits(offers, offers if len(offers) != len(a.offers) else changed), crowded
