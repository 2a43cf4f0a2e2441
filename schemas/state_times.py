"""Times of the item state that a wrong clock has put far into the future, and the way back from them.

No such time is taken from an event, but an earlier release took them, and a log may hold them. Nothing lowers them
there, as a join knows greater and lesser times only: the item would stay as it is until they have passed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from schemas.events import AHEAD_MS_MAX
from schemas.items import Entity, Register

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schemas.items import ItemRecord
    from schemas.stamps import Stamp


def item_with_past_times(record: ItemRecord, now_ms: int) -> ItemRecord:
    """Return the record; of an item with a time that no event can have, all that are ahead are lowered to now.

    They keep their order, so that the item shows what it showed, and yields to whatever comes later than now.
    """
    state, reviews = record.state, record.reviews
    times = [state.deleted_unversioned_ms, state.void_at_ms, state.price_latest_ms, reviews.latest_ms]
    lowered = _lowered(chain(times, *map(_times, (state.product, *state.offers.values()))), now_ms)
    if not lowered:
        return record
    past = replace(
        state,
        product=_entity(state.product, lowered),
        deleted_unversioned_ms=lowered.get(times[0], times[0]),
        void_at_ms=lowered.get(times[1], times[1]),
        offers={seller: _entity(offer, lowered) for seller, offer in state.offers.items()},
        price_latest_ms=lowered.get(times[2], times[2]),
    )
    return replace(record, state=past, reviews=replace(reviews, latest_ms=lowered.get(times[3], times[3])))


def review_with_past_times(review: Entity, now_ms: int) -> Entity:
    """Return the review as `item_with_past_times` does an item."""
    lowered = _lowered(_times(review), now_ms)
    return _entity(review, lowered) if lowered else review


def _times(entity: Entity) -> Iterator[int]:
    yield entity.latest_ms
    for stamp in (entity.floor, entity.deleted, *(register.stamp for register in entity.facts.values())):
        if stamp is not None:
            yield stamp.updated_at_ms


def _lowered(times: Iterable[int], now_ms: int) -> Mapping[int, int]:
    """Return the times to be by the times that are; nothing if none is further ahead than one of an event."""
    known = sorted(set(times), reverse=True)
    if not known or known[0] <= now_ms + AHEAD_MS_MAX:
        return {}
    lowered: dict[int, int] = {}
    bound = now_ms
    for time in known:
        if time <= bound:
            break
        lowered[time], bound = bound, bound - 1
    return lowered


def _entity(entity: Entity, lowered: Mapping[int, int]) -> Entity:
    return Entity(
        _stamp(entity.floor, lowered),
        _stamp(entity.deleted, lowered),
        {key: Register(_lowered_stamp(stamp, lowered), value) for key, (stamp, value) in entity.facts.items()},
        lowered.get(entity.latest_ms, entity.latest_ms),
    )


def _stamp(stamp: Stamp | None, lowered: Mapping[int, int]) -> Stamp | None:
    return None if stamp is None else _lowered_stamp(stamp, lowered)


def _lowered_stamp(stamp: Stamp, lowered: Mapping[int, int]) -> Stamp:
    return stamp._replace(updated_at_ms=lowered.get(stamp.updated_at_ms, stamp.updated_at_ms))
