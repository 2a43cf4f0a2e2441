"""Compares a full feed with the item state, and makes the events that bring each product or offer into line.

A line of the feed is published as an upsert. If the line lacks a version or a time, the greatest version in the state
or a time after every time in the state is filled in, so that the line wins. Values count as equal if folding the line
would not change them: this covers texts that were cleaned or cut, and compares attributes and languages key by key.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent, InvalidFeedLine
from schemas.event_fields import VERSION_MAX
from schemas.event_models import CHANGES
from schemas.events import AHEAD_MS_MAX, Event, parse
from schemas.items import Entity
from schemas.stamps import UNVERSIONED, Stamp
from schemas.times import TIME_MS_BELOW
from workers.sources.shapes import recognised
from workers.state import fold, limits
from workers.state.projection import shown_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.items import ItemState

NO_TIME_MS = -1
"""The time of an event whose line has none."""
GREATEST = Stamp(VERSION_MAX, TIME_MS_BELOW, "")
"""A stamp that wins against every stamp in a state."""

ShownFacts = dict[str, Any] | None
"""The shown facts, keyed as in an Entity; None if nothing is shown."""


class FeedOutcome(StrEnum):
    """The outcome of comparing a product or an offer."""

    ADDED = "added"
    """The item is in the feed and not shown: it is unknown, delisted, parked, withdrawn or void."""
    CHANGED = "changed"
    """The item is shown differently from the feed."""
    GONE = "gone"
    """The item is shown and not in the feed."""
    UNCHANGED = "unchanged"
    """The item is shown as in the feed."""
    STALE = "stale"
    """Its version or time is older than the state: publishing it would change nothing."""


class Line(NamedTuple):
    """One line of a feed, checked."""

    number: int
    """The number of the line, from 1."""
    value: bytes
    event: Event
    """The event of the line. Its stamp has UNVERSIONED and NO_TIME_MS where the line gives no version or time."""


class Difference(NamedTuple):
    """One fact before and after; None means that the fact is absent."""

    fact: str
    before: Any
    after: Any


class FeedFinding(NamedTuple):
    """The outcome for one product or offer, and the event that has to be published."""

    outcome: FeedOutcome
    product_id: str
    seller: str | None
    """The seller of the offer; None for a product."""
    line: int
    """The number of the line; 0 if the feed has none."""
    was_shown: bool
    differences: tuple[Difference, ...] = ()
    publish: bytes | None = None
    """The value of the event to publish; None if nothing has to be published."""


def read_line(topic: str, number: int, value: bytes, now_ms: int) -> Line:
    """Check a line as its event will be checked. Raises InvalidFeedLine with the number of the line."""
    try:
        event = parse(topic, None, value, arrived_at_ms=now_ms, event_time_ms=NO_TIME_MS)
    except InvalidEvent as error:
        raise InvalidFeedLine(number, recognised(value, {}) or str(error)) from None
    if event.op != "upsert":
        raise InvalidFeedLine(number, f"op: is {event.op}, a feed says what there is: leave op out")
    return Line(number, value, event)


def compare_item(topic: str, state: ItemState, lines: Sequence[Line], now_ms: int) -> Iterator[FeedFinding]:
    """Compare one item with the lines of the feed about it, none of which may repeat a part of the item.

    `now_ms` is the time that the feed describes: a later change at the source wins against the feed. Raises
    InvalidFeedLine for an offer beyond the number that an item keeps.
    """
    fed = {line.event.part for line in lines}
    present = {None} if topic == "products" else set(state.offers)
    if topic == "prices":
        _check_sellers(state, lines)
    at_first = state
    for line in lines:
        finding, state = _compare_line(topic, state, line, now_ms)
        yield finding
    for part in sorted(present - fed, key=str):
        if shown_facts(at_first, part) is not None:
            yield _compare_absent(topic, at_first, part, now_ms)


def _check_sellers(state: ItemState, lines: Sequence[Line]) -> None:
    """Raise InvalidFeedLine if the item would not keep the seller of a line beside all others that it has had."""
    kept = set(limits.kept_sellers({*state.offers, *(line.event.part or "" for line in lines)}))
    for line in lines:
        if line.event.part not in kept:
            raise _too_many(line)


def _too_many(line: Line) -> InvalidFeedLine:
    reason = (
        f"product {line.event.product_id!r} has had more than {limits.SELLERS_MAX} sellers, which is all that is kept"
    )
    return InvalidFeedLine(line.number, reason)


def _compare_line(topic: str, state: ItemState, line: Line, now_ms: int) -> tuple[FeedFinding, ItemState]:
    """Return the finding, and the state after its event."""
    product_id, part = line.event.product_id, line.event.part
    before = shown_facts(state, part)
    wanting = fold.fold(state, line.event._replace(stamp=GREATEST))
    wanted = shown_facts(wanting, part)
    equal = _canonical(before) == _canonical(wanted)
    unchanged = FeedFinding(FeedOutcome.UNCHANGED, product_id, part, line.number, before is not None)
    if equal:
        return unchanged, state
    value, event = _stamped(topic, state, line, now_ms)
    after = fold.fold(state, event)
    shown = shown_facts(after, part)
    differences = _differences(before, shown)
    # A greater version with a time before that of a delete would hide what the feed has.
    if after is state or not differences or shown is None:
        return unchanged._replace(outcome=FeedOutcome.STALE), state
    outcome = FeedOutcome.ADDED if before is None else FeedOutcome.CHANGED
    return unchanged._replace(outcome=outcome, differences=differences, publish=value), after


def _compare_absent(topic: str, state: ItemState, part: str | None, now_ms: int) -> FeedFinding:
    version, latest_ms = _greatest(state, part)
    stamp = _stamp_fields(version, _later(latest_ms, now_ms))
    named = {"product_id": state.product_id} | ({} if part is None else {"seller": part})
    value = orjson.dumps({**named, "op": "delete", **stamp})
    after = fold.fold(state, parse(topic, None, value, arrived_at_ms=now_ms, event_time_ms=None))
    gone = FeedFinding(FeedOutcome.GONE, state.product_id, part, 0, was_shown=True)
    if shown_facts(after, part) is not None:
        return gone._replace(outcome=FeedOutcome.STALE)
    return gone._replace(publish=value)


def _stamped(topic: str, state: ItemState, line: Line, now_ms: int) -> tuple[bytes, Event]:
    """Return the value to publish for a line, and its event."""
    version, latest_ms = _greatest(state, line.event.part)
    stamp = line.event.stamp
    fields = _stamp_fields(
        version if stamp.version == UNVERSIONED else stamp.version,
        _later(latest_ms + 1, now_ms) if stamp.updated_at_ms == NO_TIME_MS else stamp.updated_at_ms,
    )
    value = _with_stamp(topic, line.value, fields)
    try:
        return value, parse(topic, None, value, arrived_at_ms=now_ms, event_time_ms=None)
    except InvalidEvent as error:
        raise InvalidFeedLine(line.number, str(error)) from None


def _with_stamp(topic: str, value: bytes, stamp: dict[str, Any]) -> bytes:
    body = orjson.loads(value) | stamp
    try:
        return orjson.dumps(body)
    except TypeError:  # A field that nobody uses is nested so deeply that it can be read and not written.
        known = CHANGES[topic].model_fields
        return orjson.dumps({name: field for name, field in body.items() if name in known and _is_writable(field)})


def _is_writable(field: Any) -> bool:
    try:
        orjson.dumps(field)
    except TypeError:  # A link that is no text counts as none.
        return False
    return True


def _later(latest_ms: int, now_ms: int) -> int:
    """Return a time after all others, but not further ahead than an event may be: then the line is stale."""
    return min(max(now_ms, latest_ms + 1), now_ms + AHEAD_MS_MAX)


def _stamp_fields(version: int, updated_at_ms: int) -> dict[str, int]:
    return ({} if version == UNVERSIONED else {"version": version}) | {"updated_at": updated_at_ms}


def _greatest(state: ItemState, part: str | None) -> tuple[int, int]:
    """Return (greatest version or UNVERSIONED, greatest updated_at) of everything that an event must exceed to show."""
    if part is None:
        stamps, mask_ms = _stamps(state.product), state.deleted_unversioned_ms
    else:
        stamps, mask_ms = _stamps(state.offers.get(part, Entity())), state.void_at_ms
    version = max((stamp.version for stamp in stamps), default=UNVERSIONED)
    return version, max([mask_ms, *(stamp.updated_at_ms for stamp in stamps)])


def _stamps(entity: Entity) -> list[Stamp]:
    masks = [stamp for stamp in (entity.floor, entity.deleted) if stamp is not None]
    return masks + [register.stamp for register in entity.facts.values()]


def _differences(before: ShownFacts, after: ShownFacts) -> tuple[Difference, ...]:
    """Return the differences. Values are compared as JSON, because Python treats True as equal to 1."""
    old, new = before or {}, after or {}
    return tuple(
        Difference(fact, old.get(fact), new.get(fact))
        for fact in sorted(old.keys() | new.keys())
        if _canonical(old.get(fact)) != _canonical(new.get(fact))
    )


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
