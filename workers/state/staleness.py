"""Decides whether an event that changed nothing is stale, or a duplicate of one that was folded before.

The fold, in which it changed nothing, is in `workers.state.fold`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from schemas.stamps import UNVERSIONED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.events import Event
    from schemas.items import Entity, ItemState
    from schemas.stamps import Stamp

Unchanged = Literal["duplicate", "stale"]
"""The reason why an event changed nothing, as the metric of such events names it."""


def why_unchanged(state: ItemState, reviews: Mapping[str, Entity], event: Event) -> Unchanged:
    """Return why an event changed nothing of its item, whose state and reviews by review_id these are."""
    if event.topic == "reviews":
        folded_before = _holds(reviews.get(event.part or ""), event.stamp)
    else:
        folded_before = repeats(state, event)
    return "duplicate" if folded_before else "stale"


def repeats(state: ItemState, event: Event) -> bool:
    """Return whether the state already holds this very event of `products` or `prices`, or the rest of it.

    An event that changes nothing and is not held is stale: something newer outranks all of it, or no room is left.
    """
    if event.topic == "prices":
        return _holds(state.offers.get(event.part or ""), event.stamp)
    if event.op == "delete" and event.stamp.version == UNVERSIONED:
        return state.deleted_unversioned_ms == event.stamp.updated_at_ms
    return _holds(state.product, event.stamp)


def _holds(known: Entity | None, stamp: Stamp) -> bool:
    """Return whether a register or a mask of this entity has this stamp, which no other event has."""
    if known is None:
        return False
    return stamp in (known.floor, known.deleted) or any(fact.stamp == stamp for fact in known.facts.values())
