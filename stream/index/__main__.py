"""The index worker with its API: python -m stream.index, set up by FRESHLINE_*."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import structlog
import uvicorn
from prometheus_client import CollectorRegistry

from stream.agents.app import connect, create_app
from stream.api.app import create_app as create_api
from stream.index.compose import KafkaSide, compose_writing
from stream.index.service import IndexService
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS, ensure_topics
from stream.progress.freshness import FreshAsOf, RecentFreshness
from stream.progress.monitor import PipelineMonitor
from stream.progress.watermark import Watermark
from stream.runtime import memory, watchdog
from stream.runtime.metrics import IndexMetrics
from stream.runtime.process import Failure, exit_now, run
from stream.runtime.settings import Settings, read_settings
from stream.writers.epoch import identity_for
from workers.clock import SystemClock
from workers.embedder.registry import EmbedderRegistry
from workers.index.open import open_collections
from workers.priority import QueryGate

log = structlog.get_logger(__name__)

GROUP = "freshline-index"
STOP_SECONDS_MAX = 1
"""For answers that are under way."""
ANSWER_SECONDS_MAX = 5.0
"""Of the broker, to a question that someone waits for: /status says within this that it is away."""


async def main() -> None:
    """The composition root of the index worker."""
    settings = read_settings()
    async with AsyncExitStack() as closing:
        await _serve(settings, closing)


async def _serve(settings: Settings, closing: AsyncExitStack) -> None:
    kafka = settings.kafka or ""
    failure, registry = Failure(), CollectorRegistry()
    metrics, recent, gate = IndexMetrics(registry), RecentFreshness(), QueryGate()
    models = EmbedderRegistry(settings.embedder, threads=settings.embed_threads, gate=gate)
    closing.push_async_callback(models.close)
    collections = await open_collections(
        directory=settings.index_dir,
        alias=settings.collection,
        model=await models.identify(settings.model),
        model_source=settings.model,
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key,
        gate=gate,
    )
    closing.push_async_callback(collections.close)
    await asyncio.to_thread(ensure_topics, settings)
    identity = await identity_for(await collections.serving(), kafka)
    parts = create_app(GROUP, settings)
    horizon = Watermark()
    worker, attached, reporter = compose_writing(
        KafkaSide(kafka, parts.trackers, parts.send, parts.generation),
        identity=identity,
        collections=collections,
        models=models,
        watermark=horizon,
        metrics=metrics,
        recent=recent,
        clock=SystemClock(),
        gate=gate,
        shop_currency=settings.shop_currency,
        publishes_progress=settings.qdrant_url is not None,  # Else no other worker has an API that would have to know.
        fail=failure.fail,
        model_loaded=memory.freeze_loaded_model,
    )
    await attached.refresh_until_available()
    fills = await attached.serving.index.count_points() == 0
    parts.transport.starts = worker.starts
    connect(parts, [ITEMS], take=worker.take, own=worker.own, fail=failure.fail, gate=gate)
    ends = await closing.enter_async_context(EndOffsets(kafka, patience_s=ANSWER_SECONDS_MAX))
    reader = await closing.enter_async_context(Reader(kafka))
    as_of = FreshAsOf(horizon)
    watching = PipelineMonitor(
        identity.log_id, settings.partitions, horizon=horizon, as_of=as_of, ends=ends, reader=reader
    )
    service = IndexService(
        settings,
        collections=collections,
        attached=attached,
        models=models,
        identity=identity,
        horizon=horizon,
        as_of=as_of,
        recent=recent,
        watching=watching,
        metrics=metrics,
        registry=registry,
        gate=gate,
        fills=fills,
    )

    closing.push_async_callback(service.close)

    async def take_in() -> None:
        await parts.app.start()
        await failure.wait()

    closing.push_async_callback(parts.app.stop)
    log.info("starting", log_id=identity.log_id, epoch=identity.epoch, collection=attached.roles.serving.collection)
    service.go_on()  # Before anyone can ask how far it is.
    async with asyncio.TaskGroup() as tasks:
        for work in (
            serve_http(settings, service),
            take_in(),
            attached.run(),
            reporter.run(),
            watching.read_progress(),
            watching.take_snapshots(),
            service.measure_lag(),
            watchdog.watch_progress("join of the consumer group", parts.joining, parts.generation),
            watchdog.watch_progress("index worker", lambda: parts.trackers.in_flight, worker.positions),
        ):
            tasks.create_task(work)


async def serve_http(settings: Settings, service: IndexService) -> None:
    """The API, on the loop of the data path: calls into the shard hold the interpreter anyway."""
    config = uvicorn.Config(
        create_api(service),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    service.reasons = []
    server = uvicorn.Server(config)
    try:
        # Not `serve`: that would take the signals that this process has its own way with.
        await server._serve()
    finally:  # Cancelled, it would leave its connections there, to ask an index that is closed.
        service.abandon_waits()
        if server.started:
            await server.shutdown()


if __name__ == "__main__":
    exit_now(run(main))
