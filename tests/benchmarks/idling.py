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
    details: dict[str, Any] = {"items": ITEMS}
    for broker in ("embedded", *(["kafka"] if os.environ.get("KAFKA_HOME") else [])):
        with data_dir() as settings, running(settings.model_copy(update={"broker": broker})) as stack:
            _fill(stack)
            percent = _idle_percent(stack)
        figures.append(Figure(f"{broker}: all processes", sum(percent.values()), "% of a core", CORE_PERCENT_GOAL))
        details[broker] = percent
    return figures, details | {"load_after": os.getloadavg()}


def _fill(stack: Running) -> None:
    """Send some products until all of them have their vectors, so that the model is there as well."""
    workload, sender = new_workload(catalogue()), Sender(stack.kafka)
    sender.send_all(islice(workload.products(), ITEMS))
    sender.close()
    stack.until_quiet()


def _idle_percent(stack: Running) -> dict[str, float]:
    """Return the percentage of a core by process, over some time after the stack has settled."""
    time.sleep(SETTLE_SECONDS)
    before, began_s = _used(stack), time.monotonic()
    time.sleep(SECONDS)
    after, seconds = _used(stack), time.monotonic() - began_s
    return {name: 100 * (used_s - before.get(name, 0.0)) / seconds for name, used_s in after.items()}


def _used(stack: Running) -> dict[str, float]:
    """Return the processor seconds of each process, by its number and what it is called with."""
    times = ((process, process.cpu_times()) for process in stack.processes())
    return {f"{process.pid} {' '.join(process.cmdline()[:4])}": each.user + each.system for process, each in times}
