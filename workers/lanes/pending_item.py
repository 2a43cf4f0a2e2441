"""What waits in the lanes, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.items import REPAIRER
from workers.state.projection import on_offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.errors import Unavailable
    from schemas.items import Change, ItemRecord
    from schemas.points import Payload
    from workers.point.plan import Action


@dataclass(slots=True)
class PendingItem:
    """The newest record of an item that waits, and all that is finished with it."""

    record: ItemRecord
    partition: int
    version: int
    finish: list[Callable[[], None]]
    changes: dict[str, Change] = field(default_factory=dict)
    serving: Payload | None = None
    """In a backfill: the item's point in the collection that searches ask."""
    mend: bool = field(init=False)
    """One of them was written to mend the point, so that what is written does."""

    def __post_init__(self) -> None:
        self.mend = self.record.writer == REPAIRER

    @property
    def vanishes(self) -> bool:
        """What changed may be that its product is sold or shown no more: that goes ahead of the rest."""
        return "product" in self.changes and not on_offer(self.record.state)

    def join(self, other: PendingItem) -> None:
        """Both are done by writing the newer."""
        if other.version > self.version:
            self.record, self.version, self.serving = other.record, other.version, other.serving
        self.mend |= other.mend
        self.finish += other.finish
        for facet, change in other.changes.items():
            known = self.changes.get(facet)
            if known is not None:
                first = min(known.first_arrived_at_ms, change.first_arrived_at_ms)
                change = change._replace(first_arrived_at_ms=first, events=known.events + change.events)
            self.changes[facet] = change

    def done(self) -> None:
        """It is written, or needs nothing."""
        for finish in self.finish:
            finish()


class Observer:
    """What the lanes tell; each method is called on the event loop and must be quick."""

    def planned(self, action: Action) -> None:
        """One branch of the plan was carried out."""

    def wrote(self) -> None:
        """A step is done: what it finished may be reported."""

    def searchable(self, facet: str, change: Change, now_ms: int) -> None:
        """Search can show these events of the facet since just now."""

    def vectors_owed(self) -> None:
        """The embedding lane has work."""

    def retried(self, error: Unavailable) -> None:
        """The index was away; the write is repeated."""

    def refused(self, pending: PendingItem, error: Exception) -> None:
        """A pure stage failed on this record: a bug. It must end in the dead letters and be finished."""
