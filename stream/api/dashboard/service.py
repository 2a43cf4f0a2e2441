"""Measures the figures of the dashboard, in the process that holds the index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from stream.api.dashboard.feed import SnapshotFeed
from stream.api.dashboard.interface import DashboardApi
from stream.api.dashboard.models import SaleCalendar
from stream.api.dashboard.sales import AHEAD_MS, READ_MAX, SHOWN_MAX, changed_prices, coming_prices, lately_turned
from stream.api.dashboard.snapshot import Measured, snapshot
from stream.api.timed import Timed
from workers.embedder.interface import Spent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from stream.api.canary.probe import CanaryProbe
    from stream.api.context import ServingContext
    from stream.api.dashboard.models import Snapshot
    from stream.api.drift.check import DriftCheck
    from stream.api.models import StatusReport
    from stream.progress.monitor import PipelineMonitor
    from stream.progress.recent_freshness import RecentFreshness
    from workers.index.interface import Index

SIZE_INTERVAL_S = 30.0
"""The time between two measurements of the files of the index."""
OLDEST_INTERVAL_S = 5.0
"""The time between two looks for the oldest pending embedding."""


class StatusSource(Protocol):
    """Reports on the pipeline, see `StatusService`."""

    async def glance(self) -> StatusReport:
        """Return the report as it was a moment ago. Raises Unavailable."""


class DashboardService(DashboardApi):
    """Gives every viewer the snapshots of one feed."""

    def __init__(
        self,
        context: ServingContext,
        status: StatusSource,
        monitor: PipelineMonitor,
        recent: RecentFreshness,
        drift: DriftCheck,
        canary: CanaryProbe,
    ) -> None:
        self._context = context
        self._status = status
        self._monitor = monitor
        self._recent = recent
        self._drift = drift
        self._canary = canary
        self._feed = SnapshotFeed(self)
        self._bytes: Timed[int] = Timed(SIZE_INTERVAL_S, context.clock)
        self._oldest_vector_at_ms: Timed[int | None] = Timed(OLDEST_INTERVAL_S, context.clock)

    @property
    @override
    def full(self) -> bool:
        return self._feed.full

    @override
    def watch(self) -> AsyncGenerator[bytes]:
        return self._feed.watch()

    @override
    async def close(self) -> None:
        await self._feed.close()

    @override
    async def sales(self) -> SaleCalendar:
        context, now_ms = self._context, self._context.clock.now_ms()
        index, until_ms = await context.collections.serving(), now_ms + AHEAD_MS
        soon = await index.coming_price_changes(until_ms, READ_MAX)
        coming = coming_prices(soon, context.shop, until_ms)
        turned = lately_turned(self._recent.turned, now_ms)
        shown = await index.stored({each.product_id for each in turned[:SHOWN_MAX]})
        payloads = {product_id: stored.payload for product_id, stored in shown.items()}
        return SaleCalendar(
            coming=coming[:SHOWN_MAX],
            coming_total=len(coming) if len(soon) < READ_MAX else await index.count_due_price_changes(until_ms),
            changed=changed_prices(turned[:SHOWN_MAX], payloads, context.shop),
            changed_total=len(turned),
        )

    async def snapshot(self, before: Snapshot | None) -> Snapshot:
        """Measure the figures of a snapshot, see `SnapshotSource`. Searches go ahead of it."""
        context = self._context
        await context.gate.wait_until_open()
        report = await self._status.glance()
        index = await context.collections.serving()
        oldest = None
        if report.lag.vectors_due:
            oldest = await self._oldest_vector_at_ms.get(lambda: self._oldest_vector(index))
        await context.gate.wait_until_open()
        model, now_s = context.models.find_loaded(index.model), context.clock.monotonic_s()
        measured = Measured(
            at_ms=context.clock.now_ms(),
            objective=self._recent.shares.objective,
            counted_for_s=now_s - self._recent.shares.since_s,
            shares=self._recent.shares.shares(now_s),
            stages=self._recent.stages(now_s),
            partitions=self._monitor.partition_lags.lags,
            unreported=len(context.watermark.unreported(range(context.settings.partitions))),
            counters=self._monitor.counters,
            lanes=context.writers.serving.lanes.depths,
            oldest_vector_at_ms=oldest,
            index_bytes=await self._index_bytes(),
            embedding=model.spent if model else Spent(),
            drift=self._drift.report(),
            canary=self._canary.report(),
        )
        return snapshot(report, measured, before)

    async def _oldest_vector(self, index: Index) -> int | None:
        """Return the time since when the oldest pending embedding waits; None if none does."""
        oldest = await index.pending_embeddings(range(self._context.settings.partitions), 1, newest=False)
        return oldest[0]["vector_due_at_ms"] if oldest else None

    async def _index_bytes(self) -> int | None:
        """Return the size of the embedded index; None for a Qdrant server."""
        settings = self._context.settings
        if settings.qdrant_url is not None:
            return None
        return await self._bytes.get(lambda: asyncio.to_thread(disk_bytes, settings.index_dir))


def disk_bytes(directory: Path) -> int:
    """Return the bytes that the files below a directory take on disk: those of the index are sparse.

    A file that vanishes meanwhile counts nothing.
    """
    total = 0
    for path in directory.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except OSError:
            continue
    return total
