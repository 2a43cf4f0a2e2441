"""The processor time that a whole stack uses while nothing happens, on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.peers.measure import Sender
from tests.benchmarks.peers.staging import new_workload
from tests.benchmarks.running import data_dir, running

if TYPE_CHECKING:
    from tests.benchmarks.running import Running

ITEMS = 500
SETTLE_SECONDS, SECONDS = 15.0, 40.0
CORE_PERCENT_GOAL = Goal(3.0)


def measure() -> tuple[list[Figure], dict[str, Any]]:
    """Return the percentage of a core that all processes of a stack with some items take, the broker among them."""
    figures: list[Figure] = []
    for broker in ("embedded", *(["kafka"] if os.environ.get("KAFKA_HOME") else [])):
        with data_dir() as settings, running(settings.model_copy(update={"broker": broker})) as stack:
            _fill(stack)
            figures += _idle(stack, broker)
    return figures, {"items": ITEMS, "load_after": os.getloadavg()}


def _fill(stack: Running) -> None:
    """Send some products until all of them have their vectors, so that the model is there as well."""
    workload, sender = new_workload(catalogue()), Sender(stack.kafka)
    sender.send_all(islice(workload.products(), ITEMS))
    sender.close()
    stack.until_quiet()


def _idle(stack: Running, broker: str) -> list[Figure]:
    time.sleep(SETTLE_SECONDS)
    before, began_s = _used(stack), time.monotonic()
    time.sleep(SECONDS)
    after, seconds = _used(stack), time.monotonic() - began_s
    each = {name: 100 * (used_s - before.get(name, 0.0)) / seconds for name, used_s in after.items()}
    return [
        Figure(f"{broker}: all processes", sum(each.values()), "% of a core", CORE_PERCENT_GOAL),
        *(Figure(f"{broker}: {name}", percent, "% of a core") for name, percent in each.items()),
    ]


def _used(stack: Running) -> dict[str, float]:
    """Return the processor seconds of each process, by name and number."""
    times = ((process, process.cpu_times()) for process in stack.processes())
    return {f"{process.name()} {process.pid}": each.user + each.system for process, each in times}
