"""The snapshot that GET /events sends once a second, and the sale calendar of GET /sales."""

from __future__ import annotations

from pydantic import BaseModel, Field

from stream.api.canary.models import CanaryReport
from stream.api.drift.models import DriftReport
from stream.api.models import Embeddings, IndexStatus, LogStatus, Oldest, Percentiles
from stream.progress.lag import Lag


class Share(BaseModel):
    """The events of a window, and how many of them were searchable within the objective."""

    events: int
    within: int
    share: float | None
    """The share of events within the objective; None where there was no event."""
    budget_left: float | None
    """The part of the error budget that is left, below 0 once it is overspent; None where there was no event."""


class ObjectiveReport(BaseModel):
    """The freshness objective, and how well it was met."""

    seconds: float
    share: float
    counted_for_seconds: float
    """The time for which this process has counted: a longer window has no more events than that."""
    windows: dict[str, dict[str, Share]]
    """The shares by topic ("all": all topics together) and by window: 5m, 1h, 1d."""


class TopicFlow(BaseModel):
    """The fates of a topic's events since its workers started."""

    folded: int = 0
    stale: int = 0
    """The folded events that changed nothing, because something newer outranks them or no room is left."""
    duplicate: int = 0
    """The folded events that changed nothing, because the very same event was folded before."""
    dead_letters: int = 0
    forwarded: int = 0
    """Events in the wrong partition, which were forwarded to the right one."""
    per_second: float | None = None
    """The rate of folding since the snapshot before; None in the first one."""


class PartitionWait(BaseModel):
    """The lag of one partition of the inputs or of the item log."""

    topic: str
    partition: int
    events: int
    seconds: float


class PendingVectors(BaseModel):
    """The texts that are found by their words while their embeddings are pending."""

    pending: int
    per_second: float
    """Vectors written a second, over the last minute."""
    seconds_left: float | None
    """Seconds until none is pending at that rate; None while none is written."""
    oldest_seconds: float | None
    """The time that the oldest one has waited; None where none waits."""


class Snapshot(BaseModel):
    """All that the dashboard shows, at one moment."""

    at_ms: int
    ready: bool
    reasons: list[str]
    failing: list[str]
    objective: ObjectiveReport
    freshness: dict[str, dict[str, Percentiles]]
    """Seconds over the last minute by topic and stage: log, fold, item_log and write add up to total; then embed."""
    oldest: Oldest | None
    """The oldest event that waits; None while none does."""
    starting: int
    """The partitions that no worker has joined yet, in the first minute of the process: their events wait."""
    flow: dict[str, TopicFlow]
    plans: dict[str, int]
    """Item records, by what was done with them in the index."""
    embeddings: Embeddings
    saved_seconds: float | None
    """The processor seconds that the avoided embeddings would have taken, at the mean of the texts that the model has
    embedded, all its threads together; None while it has embedded nothing."""
    lag: Lag
    lag_events: int
    partitions: list[PartitionWait] = Field(default_factory=list)
    """The partitions that wait longest, at most 24 of them."""
    partitions_left_out: int = 0
    lanes: dict[str, int]
    vectors: PendingVectors
    index: IndexStatus
    index_bytes: int | None
    """The size of the embedded index on disk; None for a Qdrant server."""
    log: LogStatus
    dead_letters: dict[str, int]
    fresh_as_of: dict[str, str | None]
    drift: DriftReport
    canary: CanaryReport


class ComingPrice(BaseModel):
    """A price that will change."""

    product_id: str
    title: str | None
    at: str | None
    price: float | None
    then: float | None
    """The price from that moment on."""
    currency: str | None


class ChangedPrice(BaseModel):
    """A price that changed, and how late search showed it."""

    product_id: str
    title: str | None
    price: float | None
    """The price of the item now; None if it has none any more."""
    currency: str | None
    at: str | None
    late_seconds: float


class SaleCalendar(BaseModel):
    """The price changes without an event of the next day, the soonest first, and of the last hour, the last first."""

    coming: list[ComingPrice]
    coming_total: int
    """All of the next day, of which at most 50 are shown. Of more than 1,000 windows some may change no price."""
    changed: list[ChangedPrice]
    """The changes that this process wrote."""
    changed_total: int
    """All of the last hour, of which at most 50 are shown; of more than 1,000 the last."""
