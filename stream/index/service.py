"""Answers the API's requests."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from prometheus_client import generate_latest

from schemas.errors import RefusedRequest, Unavailable
from schemas.queries import SearchAnswer
from schemas.times import rfc3339
from stream.api.models import Embeddings, IndexStatus, LogStatus, Percentiles, StatusReport
from stream.kafka.partitions import Partition
from stream.progress.worker_counters import WorkerCounters
from stream.rebuild.run import Rebuild, RebuildContext
from stream.reconcile.compare import ComparisonContext
from stream.reconcile.run import reconcile
from stream.runtime.jobs import Jobs
from stream.runtime.stack_report import read_stack_report
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.samples import Sample

    from schemas.queries import IndexedItem, SearchRequest
    from schemas.tokens import Token
    from stream.kafka.log_identity import LogIdentity
    from stream.progress.freshness import FreshAsOf, RecentFreshness
    from stream.progress.lag import Lag
    from stream.progress.monitor import PipelineMonitor
    from stream.progress.watermark import Watermark
    from stream.runtime.jobs import JobReport, Step
    from stream.runtime.metrics import IndexMetrics
    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReport
    from stream.writers.writer_set import WriterSet
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.interface import Collections
    from workers.priority import QueryGate


class IndexService:
    """The service of the process that holds the index."""

    def __init__(
        self,
        settings: Settings,
        *,
        collections: Collections,
        attached: WriterSet,
        models: EmbedderRegistry,
        identity: LogIdentity,
        horizon: Watermark,
        as_of: FreshAsOf,
        recent: RecentFreshness,
        watching: PipelineMonitor,
        metrics: IndexMetrics,
        registry: CollectorRegistry,
        gate: QueryGate,
        fills: bool,
    ) -> None:
        """`fills`: whether the index was empty when this process began."""
        self._fills = fills
        self._settings = settings
        self._collections = collections
        self._attached = attached
        self._models = models
        self._log_id = identity.log_id
        self._epoch = identity.epoch
        self._horizon = horizon
        self._as_of = as_of
        self._recent = recent
        self._watching = watching
        self._metrics = metrics
        self._registry = registry
        self._gate = gate
        shop = Shop(settings.shop_currency, settings.languages)
        self._searcher = Searcher(collections.serving, models.queries, shop)
        self._jobs = Jobs()
        self._rebuild = Rebuild(
            RebuildContext(collections, attached, models, shop, identity.epoch, settings.partitions, settings.model)
        )
        registry.register(WorkerCounters(watching))
        self.reasons: list[str] = ["starting"]
        self.away: list[str] = []
        """What does not answer at the moment: a sentence."""

    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        """See Service."""
        fresh = after is None or await self.progress(after, wait_ms)
        began = time.perf_counter()
        # Before the search: what became searchable meanwhile may or may not be in the answer.
        as_of = self._fresh_as_of()
        with self._gate.answering():
            results = await self._searcher.search(request, _now_ms())
        took_seconds = time.perf_counter() - began
        self._metrics.searches.labels(results.by).observe(took_seconds)
        return SearchAnswer(
            query=request.q,
            hits=results.hits,
            total=results.total,
            took_ms=round(took_seconds * 1000, 2),
            by=results.by,
            fresh_as_of=as_of,
            fresh=fresh,
        )

    async def item(self, product_id: str) -> IndexedItem | None:
        """See Service."""
        found = await self._searcher.item(product_id, _now_ms())
        if found is None and not self._as_of.caught_up:
            raise Unavailable(f"{product_id} is not in the index yet, which is behind the item log: ask again")
        return found

    def placed(self, after: Token) -> Token:
        """See Service."""
        if after.log not in (None, self._log_id):
            raise RefusedRequest(
                "after",
                f"{after} is of another log, this is {self._log_id}: its events may be gone; see log.may_be_missing of "
                "/status, and send the event again",
            )
        return after._replace(log=self._log_id)

    async def progress(self, after: Token, wait_ms: int) -> bool:
        """See Service."""
        after = self.placed(after)
        if after.partition >= self._settings.partitions:
            raise RefusedRequest(
                "after", f"there is no partition {after.partition}: {after.topic} has {self._settings.partitions}"
            )
        try:
            async with asyncio.timeout(wait_ms / 1000):
                await self._horizon.reaches(Partition(after.topic, after.partition), after.offset)
        except TimeoutError:
            return False
        return True

    def start_rebuild(self, model: str | None, *, dry_run: bool) -> JobReport:
        """See Service."""
        work = self._rebuild.estimate if dry_run else self._rebuild.run
        return self._jobs.start("rebuild", lambda step: work(step, model))

    async def roll_back(self) -> dict[str, Any]:
        """See Service."""
        self._jobs.refuse_while_running("rebuild")
        return await self._rebuild.roll_back()

    async def finish_rebuild(self) -> dict[str, Any]:
        """See Service."""
        self._jobs.refuse_while_running("rebuild")
        return await self._rebuild.finish()

    def start_reconcile(self, *, repair: bool) -> JobReport:
        """See Service."""
        # Workers on one machine may share the data directory.
        directory = self._settings.data_dir / f"reconcile-{self._settings.worker_slot}"

        async def work(step: Step) -> dict[str, Any]:
            compared = ComparisonContext(
                index=await self._collections.serving(),
                epoch=self._epoch,
                indexed=self._horizon.indexed,
                shop_currency=self._settings.shop_currency,
                clock_ms=_now_ms,
                kafka=self._settings.kafka or "",
                partitions=self._settings.partitions,
            )
            return await reconcile(compared, directory, step, self._gate, repair=repair)

        return self._jobs.start("reconcile", work)

    def job(self, kind: str) -> JobReport | None:
        """See Service."""
        return self._jobs.report(kind)

    def go_on(self) -> None:
        """Takes up a rebuild that was begun before this process."""
        building = self._attached.roles.building
        if building is not None:
            self._jobs.start("rebuild", lambda step: self._rebuild.go_on(step, building))

    def abandon_waits(self) -> None:
        """Ends them with Unavailable: this process ends, the next one knows."""
        self._horizon.abandon()

    async def close(self) -> None:
        """Ends its jobs."""
        await self._jobs.stop()

    async def status(self) -> StatusReport:
        """See Service."""
        index = await self._collections.serving()
        lag = await self._watching.lag(index, _now_ms())
        self._show_lag(lag)
        report = read_stack_report(self._settings.data_dir)
        if report is not None and report.log_bytes is not None:
            self._metrics.log_bytes.set(report.log_bytes)
        reasons = self._reasons(report)
        return StatusReport(
            ready=not reasons,
            reasons=reasons,
            failing=_failing(report),
            lag=lag,
            fresh_as_of=self._fresh_as_of(),
            dead_letters=await self._watching.dead_letters(),
            components={**self._watching.counters, "index": {"pending_items": self._pending()}},
            log=LogStatus(
                kind=report.log_kind if report else "kafka",
                id=self._log_id,
                address=self._settings.kafka or "",
                bytes=report.log_bytes if report else None,
                may_be_missing=report.may_be_missing if report else None,
            ),
            index=IndexStatus(
                backend="server" if self._settings.qdrant_url else "edge",
                collection=index.collection,
                model=index.model.name if self._models.queries(index.model) else None,
                points=await index.count_points(),
                previous=previous.collection if (previous := self._attached.roles.previous) else None,
                rebuild=self._jobs.report("rebuild"),
            ),
            freshness_seconds={
                facet: Percentiles(**summary._asdict())
                for facet, summary in self._recent.summaries(time.monotonic()).items()
            },
            embeddings=Embeddings(
                computed=_count(self._metrics.embedded),
                cached=_count(self._metrics.cached),
                avoided=_count(self._metrics.avoided),
                failed=_count(self._metrics.embedding_failures),
            ),
            plans={sample.labels["action"]: int(sample.value) for sample in _samples(self._metrics.plans, "_total")},
            events=sum(int(sample.value) for sample in _samples(self._metrics.freshness, "_count")),
        )

    def ready(self) -> list[str]:
        """See Service."""
        return self._reasons(read_stack_report(self._settings.data_dir))

    def _reasons(self, report: StackReport | None) -> list[str]:
        filling = ["the index is being filled from the item log"] if self._fills and not self._as_of.caught_up else []
        return self.reasons + self.away + filling + _failing(report)

    def metrics(self) -> bytes:
        """See Service."""
        self._metrics.pending.set(self._pending())
        return generate_latest(self._registry)

    async def measure_lag(self, interval_s: float = 1.0) -> None:
        """Keeps the metric of the lag current, for ever."""
        while True:
            try:
                self._show_lag(await self._watching.lag(await self._collections.serving(), _now_ms()))
                self.away = []
            except Unavailable as error:
                self.away = [str(error)]
                self._metrics.retries.inc()
            await asyncio.sleep(interval_s)

    def _fresh_as_of(self) -> dict[str, str | None]:
        return {topic: rfc3339(time_ms) for topic, time_ms in self._as_of.times_ms().items()}

    def _pending(self) -> int:
        return sum(len(writer.lanes) for writer in self._attached.writers)

    def _show_lag(self, lag: Lag) -> None:
        stages = {"inputs": sum(lag.inputs.values()), **lag.model_dump(exclude={"inputs"})}
        for stage, events in stages.items():
            self._metrics.lag.labels(stage).set(events)


def _failing(report: StackReport | None) -> list[str]:
    return list(report.failing.values()) if report else []


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _samples(metric: Counter | Histogram, suffix: str) -> list[Sample]:
    return [sample for family in metric.collect() for sample in family.samples if sample.name.endswith(suffix)]


def _count(metric: Counter) -> int:
    return sum(int(sample.value) for sample in _samples(metric, "_total"))
