"""The summary of a demo, and the freshness that it reports."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from stream.progress.histograms import since

if TYPE_CHECKING:
    from stream.api.models import StatusReport
    from stream.progress.histograms import BucketCounts, Histograms

WINDOW_REPORTS = 10
"""The number of reports over which freshness is measured: with one every three seconds, the last half minute."""
SAMPLES_MAX = 10


@dataclass(slots=True)
class DemoSummary:
    """The summary of a demo, printed at its end as JSON."""

    seconds: float = 0.0
    first_search_seconds: float | None = None
    """The time from the start of the demo to the first answer with hits."""
    catalogue_events: int = 0
    changes: int = 0
    freshness_seconds: dict[str, Any] = field(default_factory=dict)
    """The freshness of the changes of the last half minute, by facet."""
    embeddings: dict[str, int] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    """The last searches before and after a price change."""
    lag_events: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)
    items: int = 0

    def note_status(self, status: StatusReport) -> None:
        """Copy the figures of an answer of GET /status."""
        self.embeddings = status.embeddings.model_dump()
        self.lag_events = status.lag_events
        self.dead_letters = status.dead_letters
        self.items = status.index.points

    def count_change(self) -> None:
        """Count a change that was sent."""
        self.changes += 1

    def note_catalogue(self, events: int) -> None:
        """Note how many events of the catalogue the broker has confirmed."""
        self.catalogue_events = events

    def note_first_search(self, seconds: float) -> None:
        """Note when a search found something for the first time."""
        self.first_search_seconds = round(seconds, 1)

    def note_freshness(self, freshness_seconds: dict[str, Any]) -> None:
        """Note the freshness of the last half minute."""
        self.freshness_seconds = freshness_seconds

    def end(self, seconds: float) -> None:
        """Note how long the demo took."""
        self.seconds = round(seconds, 1)

    def add_sample(self, sample: dict[str, Any]) -> None:
        """Add a search before and after a price change; the oldest one is dropped if there are too many."""
        self.samples = [*self.samples, sample][-SAMPLES_MAX:]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


class FreshnessWindow:
    """The freshness of the changes of the last half minute, from the histograms of all events.

    The first histograms are read after the catalogue, which came all at once, so its events are not counted.
    """

    def __init__(self) -> None:
        self._seen: deque[Histograms] = deque(maxlen=WINDOW_REPORTS + 1)

    def __bool__(self) -> bool:
        return bool(self._seen)

    def add(self, histograms: Histograms) -> dict[str, Any]:
        """Add the histograms of now; return p50, p99 and events by facet, for the facets that had any events."""
        self._seen.append(histograms)
        counts = since(self._seen[-1], self._seen[0])
        return {facet: _percentiles(each) for facet, each in counts.items() if each.observations}


def _percentiles(counts: BucketCounts) -> dict[str, float | int | None]:
    """Return the percentiles, in seconds, under the names that GET /status gives them."""
    found = {name: counts.quantile(quantile) for name, quantile in (("p50", 0.5), ("p99", 0.99))}
    seconds = {name: round(each, 4) if math.isfinite(each) else None for name, each in found.items()}
    return {**seconds, "events": counts.observations}
