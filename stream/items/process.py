"""The items worker as a process: it connects, is composed, and runs its parts."""

from __future__ import annotations

import asyncio
import os
import uuid
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from schemas.progress import WorkerReport
from stream.agents.app import connect, create_app
from stream.items.compose import compose
from stream.items.decoder import Decoder
from stream.kafka.cluster import cluster_of
from stream.kafka.reader import Reader
from stream.kafka.schema_registry import SchemaRegistry
from stream.kafka.topic_admin import ensure_topics, stamps_are_unknown, topic_id
from stream.kafka.topics import INPUTS, ITEMS, ITEMS_GROUP
from stream.kafka.worker_clients import set_up_clients
from stream.runtime import watchdog
from stream.runtime.metrics import ItemsMetrics
from stream.runtime.ports import check_free
from stream.runtime.process import Failure
from stream.runtime.sources_file import configured_sources, sources_of
from stream.runtime.telemetry.configured import tracing
from workers import memory
from workers.clock import SystemClock
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from stream.agents.app import AppParts
    from stream.items.compose import ItemsParts
    from stream.progress.reporter import Reporter
    from stream.runtime.settings import Settings
    from stream.runtime.telemetry.interface import Tracer

log = structlog.get_logger(__name__)

COUNTERS_INTERVAL_S = 0.5
FOREIGN_RECORDS_WAIT_MS = 200
"""The time that a fetch of the state logs waits. Only the repair of foreign records waits for it."""


async def run_items_worker(settings: Settings) -> None:
    """Run the items worker until it fails or is cancelled. This is its composition root."""
    memory.freeze_survivors()
    kafka = cluster_of(settings)
    set_up_clients(kafka)
    failure, registry = Failure(), CollectorRegistry()
    reader = Reader(kafka, fetch_wait_ms=FOREIGN_RECORDS_WAIT_MS)
    async with AsyncExitStack() as closing:
        tracer = closing.enter_context(tracing("freshline-items", os.environ, log.warning))
        decoder = _decoder(settings, closing)
        await asyncio.to_thread(ensure_topics, settings)
        app = create_app(ITEMS_GROUP, settings, failure)
        parts = await _compose(settings, app, reader, decoder, registry, tracer)
        connect(app, INPUTS, parts.worker)
        serve_metrics(settings.metrics_port, registry)
        closing.push_async_callback(app.app.stop)
        await app.app.start()
        await closing.enter_async_context(reader)
        await _run(settings, app, parts, registry, failure)


def _decoder(settings: Settings, closing: AsyncExitStack) -> Decoder:
    """Return the decoder of the configured sources. `closing` closes its connections."""
    sources, configured = sources_of(settings), configured_sources(settings)
    if configured.registry is None:
        return Decoder(sources, None)
    schemas = SchemaRegistry(configured.registry, configured.registry_ca)
    closing.push_async_callback(schemas.close)
    return Decoder(sources, schemas)


async def _compose(
    settings: Settings,
    app: AppParts,
    reader: Reader,
    decoder: Decoder,
    registry: CollectorRegistry,
    tracer: Tracer | None,
) -> ItemsParts:
    kafka = cluster_of(settings)
    # Not `log_identity`: the epoch of a new log is decided by the index workers, who know what is in the index.
    log_id = await asyncio.to_thread(topic_id, kafka, ITEMS)
    writer = f"{settings.worker_slot}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    log.info("starting", writer=writer, log_id=log_id)
    return compose(
        writer,
        settings.partitions,
        log_id=log_id,
        sender=app,
        trackers=app.trackers,
        group=app,
        reader=reader,
        metrics=ItemsMetrics(registry),
        clock=SystemClock(),
        stamped_by_producers=await asyncio.to_thread(stamps_are_unknown, kafka),
        gate=QueryGate(),  # Nobody asks queries here.
        decoder=decoder,
        heap=memory,
        tracer=tracer,
    )


async def _run(
    settings: Settings, app: AppParts, parts: ItemsParts, registry: CollectorRegistry, failure: Failure
) -> None:
    """Run all parts concurrently. The first part that fails ends the process."""
    async with asyncio.TaskGroup() as tasks:
        for work in (
            parts.recovery.run(),
            parts.publisher.run(),
            parts.reporter.run(),
            failure.wait(),
            report_counters(settings.worker_slot, registry, parts.reporter),
            watchdog.watch_progress("join of the consumer group", app.joining, app.generation),
            watchdog.watch_progress("items worker", lambda: app.trackers.in_flight, parts.assignment.committable),
        ):
            tasks.create_task(work)


def serve_metrics(port: int, registry: CollectorRegistry) -> None:
    """Serve the metrics of this worker at a port of its own; with 0 nowhere. Raises Misconfigured if it is taken."""
    if port:
        check_free("0.0.0.0", port, "the items worker's metrics", "FRESHLINE_METRICS_PORT")
        start_http_server(port, registry=registry)


class WorkerCounts(NamedTuple):
    """The counters of this worker."""

    slot: str
    registry: CollectorRegistry

    def latest(self) -> WorkerReport:
        """Return the report of the counters as they are now."""
        return WorkerReport(f"items-{self.slot}", counters(self.registry))


async def report_counters(slot: str, registry: CollectorRegistry, reporter: Reporter) -> None:
    """Report the counters of this worker until cancelled: the API of another process shows them."""
    while True:
        reporter.mark("counters", WorkerCounts(slot, registry))
        await asyncio.sleep(COUNTERS_INTERVAL_S)


def counters(registry: CollectorRegistry) -> dict[str, float]:
    """Return all counters by name and label values, as in "freshline_events_folded_total/prices"."""
    return {
        "/".join((sample.name, *sample.labels.values())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
