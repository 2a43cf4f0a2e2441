"""A full feed against the item state: the events after which each product or offer shows what the feed says of it.

A line says what it says as an upsert. What it does not say of its own stamp is filled in so that it wins: the greatest
version that stands in the state, and a time after everything that stands there. Folding decides what is equal: texts
that were cleaned or cut, prices, attributes and languages key by key.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent, InvalidFeedLine
from schemas.event_fields import TIME_MS_BELOW, VERSION_MAX
from schemas.events import AHEAD_MS_MAX, Event, parse
from schemas.items import Entity
from schemas.stamps import UNVERSIONED, Stamp
from workers.state import fold
from workers.state.projection import shown_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.items import ItemState

NO_TIME_MS = -1
"""Time of an event whose line has none."""
GREATEST = Stamp(VERSION_MAX, TIME_MS_BELOW, "")
"""Wins against everything that stands in a state."""

Facts = dict[str, Any] | None
"""What is shown, keyed as in an Entity; None: nothing."""


class FeedOutcome(StrEnum):
    """What the comparison finds of a product or an offer."""

    ADDED = "added"
    """In the feed and not shown: never heard of, delisted, parked, withdrawn or void."""
    CHANGED = "changed"
    """Shown otherwise than the feed says."""
    GONE = "gone"
    """Shown and not in the feed."""
    UNCHANGED = "unchanged"
    """Shown as the feed says."""
    STALE = "stale"
    """Its version or time is older than what stands in the state: sending it would change nothing."""


class Line(NamedTuple):
    """A line of a feed."""

    number: int
    """From 1."""
    value: bytes
    event: Event
    """Its stamp has UNVERSIONED and NO_TIME_MS for what the line does not say."""


class Difference(NamedTuple):
    """One fact before and after; None: it is not there."""

    fact: str
    before: Any
    after: Any


class FeedFinding(NamedTuple):
    """What was found of one product or offer, and what has to be published."""

    outcome: FeedOutcome
    product_id: str
    seller: str | None
    """None: of a product."""
    line: int
    """Its number, 0: it is not in the feed."""
    was_shown: bool
    differences: tuple[Difference, ...] = ()
    publish: bytes | None = None
    """The value of the event."""


def read_line(topic: str, number: int, value: bytes, now_ms: int) -> Line:
    """Checks a line as its event will be checked. Raises InvalidLine with its number."""
    try:
        event = parse(topic, None, value, arrived_at_ms=now_ms, event_time_ms=NO_TIME_MS)
    except InvalidEvent as error:
        raise InvalidFeedLine(number, str(error)) from None
    if event.op != "upsert":
        raise InvalidFeedLine(number, f"op: is {event.op}, a feed says what there is: leave op out")
    return Line(number, value, event)


def compare_item(topic: str, state: ItemState, lines: Sequence[Line], now_ms: int) -> Iterator[FeedFinding]:
    """What was found of one item: `lines` are those of the feed about it, none of its parts twice.

    `now_ms`: when the feed was taken for true. What changes at its source after that wins against the feed. Raises
    InvalidLine for an offer beyond those that an item keeps.
    """
    if len(lines) > fold.OFFERS_MAX:
        last = lines[fold.OFFERS_MAX]
        reason = f"product {last.event.product_id!r} has more than {fold.OFFERS_MAX} offers, which is all that is kept"
        raise InvalidFeedLine(last.number, reason)
    fed = {line.event.part for line in lines}
    there = {None} if topic == "products" else set(state.offers)
    # Beyond its limit an item drops the offers with the least stamps: those of the feed must not be among them.
    crowded = topic == "prices" and len(there | fed) > fold.OFFERS_MAX
    at_first = state
    for line in lines:
        decision, state = _of_line(topic, state, line, now_ms, crowded=crowded)
        yield decision
    for part in sorted(there - fed, key=str):
        if shown_facts(at_first, part) is not None:
            yield _of_absent(topic, at_first, part, now_ms)


def _of_line(topic: str, state: ItemState, line: Line, now_ms: int, *, crowded: bool) -> tuple[FeedFinding, ItemState]:
    """The decision, and the state once it was followed."""
    product_id, part = line.event.product_id, line.event.part
    before = shown_facts(state, part)
    wanted = shown_facts(fold.fold(state, line.event._replace(stamp=GREATEST)), part)
    equal = _canonical(before) == _canonical(wanted)
    unchanged = FeedFinding(FeedOutcome.UNCHANGED, product_id, part, line.number, before is not None)
    if equal and not crowded:
        return unchanged, state
    value, event = _stamped(topic, state, line, now_ms, crowded=crowded)
    after = fold.fold(state, event)
    differences = _differences(before, shown_facts(after, part))
    if after is state or not (differences or equal):
        return unchanged if equal else unchanged._replace(outcome=FeedOutcome.STALE), state
    outcome = FeedOutcome.ADDED if before is None else FeedOutcome.CHANGED
    return unchanged._replace(outcome=outcome, differences=differences, publish=value), after


def _of_absent(topic: str, state: ItemState, part: str | None, now_ms: int) -> FeedFinding:
    version, latest_ms = _greatest(state, part, crowded=False)
    # Before the feed's own lines: if an item has more offers than are kept, those that are gone yield.
    stamp = _stamp_fields(version, _later(latest_ms, now_ms - 1))
    named = {"product_id": state.product_id} | ({} if part is None else {"seller": part})
    value = orjson.dumps({**named, "op": "delete", **stamp})
    after = fold.fold(state, parse(topic, None, value, arrived_at_ms=now_ms, event_time_ms=None))
    gone = FeedFinding(FeedOutcome.GONE, state.product_id, part, 0, was_shown=True)
    if shown_facts(after, part) is not None:
        return gone._replace(outcome=FeedOutcome.STALE)
    return gone._replace(publish=value)


def _stamped(topic: str, state: ItemState, line: Line, now_ms: int, *, crowded: bool) -> tuple[bytes, Event]:
    """The line as it is published, and the event that this is."""
    version, latest_ms = _greatest(state, line.event.part, crowded=crowded)
    own = line.event.stamp
    fields = _stamp_fields(
        version if own.version == UNVERSIONED else own.version,
        _later(latest_ms + 1, now_ms) if own.updated_at_ms == NO_TIME_MS else own.updated_at_ms,
    )
    value = orjson.dumps(orjson.loads(line.value) | fields)
    try:
        return value, parse(topic, None, value, arrived_at_ms=now_ms, event_time_ms=None)
    except InvalidEvent as error:
        raise InvalidFeedLine(line.number, str(error)) from None


def _later(latest_ms: int, now_ms: int) -> int:
    """A time after all others. What stands further ahead than events may cannot be outdone: it is stale, then."""
    return min(max(now_ms, latest_ms + 1), now_ms + AHEAD_MS_MAX)


def _stamp_fields(version: int, updated_at_ms: int) -> dict[str, int]:
    return ({} if version == UNVERSIONED else {"version": version}) | {"updated_at": updated_at_ms}


def _greatest(state: ItemState, part: str | None, *, crowded: bool) -> tuple[int, int]:
    """(greatest version or UNVERSIONED, greatest updated_at) of all that an event must outdo to show."""
    if part is None:
        stamps, mask_ms = _stamps(state.product), state.deleted_unversioned_ms
    else:
        sellers = list(state.offers) if crowded else [part]
        stamps = [stamp for seller in sellers for stamp in _stamps(state.offers.get(seller, Entity()))]
        stamps += [] if state.evicted is None else [state.evicted[0]]
        mask_ms = state.void_at_ms
    version = max((stamp.version for stamp in stamps), default=UNVERSIONED)
    return version, max([mask_ms, *(stamp.updated_at_ms for stamp in stamps)])


def _stamps(entity: Entity) -> list[Stamp]:
    masks = [stamp for stamp in (entity.floor, entity.deleted) if stamp is not None]
    return masks + [register.stamp for register in entity.facts.values()]


def _differences(before: Facts, after: Facts) -> tuple[Difference, ...]:
    """Compared as JSON: to Python true is 1."""
    old, new = before or {}, after or {}
    return tuple(
        Difference(fact, old.get(fact), new.get(fact))
        for fact in sorted(old.keys() | new.keys())
        if _canonical(old.get(fact)) != _canonical(new.get(fact))
    )


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
