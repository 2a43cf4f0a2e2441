"""A contestant on a broker of its own, and the products that a build of Freshline begins with."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError
from stream.kafka.topic_admin import ensure_topics
from tests.benchmarks.catalogue import asked_queries
from tests.benchmarks.peers.contestants import Running, new_place
from tests.benchmarks.peers.measure import Sender, until_settled
from tests.benchmarks.peers.workload import Workload
from tests.support.running_broker import new_broker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.catalogue import Catalogue
    from tests.benchmarks.peers.contestants import Contestant

SEED = 5
EARLIER_MS = 3_600_000
"""The events are as much older than the run, since each is a millisecond newer than the one before."""
LOAD_SECONDS_MAX = 600.0


def broker_kind() -> str:
    """Return the kind of broker that contestants run on: Apache Kafka where KAFKA_HOME is set."""
    return "kafka" if os.environ.get("KAFKA_HOME") else "embedded"


@contextmanager
def staged(
    contestant: Contestant, folder: Path, *, model: str = "", dtype: str = "", python: str = ""
) -> Iterator[Running]:
    """Yield a contestant that is not started yet, on a broker with all topics; kill it at the end of the block."""
    broker = new_broker(broker_kind(), folder).start()
    try:
        ensure_topics(broker.settings(data_dir=folder))
        running = Running(contestant, new_place(broker.address, folder, model, dtype, python))
        try:
            yield running
        finally:
            running.kill()
    finally:
        broker.kill()


def queries() -> list[str]:
    """Return the queries to search for meanwhile: those that people asked, where they are at hand."""
    return list(asked_queries().values()) or ["wireless mouse", "toner cartridge", "cake", "laptop 15 inch"]


def new_workload(items: Catalogue) -> Workload:
    """Return changes of these items, all of them older than now."""
    return Workload(items, SEED, began_at_ms=time.time_ns() // 1_000_000 - EARLIER_MS)


def load_products(running: Running, workload: Workload) -> None:
    """Send all products, and wait until all are shown. Raises FreshlineError if some are not."""
    sender = Sender(running.place.kafka)
    sender.send_all(workload.products())
    sender.close()
    if wrong := until_settled(running, workload, seconds_max=LOAD_SECONDS_MAX).wrong:
        raise FreshlineError(f"products of the catalogue are not shown: {wrong}")
