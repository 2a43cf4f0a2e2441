"""The items worker: python -m stream.items, set up by FRESHLINE_*."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from schemas.progress import WorkerReport
from stream.agents.app import connect, create_app
from stream.items.recovery import StateRecovery
from stream.items.worker import ItemsWorker
from stream.kafka.reader import Reader
from stream.kafka.topics import INPUTS, ITEMS, ITEMS_GROUP, ensure_topics, topic_id
from stream.progress.reporter import Reporter
from stream.runtime import memory, watchdog
from stream.runtime.metrics import ItemsMetrics
from stream.runtime.ports import check_free
from stream.runtime.process import Failure, exit_now, run
from stream.runtime.settings import read_settings
from workers.priority import QueryGate

if TYPE_CHECKING:
    from stream.items.partition import ItemPartition

log = structlog.get_logger(__name__)

COUNTERS_INTERVAL_S = 0.5
FOREIGN_RECORDS_WAIT_MS = 200
"""Nothing waits for what another worker wrote but the repair of it."""


async def main() -> None:
    """The composition root of the items worker."""
    settings = read_settings()
    await asyncio.to_thread(ensure_topics, settings)
    # Not `log_identity`: which epoch a new log gets is for those to say who know what stands in the index.
    log_id = await asyncio.to_thread(topic_id, settings.kafka or "", ITEMS)
    writer = f"{settings.worker_slot}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    failure, registry = Failure(), CollectorRegistry()
    parts = create_app(ITEMS_GROUP, settings)

    reporter = Reporter(log_id, parts.send)
    worker = ItemsWorker(
        writer,
        settings.partitions,
        send=parts.send,
        trackers=parts.trackers,
        reporter=reporter,
        metrics=ItemsMetrics(registry),
        current_generation=parts.generation,
        fail=failure.fail,
    )
    parts.transport.starts = worker.starts
    reader = Reader(settings.kafka or "", fetch_wait_ms=FOREIGN_RECORDS_WAIT_MS)

    def recovered(partition: ItemPartition, items_end: int) -> None:
        worker.recovered(partition, items_end)
        memory.freeze_heap()

    logs = StateRecovery(reader, differs=worker.differs, recovered=recovered, reaches=worker.reaches)

    def own(numbers: set[int]) -> None:
        logs.own(worker.own(numbers))

    connect(parts, INPUTS, take=worker.take, own=own, fail=failure.fail, gate=QueryGate())  # Nobody asks queries here.
    if settings.metrics_port:
        check_free("0.0.0.0", settings.metrics_port, "the items worker's metrics", "FRESHLINE_METRICS_PORT")
        start_http_server(settings.metrics_port, registry=registry)
    log.info("starting", writer=writer, log_id=log_id)
    try:
        await parts.app.start()
        async with reader, asyncio.TaskGroup() as tasks:
            for work in (
                logs.run(),
                worker.publisher.run(),
                reporter.run(),
                failure.wait(),
                report_counters(settings.worker_slot, registry, reporter),
                watchdog.watch_progress("join of the consumer group", parts.joining, parts.generation),
                watchdog.watch_progress("items worker", lambda: parts.trackers.in_flight, worker.position),
            ):
                tasks.create_task(work)
    finally:
        await parts.app.stop()


async def report_counters(slot: str, registry: CollectorRegistry, reporter: Reporter) -> None:
    """Its counters, for the API of another process to show."""
    while True:
        reporter.mark("counters", lambda: WorkerReport(f"items-{slot}", counters(registry)))
        await asyncio.sleep(COUNTERS_INTERVAL_S)


def counters(registry: CollectorRegistry) -> dict[str, float]:
    """All counters by name and label values, "freshline_events_folded_total/prices"."""
    return {
        "/".join((sample.name, *sample.labels.values())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


if __name__ == "__main__":
    exit_now(run(main))
