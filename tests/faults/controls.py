"""Two workers that are wrong on purpose: a harness that passed them would prove nothing."""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faust.transport.drivers import aiokafka as driver

import stream.items.process as items
from stream.agents.transport import Consumer
from stream.items.worker import ItemsWorker
from stream.kafka.offset_tracker import OffsetTracker

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW = "folds-are-slow"
"""The worker is slow while this file exists."""
TAKE = 25
BATCH_FAILS_EVERY = 40
SLOW_EVERY = 10
SLOW_SECONDS = 6.0


def take_batches() -> None:
    """Use Faust's `take`, and let one batch in forty fail on request: it acks in a `finally`, and commits past gaps."""
    may_fail = Path(os.environ["UP_TEST_DIR"]) / "batches-fail"
    for name in ("_filter_tps_with_pending_acks", "_new_offset"):
        setattr(Consumer, name, getattr(driver.Consumer, name))
    numbers = itertools.count(1)

    def connect(parts: Any, topics: Any, worker: Any) -> None:
        async def agent(stream: Any) -> None:
            async for batch in stream.take_events(TAKE, within=0.1):
                if may_fail.exists() and next(numbers) % BATCH_FAILS_EVERY == 0:
                    raise RuntimeError("this batch fails")
                for event in batch:
                    await worker.handle(event.message.batch)

        async def assigned(_app: Any, /, *arguments: Any, signal: Any, **_: Any) -> None:
            worker.assign({tp.partition for tp in arguments[0] if tp.topic == topics[0]})

        parts.transport.start_with(worker)
        for topic in topics:
            raw = parts.app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
            parts.app.agent(raw, name=topic)(agent)
        parts.app.on_partitions_assigned.connect(assigned, weak=False)
        parts.app.finalize()

    items.connect = connect  # type: ignore[attr-defined]


def slow_folds() -> None:
    """Make every tenth event slow on request, so that events are acked out of order. This is no fault."""
    slow_now = Path(os.environ["UP_TEST_DIR"]) / SLOW
    numbers = itertools.count(1)
    real = ItemsWorker._handle_delivered
    folding: set[asyncio.Task[None]] = set()

    async def later(self: ItemsWorker, seconds: float, *arguments: Any) -> None:
        await asyncio.sleep(seconds)
        await real(self, *arguments)

    async def handle(self: ItemsWorker, *arguments: Any) -> None:
        slow = next(numbers) % SLOW_EVERY == 0 and slow_now.exists()
        task = asyncio.create_task(later(self, SLOW_SECONDS if slow else 0, *arguments))
        folding.add(task)
        task.add_done_callback(folding.discard)

    worker: Any = ItemsWorker
    worker._handle_delivered = handle


def acks_out_of_order() -> None:
    """Make events slow, and let the tracker forget the unacked events below the last acked one."""
    slow_folds()

    def ack(self: OffsetTracker, offset: int) -> None:
        self._acked.add(offset)
        while self._in_flight and self._in_flight[0] <= offset:
            self._in_flight.popleft()

    OffsetTracker.ack = ack  # type: ignore[method-assign]


CONTROLS: dict[str, Callable[[], None]] = {
    "take-batches": take_batches,
    "acks-out-of-order": acks_out_of_order,
    "slow-folds": slow_folds,
}
