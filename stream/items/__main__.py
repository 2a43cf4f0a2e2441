"""The items worker: python -m stream.items, set up by FRESHLINE_*."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from schemas.progress import WorkerReport
from stream.faust_apps import AppParts, assigned_numbers, create_app, raw_topic
from stream.items.logs import OwnLogs
from stream.items.worker import ItemsWorker
from stream.log_identity import log_identity
from stream.metrics import ItemsMetrics
from stream.process import Failure, run
from stream.progress import Reporter
from stream.reader import Reader
from stream.settings import Settings
from stream.topics import INPUTS, PROGRESS

if TYPE_CHECKING:
    from collections.abc import Awaitable

log = structlog.get_logger(__name__)

GROUP = "freshline-items"
COUNTERS_INTERVAL_S = 0.5


async def main() -> None:
    """The composition root of the items worker."""
    settings = Settings()
    identity = await log_identity(settings.kafka or "")
    writer = f"{settings.worker_slot}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    failure, registry = Failure(), CollectorRegistry()
    parts = create_app(GROUP, settings)

    async def send(topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any) -> Awaitable[Any]:
        return await parts.app.producer.send(topic, key, value, partition, None, headers)

    async def report(key: bytes, value: bytes) -> None:
        await send(PROGRESS, key, value, 0, [])

    reporter = Reporter(identity.log_id, report)
    worker = ItemsWorker(
        writer,
        settings.partitions,
        send=send,
        trackers=parts.trackers,
        reporter=reporter,
        metrics=ItemsMetrics(registry),
        current_generation=lambda: parts.app.consumer_generation_id,
        fail=failure.fail,
    )
    parts.app.transport.start_offset = worker.start_offset
    reader = Reader(settings.kafka or "")
    logs = OwnLogs(reader, writer, differs=worker.differs, recovered=worker.recovered)
    connect(parts, worker, logs, failure)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, registry=registry)
    log.info("starting", writer=writer, log_id=identity.log_id, epoch=identity.epoch)
    parts.app.finalize()
    await parts.app.start()
    try:
        async with reader, asyncio.TaskGroup() as tasks:
            for work in (logs.run(), worker.publisher.run(), reporter.run(), failure.wait()):
                tasks.create_task(work)
            tasks.create_task(report_counters(settings.worker_slot, registry, reporter))
    finally:
        await parts.app.stop()


def connect(parts: AppParts, worker: ItemsWorker, logs: OwnLogs, failure: Failure) -> None:
    """One agent a topic, and what an assignment means."""
    for topic in INPUTS:

        async def agent(stream: Any) -> None:
            async for event in stream.noack().events():
                try:
                    await worker.take(event.message)
                except Exception as error:
                    failure.fail(error)
                    raise

        parts.app.agent(raw_topic(parts.app, topic), name=topic)(agent)

    async def assigned(_app: Any, tps: Any, **_: Any) -> None:
        logs.own(worker.own(assigned_numbers(tps, INPUTS[0])))

    async def revoked(_app: Any, _tps: Any, **_: Any) -> None:
        logs.own(worker.own(()))

    parts.app.on_partitions_assigned.connect(assigned, weak=False)
    parts.app.on_partitions_revoked.connect(revoked, weak=False)


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
    sys.exit(run(main))
