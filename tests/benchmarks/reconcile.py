"""The cost of reconciling catalogues of several sizes: time, memory, and the waits of the event loop meanwhile."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.points import point_version
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.reconcile.compare import ComparisonContext
from stream.reconcile.run import reconcile
from stream.runtime.jobs import Step
from stream.state_files.records import StateRecord, publish_states
from tests.support.running_broker import new_broker
from workers.clock import SystemClock
from workers.embedder.fake import FakeEmbedder
from workers.index.edge.open import open_edge
from workers.point.plan import plan
from workers.query_gate import QueryGate
from workers.state.fold import fold
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.running_broker import RunningBroker
    from workers.index.interface import Index

PARTITIONS = 4
EPOCH = 1
SIZES = (10_000, 40_000)
SAMPLE_INTERVAL_S = 0.005
OFFERS = 4
NOW_MS = 1_800_000_000_000


class FixedTimeOfDay(SystemClock):
    """A clock whose time of day is that of the items, while its monotonic time passes."""

    def now_ms(self) -> int:
        return NOW_MS


def measure(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Return by number of items: seconds, CPU seconds, growth of private memory in MB, and waits of the loop in ms."""
    return [_measured(size) for size in sizes]


def _measured(items: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        broker = new_broker("embedded", Path(folder)).start()
        try:
            return asyncio.run(_run(broker, Path(folder), items))
        finally:
            broker.kill()


class _AllIndexed(NamedTuple):
    items: int

    def indexed(self, number: int) -> int:
        return self.items


async def _run(broker: RunningBroker, folder: Path, items: int) -> dict[str, Any]:
    ensure_topics(broker.settings(partitions=PARTITIONS))
    index = open_edge(folder / "index", model=FakeEmbedder().model)
    await _fill(broker, index, items)
    compared = ComparisonContext(
        index=index,
        epoch=EPOCH,
        watermark=_AllIndexed(items),
        shop_currency=None,
        clock=FixedTimeOfDay(),
        kafka=broker.cluster,
        partitions=PARTITIONS,
    )
    waits: list[float] = []
    watching = asyncio.create_task(_watch(waits))
    began_cpu_s = time.process_time()
    with _growth() as growth:
        result = await reconcile(compared, folder / "reconcile", Step(SystemClock()), QueryGate(), repair=False)
    watching.cancel()
    await index.close()
    assert result["found"]["outcomes"]["up_to_date"] == items, result
    waits.sort()
    return {
        "items": items,
        "seconds": result["seconds"],
        "cpu_seconds": round(time.process_time() - began_cpu_s, 2),
        "growth_mb": round(growth[-1], 1),
        "loop_wait_ms_p50": round(waits[len(waits) // 2], 1),
        "loop_wait_ms_p99": round(waits[len(waits) * 99 // 100], 1),
    }


async def _fill(broker: RunningBroker, index: Index, items: int) -> None:
    vector, offsets = np.full(FakeEmbedder().model.dimension, 0.05, dtype=np.float32), Counter[int]()
    for start in range(0, items, 1_000):
        states = [_state(number) for number in range(start, min(start + 1_000, items))]
        records, writes = [], []
        for state in states:
            key = state.product_id.encode()
            number = partition_of(key, PARTITIONS)
            record = ItemRecord("benchmark", state, NO_REVIEWS, {})
            records.append(StateRecord(Partition(ITEMS, number), key, encode_item(record)))
            wanted = content(state, NO_REVIEWS, partition=number, now_ms=NOW_MS, shop_currency=None)
            version = point_version(EPOCH, offsets[number])
            offsets[number] += 1
            write = plan(None, wanted, version=version, model=index.model, cached=lambda _: vector, now_ms=NOW_MS).write
            assert write is not None
            writes.append(write)
        await publish_states(broker.cluster, records, writer=b"benchmark")
        await index.write(writes)


def _state(number: int) -> ItemState:
    product_id = f"item-{number}"
    product: dict[str, Any] = {
        "title": f"Garden cake {number}",
        "brand": "Garden",
        "description": {"en": f"words {number} " * 30},
    }
    offers: list[dict[str, Any]] = [
        {"seller": f"s{seller}", "price": 9.5 + seller, "currency": "HKD"} for seller in range(OFFERS)
    ]
    state = ItemState(product_id)
    for topic, body in (("products", product), *(("prices", offer) for offer in offers)):
        value = orjson.dumps({"product_id": product_id, "updated_at": 1_790_000_000_000, **body})
        state = fold(state, parse(topic, product_id.encode(), value, arrived_at_ms=NOW_MS, event_time_ms=None))
    return state


async def _watch(waits_ms: list[float]) -> None:
    while True:
        began_s = time.perf_counter()
        await asyncio.sleep(0)
        waits_ms.append((time.perf_counter() - began_s) * 1000)
        await asyncio.sleep(SAMPLE_INTERVAL_S)


@contextmanager
def _growth() -> Iterator[list[float]]:
    """Yield the MB of private memory above that at the start; the last one is the greatest seen."""
    over, most, at_start = threading.Event(), [0.0], _private_mb()

    def sample() -> None:
        while not over.wait(SAMPLE_INTERVAL_S):
            most.append(max(most[-1], _private_mb() - at_start))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def _private_mb() -> float:
    """Return private memory without mapped files: the system takes back those of the shard when it needs memory."""
    status = Path("/proc/self/status").read_text()
    kilobytes = re.search(r"RssAnon:\s+(\d+)", status)
    assert kilobytes is not None
    return int(kilobytes[1]) / 1024
