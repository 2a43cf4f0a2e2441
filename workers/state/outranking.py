"""Verdicts: for each event of one product, the fields that it still decides, and which event outranks it in the others.

It follows the rules of the fold without folding: the greatest stamp wins a field, an upsert or delete wins all fields
below it, the bare name of a text or of the attributes clears its parts, and a delete of the product voids the offers
that are not later than itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from schemas.stamps import UNVERSIONED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.events import Event
    from schemas.stamps import Stamp

Reason = Literal["won", "repeated", "outranked", "void"]
Scope = tuple[str, str | None]
"""A topic, and the seller or review that an event is about."""
WHOLE = ""
"""The key of a delete, which is about the whole product, offer or review."""


class Verdict(NamedTuple):
    """The verdict on one field of an event."""

    key: str
    """The field, keyed as in an Entity; `WHOLE` for a delete."""
    value: Any
    reason: Reason
    by: int | None
    """The number of the event that it is repeated by, outranked by, or void since; None if it won."""


class _Rival(NamedTuple):
    stamp: Stamp
    number: int


@dataclass(slots=True)
class _Greatest:
    """The greatest events of one scope."""

    whole: _Rival | None = None
    """The greatest upsert or delete: all fields below it count as absent."""
    by_key: dict[str, _Rival] = field(default_factory=dict)

    def note(self, event: Event, number: int) -> None:
        rival = _Rival(event.stamp, number)
        if event.op != "patch" and not _is_unversioned_delete(event):
            self.whole = _greater(self.whole, rival)
        for key in event.facts:
            self.by_key[key] = _greater(self.by_key.get(key), rival)

    def above(self, stamp: Stamp, key: str) -> int | None:
        """Return the number of the greatest event that outranks this stamp in this field; None if none does."""
        name, slash, _ = key.partition("/")
        rivals = [self.whole, self.by_key.get(key), self.by_key.get(name) if slash else None]
        greatest = max((each for each in rivals if each is not None and each.stamp > stamp), default=None)
        return None if greatest is None else greatest.number


def verdicts(events: Sequence[Event]) -> list[list[Verdict]]:
    """Return the verdicts of each of these events of one product, whatever their order."""
    greatest: dict[Scope, _Greatest] = {}
    first: dict[tuple[Scope, Stamp], int] = {}
    for number, event in enumerate(events):
        scope = (event.topic, event.part)
        greatest.setdefault(scope, _Greatest()).note(event, number)
        first.setdefault((scope, event.stamp), number)
    voids = _latest_delete(events)
    return [_of(event, number, greatest, first, voids) for number, event in enumerate(events)]


def _of(
    event: Event,
    number: int,
    greatest: Mapping[Scope, _Greatest],
    first: Mapping[tuple[Scope, Stamp], int],
    void: tuple[int, int] | None,
) -> list[Verdict]:
    scope, stamp = (event.topic, event.part), event.stamp
    fields = {WHOLE: event.op} if event.op == "delete" else event.facts
    if (earlier := first[scope, stamp]) != number:
        return [Verdict(key, value, "repeated", earlier) for key, value in fields.items()]
    found = []
    for key, value in fields.items():
        by = _outranked_by(event, key, greatest[scope])
        if by is not None:
            found.append(Verdict(key, value, "outranked", by))
        elif event.topic == "prices" and void is not None and stamp.updated_at_ms <= void[0]:
            found.append(Verdict(key, value, "void", void[1]))
        else:
            found.append(Verdict(key, value, "won", None))
    return found


def _outranked_by(event: Event, key: str, greatest: _Greatest) -> int | None:
    """Return the number of the event that outranks this one in a field; None if none does.

    A delete without a version is compared by time alone, and with upserts and deletes alone.
    """
    if not _is_unversioned_delete(event):
        return greatest.above(event.stamp, key)
    whole = greatest.whole
    later = whole is not None and whole.stamp.updated_at_ms > event.stamp.updated_at_ms
    return whole.number if later and whole is not None else None


def _is_unversioned_delete(event: Event) -> bool:
    return event.topic == "products" and event.op == "delete" and event.stamp.version == UNVERSIONED


def _latest_delete(events: Sequence[Event]) -> tuple[int, int] | None:
    """Return (time in ms, number) of the latest delete of the product; None if there is none."""
    deletes = [
        (event.stamp.updated_at_ms, number)
        for number, event in enumerate(events)
        if event.topic == "products" and event.op == "delete"
    ]
    return max(deletes, default=None)


def _greater(a: _Rival | None, b: _Rival) -> _Rival:
    return b if a is None or b.stamp > a.stamp else a
