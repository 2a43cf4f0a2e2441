"""The index worker with its API: python -m stream.index, set up by FRESHLINE_*."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog
import uvicorn
from prometheus_client import CollectorRegistry

from schemas.errors import Unavailable
from stream import stall
from stream.api.app import create_app as create_api
from stream.ends import Ends
from stream.faust_apps import connect, create_app
from stream.horizon import Horizon
from stream.index.freshness import FreshAsOf, RecentFreshness
from stream.index.service import IndexService
from stream.index.watching import Watching
from stream.index.worker import IndexWorker, Observed
from stream.log_identity import log_identity
from stream.metrics import IndexMetrics
from stream.process import Failure, run
from stream.progress import Reporter
from stream.reader import Reader
from stream.settings import Settings
from stream.topics import ITEMS
from workers.embedder.cache import VectorCache
from workers.embedder.loading import describe, load_embedder
from workers.embedder.queue import EmbedderThreads
from workers.index.opening import open_index
from workers.indexing import Lanes
from workers.owed_vectors import OwedVectors
from workers.sale_windows import SaleWindows
from workers.search import QueryVectors, Searcher
from workers.shown import Shop

if TYPE_CHECKING:
    from schemas.progress import IndexProgress
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

GROUP = "freshline-index"
POSITIONS_INTERVAL_S = 1.0
FLUSH_INTERVAL_S = 10.0


async def main() -> None:
    """The composition root of the index worker."""
    settings = Settings()
    async with AsyncExitStack() as closing:
        await _serve(settings, closing)


async def _serve(settings: Settings, closing: AsyncExitStack) -> None:
    kafka = settings.kafka or ""
    failure, registry = Failure(), CollectorRegistry()
    metrics, recent, cache = IndexMetrics(registry), RecentFreshness(), VectorCache()
    embedder = EmbedderThreads(lambda: load_embedder(settings.embedder, settings.model, threads=settings.embed_threads))
    closing.push_async_callback(embedder.close)
    embedder.start()
    model = describe(settings.embedder, settings.model) or await embedder.model()
    index = await open_index(
        directory=settings.index_dir,
        alias=settings.collection,
        model=model,
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key,
    )
    closing.push_async_callback(index.close)
    identity = await log_identity(kafka)
    parts = create_app(GROUP, settings)

    reporter, horizon = Reporter(identity.log_id, parts.send), Horizon(index.collection)
    observed = Observed(metrics, recent)
    latest: dict[int, IndexProgress] = {}

    def report(word: IndexProgress) -> None:
        latest[word.partition] = word
        horizon.index_progress(word)
        reporter.mark(word.partition, lambda: latest[word.partition])

    lanes = Lanes(index, cached=cache.get, shop_currency=settings.shop_currency, clock_ms=_now_ms, observer=observed)
    worker = IndexWorker(
        identity.epoch,
        index.collection,
        lanes=lanes,
        trackers=parts.trackers,
        send=parts.send,
        report=report,
        current_generation=parts.generation,
        fail=failure.fail,
    )
    worker.start_from(await index.positions())
    parts.transport.start_offset = worker.start_offset
    owed = OwedVectors(index, embedder, cache, partitions=lambda: worker.owned, clock_ms=_now_ms, observer=observed)
    observed.report = worker.report
    observed.wake_embedding, observed.refuse, observed.give_up = owed.wake, worker.refuse, worker.give_up_vector
    windows = SaleWindows(
        index,
        partitions=lambda: worker.owned,
        shop_currency=settings.shop_currency,
        clock_ms=_now_ms,
        repriced=metrics.repriced.inc,
    )
    searcher = Searcher(index, None, Shop(settings.shop_currency, settings.languages))
    ends = await closing.enter_async_context(Ends(kafka))
    reader = await closing.enter_async_context(Reader(kafka))
    as_of = FreshAsOf(horizon)
    watching = Watching(identity.log_id, settings.partitions, horizon=horizon, as_of=as_of, ends=ends, reader=reader)
    service = IndexService(
        settings,
        index=index,
        searcher=searcher,
        lanes=lanes,
        horizon=horizon,
        as_of=as_of,
        recent=recent,
        watching=watching,
        metrics=metrics,
        registry=registry,
    )
    connect(parts, [ITEMS], take=worker.take, own=worker.own, fail=failure.fail)

    async def take_in() -> None:
        await parts.app.start()
        await failure.wait()

    async def load_model() -> None:
        loaded = await embedder.loaded()
        searcher.vectors = QueryVectors(loaded.model, embedder.embed_query)
        await owed.run()

    closing.push_async_callback(parts.app.stop)
    log.info("starting", log_id=identity.log_id, epoch=identity.epoch, collection=index.collection)
    async with asyncio.TaskGroup() as tasks:
        for work in (
            serve_http(settings, service),
            take_in(),
            lanes.run(),
            load_model(),
            windows.run(),
            reporter.run(),
            watching.read_progress(),
            watching.take_snapshots(),
            service.measure_lag(),
            keep_positions(index, worker),
            keep_flushed(index),
            stall.watch("index worker", lambda: parts.trackers.in_flight, worker.positions),
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
    )
    service.reasons = []
    # Not `serve`: that would take the signals that this process has its own way with.
    await uvicorn.Server(config)._serve()


async def keep_positions(index: Index, worker: IndexWorker) -> None:
    """Saves how far the index is in the index itself, for ever."""
    saved: dict[int, int] = {}
    while True:
        await asyncio.sleep(POSITIONS_INTERVAL_S)
        if (versions := worker.versions()) != saved:
            try:
                await index.save_positions(versions)
                saved = versions
            except Unavailable as error:
                log.warning("positions not saved", error=str(error))


async def keep_flushed(index: Index) -> None:
    """Bounds the index's write-ahead log, for ever."""
    while True:
        await asyncio.sleep(FLUSH_INTERVAL_S)
        await index.flush()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(run(main))
