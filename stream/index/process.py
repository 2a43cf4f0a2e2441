"""The index worker as a process: it connects, is composed of a writing and a serving side, and runs both."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

import structlog
from prometheus_client import CollectorRegistry

from stream.agents.app import AppParts, connect, create_app
from stream.api.canary.loopback import LoopbackSearch, address_of
from stream.api.context import ServingContext
from stream.api.live_file import LiveFile
from stream.api.live_rules import LiveRules
from stream.api.live_synonyms import LiveSynonyms
from stream.api.server import serve_http
from stream.index.compose_serving import ServingSide, compose_serving
from stream.index.compose_watches import WatchSide, compose_watches
from stream.index.compose_writing import KafkaSide, WritingSide, compose_writing
from stream.kafka.cluster import cluster_of
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.kafka.worker_clients import set_up_clients
from stream.progress.fresh_as_of import FreshAsOf
from stream.progress.objective import Objective
from stream.progress.recent_freshness import RecentFreshness
from stream.progress.watermark import Watermark
from stream.runtime import watchdog
from stream.runtime.metrics import IndexMetrics
from stream.runtime.process import Failure
from stream.runtime.qdrant_server import qdrant_server
from stream.runtime.telemetry.configured import tracing
from stream.writers.epoch import identity_for
from workers import memory
from workers.clock import SystemClock
from workers.embedder.registry import EmbedderRegistry
from workers.index.open import open_collections
from workers.merchandising.weights import NO_WEIGHTS, read_ranking
from workers.query_gate import QueryGate
from workers.search.hits import Shop
from workers.understanding import prices
from workers.vocabulary.vocabulary import Vocabulary
from workers.words.stems import language_of_all

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from stream.api.not_serving import NotServing
    from stream.kafka.log_identity import LogIdentity
    from stream.kafka.send import RecordSender
    from stream.runtime.settings import Settings
    from stream.runtime.telemetry.interface import Tracer
    from workers.clock import Clock
    from workers.index.roles import Collections

log = structlog.get_logger(__name__)

GROUP = "freshline-index"
ANSWER_SECONDS_MAX = 5.0
"""The longest that the broker may take to answer while a person waits; after it, /status reports it unavailable."""


class Opened(NamedTuple):
    """The resources that the process holds open: models, the index, and the log that fills the index."""

    models: EmbedderRegistry
    collections: Collections
    identity: LogIdentity


class Shared(NamedTuple):
    """Objects of the process that both sides use."""

    clock: Clock
    gate: QueryGate
    registry: CollectorRegistry
    metrics: IndexMetrics
    recent: RecentFreshness
    watermark: Watermark
    vocabulary: Vocabulary
    tracer: Tracer | None


async def run_index_worker(settings: Settings, answers: NotServing) -> None:
    """Run the index worker with its API until it fails or is cancelled. This is its composition root.

    While the API does not serve yet, or no longer, `answers` answers its requests with the reason.
    """
    set_up_clients(cluster_of(settings))
    failure, registry, clock = Failure(), CollectorRegistry(), SystemClock()
    objective = Objective(settings.objective_seconds, settings.objective_share)
    recent = RecentFreshness(objective, clock.monotonic_s())
    async with AsyncExitStack() as closing:
        tracer = closing.enter_context(tracing("freshline-index", os.environ, log.warning))
        metrics = IndexMetrics(registry)
        vocabulary = Vocabulary(language=language_of_all(settings.languages))
        shared = Shared(clock, QueryGate(clock=clock), registry, metrics, recent, Watermark(), vocabulary, tracer)
        opened = await _open(settings, shared, closing)
        parts = create_app(GROUP, settings, failure)
        watching = compose_watches(settings, parts, clock, metrics)
        writing = _compose_writing(settings, opened, shared, parts, watching)
        await writing.writers.refresh_until_available()
        await watching.parts.feed.load()  # Before the first item record.
        connect(parts, [ITEMS], writing.worker)
        serving = await _compose_serving(settings, opened, shared, writing, watching, parts, closing)
        closing.push_async_callback(serving.jobs.close)
        closing.push_async_callback(parts.app.stop)
        collection = writing.writers.roles.serving.collection
        log.info("starting", log_id=opened.identity.log_id, epoch=opened.identity.epoch, collection=collection)
        serving.jobs.resume_rebuild()  # This precedes the first request for its progress.
        memory.freeze_heap()  # A full collection of the 150,000 objects of the start would stop the loop for 0.1 s.
        async with answers.paused() as listening, LoopbackSearch(address_of(listening)) as search:
            http = serve_http(serving.services, listening, tracer, cors_origins=settings.cors_origins)
            await _run(parts, writing, serving, watching, failure, [http, serving.canary.run(search)])


async def _open(settings: Settings, shared: Shared, closing: AsyncExitStack) -> Opened:
    """Open models and index, and find out which log they belong to. `closing` closes them."""
    models = EmbedderRegistry(settings.embedder, threads=settings.batches_at_once, gate=shared.gate)
    closing.push_async_callback(models.close)
    collections = await open_collections(
        directory=settings.index_dir,
        alias=settings.collection,
        model=await models.identify(settings.model),
        model_source=settings.model,
        server=qdrant_server(settings),
        gate=shared.gate,
        clock=shared.clock,
    )
    closing.push_async_callback(collections.close)
    await asyncio.to_thread(ensure_topics, settings)
    return Opened(models, collections, await identity_for(await collections.serving(), cluster_of(settings)))


def _compose_writing(
    settings: Settings, opened: Opened, shared: Shared, parts: AppParts, watching: WatchSide
) -> WritingSide:
    return compose_writing(
        KafkaSide(cluster_of(settings), parts.trackers, parts, parts),
        identity=opened.identity,
        collections=opened.collections,
        models=opened.models,
        watermark=shared.watermark,
        metrics=shared.metrics,
        recent=shared.recent,
        clock=shared.clock,
        gate=shared.gate,
        shop_currency=settings.shop_currency,
        publishes_progress=settings.qdrant_url is not None,  # Otherwise no other worker serves searches.
        vocabulary=shared.vocabulary,
        watches=watching.parts.watches,
        alerts=watching.alert_log,
        tracer=shared.tracer,
    )


async def _compose_serving(
    settings: Settings,
    opened: Opened,
    shared: Shared,
    writing: WritingSide,
    watching: WatchSide,
    sender: RecordSender,
    closing: AsyncExitStack,
) -> ServingSide:
    kafka = cluster_of(settings)
    context = ServingContext(
        settings=settings,
        shop=Shop(settings.shop_currency, settings.languages),
        identity=opened.identity,
        collections=opened.collections,
        writers=writing.writers,
        models=opened.models,
        watermark=shared.watermark,
        as_of=FreshAsOf(shared.watermark),
        metrics=shared.metrics,
        clock=shared.clock,
        gate=shared.gate,
        vocabulary=shared.vocabulary,
        synonyms=LiveSynonyms(settings.synonyms),
        ranking=LiveFile(settings.ranking, "FRESHLINE_RANKING", read_ranking, without_file=NO_WEIGHTS),
        rules=LiveRules(kafka, settings.partitions, shared.metrics.rules_refused),
    )
    return compose_serving(
        context,
        ends=await closing.enter_async_context(EndOffsets(kafka, patience_s=ANSWER_SECONDS_MAX)),
        reader=await closing.enter_async_context(Reader(kafka)),
        sender=sender,
        watch_parts=watching.parts,
        recent=shared.recent,
        registry=shared.registry,
        index_was_empty=await writing.writers.serving.index.count_points() == 0,
    )


async def _run(
    parts: AppParts,
    writing: WritingSide,
    serving: ServingSide,
    watching: WatchSide,
    failure: Failure,
    answering: Sequence[Coroutine[None, None, None]],
) -> None:
    """Run all parts concurrently until the first one fails, which ends the process.

    `answering`: the HTTP server, and the canary, which sends requests to it.
    """
    async with asyncio.TaskGroup() as tasks:
        for work in (
            *answering,
            _consume(parts, failure),
            writing.writers.run(),
            writing.reporter.run(),
            serving.monitor.read_progress(),
            serving.monitor.take_snapshots(),
            serving.status.measure_lag(),
            serving.drift.run(),
            serving.feed.run(),
            serving.synonyms.run(),
            serving.ranking.run(),
            serving.rules.run(),
            watching.parts.feed.run(),
            watching.parts.alerts.run(),
            asyncio.to_thread(prices.prepare),
            watchdog.watch_progress("join of the consumer group", parts.joining, parts.generation),
            watchdog.watch_progress("index worker", lambda: parts.trackers.in_flight, writing.assignment.committable),
        ):
            tasks.create_task(work)


async def _consume(parts: AppParts, failure: Failure) -> None:
    await parts.app.start()
    await failure.wait()
