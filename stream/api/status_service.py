"""Reports lag, freshness, readiness and metrics of the whole pipeline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from prometheus_client.exposition import choose_encoder
from typing_extensions import override

from schemas.errors import Unavailable
from schemas.times import rfc3339
from stream.api.models import Clocks, Embeddings, IndexStatus, LogStatus, Oldest, Percentiles, RulesStatus, StatusReport
from stream.api.services import StatusApi
from stream.api.timed import Timed
from stream.kafka.topics import INPUTS
from stream.runtime.metrics import total_of
from stream.runtime.stack_report import read_stack_report
from workers.index.metadata import outdated_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector
    from prometheus_client.samples import Sample

    from stream.api.context import ServingContext
    from stream.kafka.partitions import Partition
    from stream.progress.lag import Lag
    from stream.progress.lag_by_partition import PartitionLag
    from stream.progress.monitor import PipelineMonitor
    from stream.progress.recent_freshness import RecentFreshness
    from stream.runtime.jobs import Jobs
    from stream.runtime.metrics import IndexMetrics
    from stream.runtime.stack_report import StackReport
    from workers.index.interface import Index

LAG_INTERVAL_S = 1.0
GLANCE_LAG_S, GLANCE_LETTERS_S = 2 * LAG_INTERVAL_S, 5.0
"""The greatest age of the lag and of the counts of dead letters for somebody who looks every second. Asking for them
costs requests to the broker and counts in the index."""


class Canaries(Protocol):
    """The hidden items that are changed all the time."""

    @property
    def broker_ahead_s(self) -> float | None:
        """The lead of the broker's clock over ours, in seconds, see `Clocks`."""

    async def settle(self) -> None:
        """Return once none of their changes is under way, or after a moment: they must not count as lag."""


class StatusService(StatusApi):
    """Reports on the pipeline from inside the process that holds the index."""

    def __init__(
        self,
        context: ServingContext,
        monitor: PipelineMonitor,
        jobs: Jobs,
        *,
        recent: RecentFreshness,
        registry: CollectorRegistry,
        index_was_empty: bool,
        canary: Canaries,
    ) -> None:
        """`index_was_empty` is the state when this process began: searches miss items until the index is full."""
        self._context = context
        self._metrics = context.metrics
        self._monitor = monitor
        self._jobs = jobs
        self._recent = recent
        self._registry = registry
        self._index_was_empty = index_was_empty
        self._canary = canary
        self._away: list[str] = []
        self._lag: Timed[Lag] = Timed(GLANCE_LAG_S, context.clock)
        self._letters: Timed[dict[str, int]] = Timed(GLANCE_LETTERS_S, context.clock)

    @override
    async def status(self) -> StatusReport:
        index = await self._context.collections.serving()
        return await self._report(index, await self._measured_lag(index), await self._monitor.dead_letters())

    async def glance(self) -> StatusReport:
        """Return the report of at most a few seconds ago, for those who look again and again. Raises Unavailable.

        The lag is the one that is measured once a second anyway, unless that could not be measured lately.
        """
        index = await self._context.collections.serving()
        lag = await self._lag.get(lambda: self._measured_lag(index))
        return await self._report(index, lag, await self._letters.get(self._monitor.dead_letters))

    async def _measured_lag(self, index: Index) -> Lag:
        """Measure the lag, but that of canaries, and show it in the metrics. Raises Unavailable."""
        await self._canary.settle()
        lag = await self._monitor.lag(index, self._context.clock.now_ms())
        self._lag.keep(lag)
        self._show_lag(lag)
        return lag

    async def _report(self, index: Index, lag: Lag, dead_letters: dict[str, int]) -> StatusReport:
        context = self._context
        report = read_stack_report(context.settings.data_dir)
        if report is not None and report.log_bytes is not None:
            self._metrics.log_bytes.set(report.log_bytes)
        reasons = self._reasons(report)
        return StatusReport(
            ready=not reasons,
            reasons=reasons,
            failing=_failing(report),
            lag=lag,
            oldest=oldest(self._monitor.partition_lags.lags),
            fresh_as_of=context.fresh_as_of(),
            dead_letters=dead_letters,
            components={**self._monitor.counters, "index": {"pending_items": self._pending_items()}},
            log=self._log_status(report),
            index=await self._index_status(index),
            rules=RulesStatus(in_force=len(context.rules.rules), refused=dict(context.rules.refused)),
            freshness_seconds=self._percentiles(),
            embeddings=_embeddings(self._metrics),
            plans={sample.labels["action"]: int(sample.value) for sample in _samples(self._metrics.plans, "_total")},
            events=sum(int(sample.value) for sample in _samples(self._metrics.freshness, "_count")),
            clocks=Clocks(api=rfc3339(context.clock.now_ms()) or "", broker_ahead_seconds=self._canary.broker_ahead_s),
        )

    @override
    def ready(self) -> list[str]:
        return self._reasons(read_stack_report(self._context.settings.data_dir))

    @override
    def metrics(self, accept: str) -> tuple[bytes, str]:
        self._metrics.pending.set(self._pending_items())
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    async def measure_lag(self, interval_s: float = LAG_INTERVAL_S) -> None:
        """Keep the lag metric current until cancelled, and remember for `ready` which part does not answer."""
        while True:
            try:
                await self._measured_lag(await self._context.collections.serving())
                self._away = []
            except Unavailable as error:
                self._away = [str(error)]
                self._metrics.retries.inc()
            await asyncio.sleep(interval_s)

    def _reasons(self, report: StackReport | None) -> list[str]:
        is_filling = self._index_was_empty and not self._context.as_of.caught_up
        filling = ["the index is being filled from the item log"] if is_filling else []
        return self._away + filling + _failing(report)

    def _log_status(self, report: StackReport | None) -> LogStatus:
        return LogStatus(
            kind=report.log_kind if report else "kafka",
            id=self._context.identity.log_id,
            address=self._context.settings.kafka or "",
            bytes=report.log_bytes if report else None,
            may_be_missing=report.may_be_missing if report else None,
        )

    async def _index_status(self, index: Index) -> IndexStatus:
        previous = self._context.writers.roles.previous
        return IndexStatus(
            backend="server" if self._context.settings.qdrant_url else "edge",
            collection=index.collection,
            model=index.model.name if self._context.models.find_loaded(index.model) else None,
            points=await index.count_points(),
            previous=previous.collection if previous else None,
            outdated=outdated_words(index.metadata),
            hits_left_out=int(total_of(self._metrics.left_out)),
            rebuild=self._jobs.report("rebuild"),
        )

    def _percentiles(self) -> dict[str, Percentiles]:
        summaries = self._recent.summaries(self._context.clock.monotonic_s())
        return {facet: Percentiles(**summary._asdict()) for facet, summary in summaries.items()}

    def _pending_items(self) -> int:
        return sum(len(writer.lanes) for writer in self._context.writers.writers)

    def _show_lag(self, lag: Lag) -> None:
        stages = {"inputs": sum(lag.inputs.values()), **lag.model_dump(exclude={"inputs"})}
        for stage, events in stages.items():
            self._metrics.lag.labels(stage).set(events)


def oldest(partitions: Mapping[Partition, PartitionLag]) -> Oldest | None:
    """Return the input event that has waited longest; None while none waits."""
    waiting = [
        (lag.seconds, partition.topic)
        for partition, lag in partitions.items()
        if lag.events and partition.topic in INPUTS
    ]
    if not waiting:
        return None
    seconds, topic = max(waiting)
    return Oldest(topic=topic, seconds=seconds)


def _failing(report: StackReport | None) -> list[str]:
    return list(report.failing.values()) if report else []


def _embeddings(metrics: IndexMetrics) -> Embeddings:
    return Embeddings(
        computed=int(total_of(metrics.embedded)),
        cached=int(total_of(metrics.cached)),
        avoided=int(total_of(metrics.avoided)),
        failed=int(total_of(metrics.embedding_failures)),
    )


def _samples(metric: Collector, suffix: str) -> list[Sample]:
    return [sample for family in metric.collect() for sample in family.samples if sample.name.endswith(suffix)]
