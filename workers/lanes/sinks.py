"""The events that the lanes emit, and the protocols of their receivers: sinks, alerts, and dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.errors import Unavailable
    from schemas.items import Change
    from schemas.points import Payload
    from workers.lanes.pending_item import PendingItem
    from workers.lanes.stages import StageTimes
    from workers.lanes.traced_record import TracedRecord
    from workers.point.plan import Action
    from workers.watches.watch import Watch


class Planned(NamedTuple):
    """One branch of the plan was carried out, for several items at once."""

    action: Action
    items: int


class Searchable(NamedTuple):
    """Search shows these events of a facet, of one item or of several that took the same time."""

    facet: str
    change: Change
    now_ms: int
    times: StageTimes | None = None
    """The times at which their item record left the stages before; None where they are not known."""
    trace_id: str | None = None
    """The trace of one of the events; None where none belongs to a trace."""


class Rewritten(NamedTuple):
    """The whole point of an item was written, as its text or its status changed."""

    payload: Payload


class Written(NamedTuple):
    """A step of the lanes has ended, and the offsets of the records that it acked may be reported."""


class VectorSearchable(NamedTuple):
    """Search can find a text by its vector, whose embedding was pending since `due_at_ms`."""

    due_at_ms: int | None
    now_ms: int
    product_id: str
    fingerprint: str
    """The fingerprint of the text."""
    words_at_ms: int | None = None
    """The time at which search could first find the text by its words; None where it is not known."""
    trace_id: str | None = None
    """The trace of the event that brought the text; None where that is not known."""


class TracedWrite(NamedTuple):
    """Item records that belong to traces are acked: their item is written, needs nothing, or is refused."""

    records: tuple[TracedRecord, ...]
    """One at least, in the order in which they came."""
    product_id: str
    partition: int
    outcome: str
    """The action of the plan, or "refused"."""
    fingerprint: str | None
    """The fingerprint of the text whose embedding is pending now; None if none is."""
    began_ms: int
    """The time at which the write began."""
    now_ms: int


class Embedded(NamedTuple):
    """A batch of texts went through the model."""

    texts: int
    seconds: float
    """The time that the model took."""


class VectorFailed(NamedTuple):
    """A text could not be embedded: its item is found by its words alone."""

    reason: str


class Refused(NamedTuple):
    """A pure stage failed on a record, which is a bug."""

    error: Exception


class Retried(NamedTuple):
    """The index was away, and a call is repeated."""

    error: Unavailable


class Repriced(NamedTuple):
    """The prices of some items changed because their sale windows opened or closed."""

    items: int
    turned: tuple[tuple[str, int], ...] = ()
    """(product_id, milliseconds since the epoch at which its window turned) of each that got another price."""
    now_ms: int = 0


class AlertsRaised(NamedTuple):
    """A point was written that has alerts to be sent."""


class AlertsSent(NamedTuple):
    """The broker has the alerts of an item."""

    alerts: int
    seconds: float
    """The time that the first of them waited since its item was written."""


class WatchFailed(NamedTuple):
    """A change could not be compared with the watches, which is a bug. The item is written all the same."""


LaneEvent = (
    Planned
    | Searchable
    | Rewritten
    | Written
    | VectorSearchable
    | TracedWrite
    | Embedded
    | VectorFailed
    | Refused
    | Retried
    | Repriced
    | AlertsRaised
    | AlertsSent
    | WatchFailed
)


class Sink(Protocol):
    """Receives the events of the lanes, on the event loop and for every record: it must be quick."""

    def note(self, event: LaneEvent) -> None:
        """Take note of an event; a sink ignores the kinds that it does not need. Must not raise."""


class Sinks:
    """Several sinks as one."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def note(self, event: LaneEvent) -> None:
        """Hand the event to each of them, in order."""
        for sink in self._sinks:
            sink.note(event)


class Alerts(Protocol):
    """Sends alerts."""

    async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
        """Send an alert of this item for each watch, with the id given beside it.

        Returns once the broker has confirmed them all. Raises Unavailable; some may have been sent then.
        """


class DeadLetters(Protocol):
    """Writes dead letters. Each method returns once the broker has confirmed its letter: only then may the record be
    acked, or the index marked."""

    async def refuse(self, pending: PendingItem, error: Exception) -> None:
        """Write the dead letter of an item record on which a pure stage failed."""

    async def refuse_text(self, payload: Payload, reason: str) -> None:
        """Write the dead letter of a text that cannot be embedded, with the payload of its point."""
