"""The decisions of an items worker about an event, and the effects that it waits for before it acks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from schemas.items import Change

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.items import Entity
    from stream.items.partition import ItemPartition
    from stream.kafka.send import Headers
    from stream.runtime.telemetry.interface import Span
    from workers.lanes.acks import Ack


class FoldedEvent(NamedTuple):
    """An event that was folded, and whether it changed the item."""

    partition: ItemPartition
    event: Event
    arrived_at_ms: int
    changed: bool
    span: Span | None = None
    """The span of its record, where that belongs to a trace."""


class Outgoing(NamedTuple):
    """A record to send for an event that is not folded here: the event for its right partition, or a dead letter."""

    origin: ItemPartition
    """The partition that the event was delivered from."""
    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: Headers


@dataclass(slots=True, eq=False)
class Effect:
    """Records on their way to the broker, and the in-flight records that are acked when it has confirmed them."""

    partition: ItemPartition
    acks: list[Ack] = field(default_factory=list)
    confirmed: bool = False

    def confirm(self) -> None:
        """Note that the broker has confirmed the records, and ack what waits for it."""
        self.confirmed = True
        for in_flight in self.acks:
            in_flight.ack()

    def release(self) -> int:
        """Let go of what waits, and return how many records these are."""
        released = len(self.acks)
        self.acks.clear()
        return released


@dataclass(slots=True, eq=False)
class PendingUpdate(Effect):
    """The next record of an item: the changes that it states for the first time."""

    began_at_ms: int = -1
    """The time at which the first event joined it, in milliseconds since the epoch."""
    reviews: dict[str, Entity] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    """The spans of the events that it states, the first ones at most."""

    def note(self, facet: str, arrived_at_ms: int) -> None:
        """Count one more event of this facet."""
        known = self.changes.get(facet)
        first = arrived_at_ms if known is None else min(known.first_arrived_at_ms, arrived_at_ms)
        self.changes[facet] = Change(first, 1 + (known.events if known else 0))
