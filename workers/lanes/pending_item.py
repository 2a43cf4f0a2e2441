"""An item that waits in the lanes, with the acks of all its records that one write makes safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import ForeignRecord
from schemas.items import REPAIRER
from workers.lanes.traced_record import TRACED_MAX
from workers.state.projection import on_offer

if TYPE_CHECKING:
    from schemas.items import Change
    from schemas.logged_item import LoggedItem
    from schemas.points import Content, Payload
    from workers.document import Document
    from workers.lanes.acks import Ack
    from workers.lanes.stages import StageTimes
    from workers.lanes.traced_record import TracedRecord


@dataclass(slots=True)
class PendingItem:
    """The newest record of an item that waits, and the acks of every record that waits with it."""

    record: LoggedItem
    partition: int
    version: int
    acks: list[Ack]
    changes: dict[str, Change] = field(default_factory=dict)
    """The events that the waiting records carry for the first time, by facet."""
    serving: Payload | None = None
    """The item's point in the collection that searches ask, which only a backfill reads."""
    times: StageTimes | None = None
    """The times at which the first of the waiting records left each stage before; None in a backfill, whose events are
    not new."""
    traced: tuple[TracedRecord, ...] = ()
    """The waiting records that belong to a trace, the first ones at most."""
    unseen: bool = False
    """True if no worker has acked any of the records, in this log or in an earlier one: an item without a point is new
    then, else the index has lost it."""
    repair: bool = field(init=False)
    """True if one of the records was written to repair the point, so that the write must do so."""

    def __post_init__(self) -> None:
        self.repair = self.record.writer == REPAIRER

    @property
    def product_id(self) -> str:
        """The item."""
        return self.record.product_id

    @property
    def vanishes(self) -> bool:
        """True if the change may be that the product is out of stock or delisted now: that goes ahead of the rest."""
        try:
            return "product" in self.changes and not on_offer(self.record.state)
        except ForeignRecord:  # The plan of the item refuses it.
            return False

    def join(self, other: PendingItem) -> None:
        """Add the records of another pending item of the same product: writing the newer one makes both safe."""
        if other.version > self.version:
            self.record, self.version, self.serving = other.record, other.version, other.serving
        self.repair |= other.repair
        self.unseen &= other.unseen
        self.times = self.times.earlier(other.times) if self.times and other.times else self.times or other.times
        self.acks += other.acks
        if other.traced:
            self.traced = (self.traced + other.traced)[:TRACED_MAX]
        for facet, change in other.changes.items():
            known = self.changes.get(facet)
            if known is not None:
                first = min(known.first_arrived_at_ms, change.first_arrived_at_ms)
                change = change._replace(first_arrived_at_ms=first, events=known.events + change.events)
            self.changes[facet] = change

    def ack(self) -> None:
        """Ack every record: the item is written, or needs nothing."""
        for each in self.acks:
            each.ack()


class Projected(NamedTuple):
    """A pending item with the content that search is to show, made when it arrived, so that it is not made again."""

    pending: PendingItem
    content: Content
    document: Document | None
    """The document of the content, if it was needed."""
    is_new_text: bool
    """True if its text is a new one, which waits for its turn."""
