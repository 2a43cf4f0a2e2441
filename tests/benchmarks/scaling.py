"""The rate of price changes with 100,000 items against that with 10,000, and the memory that an item takes."""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal, repeated
from tests.benchmarks.peers.measure import Sender
from tests.benchmarks.peers.staging import new_workload
from tests.benchmarks.running import data_dir, running

if TYPE_CHECKING:
    from tests.benchmarks.peers.workload import Workload
    from tests.benchmarks.running import Memory, Running

FEW, MANY = 10_000, 100_000
PRICES, FLOODS = 9_000, 3
"""The prices of random items that are sent at once, and how many times."""
RATIO_GOAL = Goal(0.8, at_least=True)
PROCESSES = ("stream.items", "stream.index")


class _Size(NamedTuple):
    """The figures with so many items."""

    items: int
    per_second: list[float]
    memory: dict[str, Memory]


def measure() -> tuple[list[Figure], dict[str, Any]]:
    """Load 10,000 items and then 90,000 more, with vectors that no model makes; send prices at once after each."""
    with data_dir() as settings, running(settings.model_copy(update={"embedder": "fake"})) as stack:
        workload, sender = new_workload(catalogue(MANY)), Sender(stack.kafka)
        products = workload.products()
        few, many = [_measured(stack, sender, workload, products, items) for items in (FEW, MANY)]
        sender.close()
    ratio = float(np.median(many.per_second) / np.median(few.per_second))
    figures = [
        *(repeated(f"prices at once, {size.items:,} items", size.per_second, "/s") for size in (few, many)),
        Figure(f"{MANY:,} items against {FEW:,}", ratio, "", RATIO_GOAL),
        *(Figure(f"memory of an item, {name}", _bytes_an_item(name, few, many), "bytes") for name in PROCESSES),
    ]
    return figures, {"load_after": os.getloadavg(), "memory": {size.items: size.memory for size in (few, many)}}


def _measured(stack: Running, sender: Sender, workload: Workload, products: Any, items: int) -> _Size:
    sender.send_all(islice(products, items - len(workload.expected)))
    stack.until_quiet()
    loaded = list(workload.expected)
    per_second = [_per_second(stack, sender, workload, loaded) for _ in range(FLOODS)]
    return _Size(items, per_second, stack.memory_by_process())


def _per_second(stack: Running, sender: Sender, workload: Workload, loaded: list[str]) -> float:
    chosen = np.random.default_rng(len(loaded)).choice(loaded, PRICES, replace=False)
    prices = [workload.price(str(product_id)) for product_id in chosen]
    began_s = time.monotonic()
    sender.send_all(prices)
    stack.until_quiet()
    return PRICES / (time.monotonic() - began_s)


def _bytes_an_item(name: str, few: _Size, many: _Size) -> float:
    """Return by how much the memory that no other process shares grew for each further item."""
    return (many.memory[name].uss - few.memory[name].uss) / (many.items - few.items)
