"""Composes the serving side of an index worker: the parts that answer requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.api.canary.probe import CanaryProbe
from stream.api.canary.service import CanaryService
from stream.api.dashboard.service import DashboardService
from stream.api.dead_letters.service import DeadLettersService
from stream.api.drift.check import DriftCheck
from stream.api.jobs_service import JobsService
from stream.api.recommending.service import RecommendService
from stream.api.search_service import SearchService
from stream.api.searchers import live_searcher
from stream.api.services import Services
from stream.api.status_service import StatusService
from stream.api.watching.service import WatchParts, WatchService
from stream.api.why.service import WhyService
from stream.kafka.cluster import cluster_of
from stream.progress.monitor import PipelineMonitor
from stream.progress.worker_counters import WorkerCounters
from stream.runtime.jobs import Jobs
from stream.writers.vocabulary import VocabularyFeed

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from stream.api.context import ServingContext
    from stream.api.live_file import LiveFile
    from stream.api.live_rules import LiveRules
    from stream.api.live_synonyms import LiveSynonyms
    from stream.kafka.end_offsets import EndOffsets
    from stream.kafka.reader import Reader
    from stream.kafka.send import RecordSender
    from stream.progress.recent_freshness import RecentFreshness
    from workers.merchandising.weights import Ranking


class ServingSide(NamedTuple):
    """The parts of an index worker that answer requests and watch the pipeline for them."""

    search: SearchService
    status: StatusService
    jobs: JobsService
    dashboard: DashboardService
    why: WhyService
    dead_letters: DeadLettersService
    recommendations: RecommendService
    watches: WatchService
    canaries: CanaryService
    drift: DriftCheck
    feed: VocabularyFeed
    synonyms: LiveSynonyms
    ranking: LiveFile[Ranking]
    rules: LiveRules
    canary: CanaryProbe
    monitor: PipelineMonitor

    @property
    def services(self) -> Services:
        """The services that the routes call."""
        return Services(
            self.search,
            self.status,
            self.jobs,
            self.dashboard,
            self.why,
            self.dead_letters,
            self.recommendations,
            self.watches,
            self.canaries,
        )


def compose_serving(
    context: ServingContext,
    *,
    ends: EndOffsets,
    reader: Reader,
    sender: RecordSender,
    watch_parts: WatchParts,
    recent: RecentFreshness,
    registry: CollectorRegistry,
    index_was_empty: bool,
) -> ServingSide:
    """Put the serving side together, without starting anything.

    `reader` follows the topic `progress`, `sender` sends the changes of the canaries. `index_was_empty` is explained in
    StatusService.
    """
    monitor = _pipeline_monitor(context, ends, reader)
    registry.register(WorkerCounters(monitor))
    jobs = Jobs(context.clock)
    drift, canary = DriftCheck(context), CanaryProbe(context, sender)
    status = StatusService(
        context,
        monitor,
        jobs,
        recent=recent,
        registry=registry,
        index_was_empty=index_was_empty,
        canary=canary,
    )
    searcher = live_searcher(context)
    return ServingSide(
        SearchService(context, searcher),
        status,
        JobsService(context, jobs, drift),
        DashboardService(context, status, monitor, recent, drift, canary),
        WhyService(context, searcher, monitor.searchable_times),
        DeadLettersService(context),
        RecommendService(context),
        WatchService(context, watch_parts, keys=context.settings.watch_keys),
        CanaryService(context, searcher),
        drift,
        _vocabulary_feed(context),
        context.synonyms,
        context.ranking,
        context.rules,
        canary,
        monitor,
    )


def _pipeline_monitor(context: ServingContext, ends: EndOffsets, reader: Reader) -> PipelineMonitor:
    return PipelineMonitor(
        context.identity.log_id,
        context.settings.partitions,
        watermark=context.watermark,
        as_of=context.as_of,
        ends=ends,
        reader=reader,
        clock=context.clock,
    )


def _vocabulary_feed(context: ServingContext) -> VocabularyFeed:
    settings = context.settings
    return VocabularyFeed(
        context.vocabulary,
        context.collections,
        cluster_of(settings),
        epoch=context.identity.epoch,
        partitions=settings.partitions,
        gate=context.gate,
        others_write=settings.qdrant_url is not None,
    )
