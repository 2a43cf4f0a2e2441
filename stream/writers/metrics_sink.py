"""What the lanes tell, as metrics."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stream.progress.freshness import Observation, RecentFreshness
from workers.lanes.pending_item import Observer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from schemas.errors import Unavailable
    from schemas.items import Change
    from schemas.points import Payload
    from stream.runtime.metrics import IndexMetrics
    from workers.lanes.pending_item import PendingItem
    from workers.point.plan import Action


class MetricsSink(Observer):
    """Turns what the lanes of one collection tell into metrics; search shows only what is in the one that serves."""

    def __init__(self, metrics: IndexMetrics, recent: RecentFreshness, serves: Callable[[], bool]) -> None:
        self._metrics = metrics
        self._recent = recent
        self._serves = serves
        self.wake_embedding: Callable[[], None] = lambda: None
        self.refuse: Callable[[PendingItem, Exception], None] = lambda _pending, _error: None
        self.report: Callable[[], None] = lambda: None
        self.give_up: Callable[[Payload, str], Awaitable[None]]

    def planned(self, action: Action) -> None:
        """See Observer."""
        if not self._serves():
            return
        self._metrics.plans.labels(action.value).inc()
        if action == "patch":
            self._metrics.avoided.inc()
        elif action == "upsert":
            self._metrics.cached.inc()

    def wrote(self) -> None:
        """See Observer."""
        self.report()

    def searchable(self, facet: str, change: Change, now_ms: int) -> None:
        """See Observer."""
        self._observe(facet, max(0, now_ms - change.first_arrived_at_ms) / 1000, change.events)

    def vector_searchable(self, due_at_ms: int | None, now_ms: int) -> None:
        """See owed_vectors.Observer."""
        self._observe("vector", max(0, now_ms - (due_at_ms or now_ms)) / 1000, 1)

    def vectors_owed(self) -> None:
        """See Observer."""
        self.wake_embedding()

    def embedded(self, texts: int) -> None:
        """See owed_vectors.Observer."""
        self._metrics.embedded.inc(texts)

    async def vector_failed(self, payload: Payload, reason: str) -> None:
        """See owed_vectors.Observer."""
        if not self._serves():
            return  # The collection says so; one dead letter is written once it serves, or by the one that does.
        self._metrics.embedding_failures.inc()
        await self.give_up(payload, reason)

    def retried(self, error: Unavailable) -> None:
        """See Observer."""
        self._metrics.retries.inc()

    def refused(self, pending: PendingItem, error: Exception) -> None:
        """See Observer."""
        self._metrics.bugs.inc()
        self.refuse(pending, error)

    def repriced(self, items: int) -> None:
        """Prices of so many items changed by their sale window."""
        if self._serves():
            self._metrics.repriced.inc(items)

    def _observe(self, facet: str, seconds: float, events: int) -> None:
        if not self._serves():
            return
        histogram = self._metrics.freshness.labels(facet)
        for _ in range(events):
            histogram.observe(seconds)
        self._recent.observe(facet, Observation(time.monotonic(), seconds, events))
