"""The life of a product: its events in the order of their stamps, each with what it says and what outranks it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from schemas.stamps import UNVERSIONED
from schemas.times import rfc3339
from stream.api.why.models import LifeEvent, LifeField
from workers.state.outranking import verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.events import Event
    from stream.api.why.log_events import KnownEvent
    from workers.state.outranking import Verdict

Outcome = Literal["counts", "counts in part", "outranked", "repeated", "void", "refused"]


def life_events(known: Sequence[KnownEvent]) -> list[LifeEvent]:
    """Return the events by their stamps, and what cannot be read after them."""
    readable = [each for each in known if each.event is not None]
    events = [each.event for each in readable if each.event is not None]
    judged = verdicts(events)
    shown = [
        (event.stamp, _shown(each, event, [_field(event, verdict, readable, events) for verdict in found], found))
        for each, event, found in zip(readable, events, judged, strict=True)
    ]
    refused = [_refused(each) for each in known if each.event is None]
    return [event for _, event in sorted(shown, key=lambda pair: pair[0])] + refused


def _shown(known: KnownEvent, event: Event, fields: list[LifeField], found: Sequence[Verdict]) -> LifeEvent:
    stamp = event.stamp
    return LifeEvent(
        topic=known.topic,
        partition=known.partition,
        offset=known.offset,
        arrived_at=rfc3339(known.arrived_at_ms),
        part=event.part,
        op=event.op,
        version=None if stamp.version == UNVERSIONED else stamp.version,
        updated_at=rfc3339(stamp.updated_at_ms),
        outcome=_outcome(found),
        refused=None,
        fields=fields,
    )


def _refused(known: KnownEvent) -> LifeEvent:
    return LifeEvent(
        topic=known.topic,
        partition=known.partition,
        offset=known.offset,
        arrived_at=rfc3339(known.arrived_at_ms),
        part=None,
        op=None,
        version=None,
        updated_at=None,
        outcome="refused",
        refused=known.refused,
        fields=[],
    )


def _outcome(found: Sequence[Verdict]) -> Outcome:
    reasons = {verdict.reason for verdict in found}
    if "won" in reasons:
        return "counts" if len(reasons) == 1 else "counts in part"
    if "repeated" in reasons:
        return "repeated"
    return "void" if reasons == {"void"} else "outranked"


def _field(event: Event, verdict: Verdict, known: Sequence[KnownEvent], events: Sequence[Event]) -> LifeField:
    why = None
    if verdict.by is not None:
        why = _why(event, verdict.reason, events[verdict.by], known[verdict.by])
    return LifeField(name=verdict.key, value=_plain(verdict), won=verdict.reason == "won", why=why)


def _why(event: Event, reason: str, other: Event, winner: KnownEvent) -> str:
    """Return why an event does not count, with the position of the one that does: "older than the upsert of ..."."""
    where = f"{winner.topic}:{winner.partition}:{winner.offset}"
    if reason == "repeated":
        return f"repeats {where}"
    named = f"the {other.op} of {rfc3339(other.stamp.updated_at_ms) or 'an unknown time'} ({where})"
    if reason == "void":
        return f"void since {named}"
    mine, theirs = event.stamp.version, other.stamp.version
    if mine != theirs:
        below = "has no version" if mine == UNVERSIONED else f"version {mine} is below version {theirs}"
        return f"{below}: outranked by {named}"
    if event.stamp.updated_at_ms < other.stamp.updated_at_ms:
        return f"older than {named}"
    return f"of the same time as {named}, which wins the tie"


def _plain(verdict: Verdict) -> Any:
    """Return the value as JSON can have it. Ratings are kept as hundredths."""
    if verdict.key == "rating" and isinstance(verdict.value, int):
        return verdict.value / 100
    return verdict.value
