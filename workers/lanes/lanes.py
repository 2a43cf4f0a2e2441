"""Item records into the index, by the lanes `vanishing`, `arrived`, `texts` and `backfill`.

A lane is the queue of one priority together with the rule of when it is written. An item record is acked once its point
is in the index with payload and lexical vector; dense vectors come by a lane of their own, `workers.lanes.embedding`.
New texts are written in small chunks, so that a price never waits for many of them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.lanes import lane_order
from workers.lanes.lane_order import LaneBounds, PriorityQueues
from workers.lanes.sinks import Written
from workers.pace import Pace

if TYPE_CHECKING:
    from workers.clock import Clock
    from workers.lanes.item_writer import ItemWriter, Left
    from workers.lanes.pending_item import PendingItem
    from workers.lanes.sinks import Sink

BEHIND_SECONDS = 0.5
"""A flood comes in waves: between two of them the lanes count as behind all the same."""

WRITTEN = Written()


class LanePressure:
    """The pressure on the lanes of one collection: while it is high, embedding leaves the processor to them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._behind_until_s = 0.0

    def rise(self) -> None:
        """Note that more items wait now than are written at once."""
        self._behind_until_s = self._clock.monotonic_s() + BEHIND_SECONDS

    @property
    def behind(self) -> bool:
        """True if more items wait than are written at once, or did within the last half second."""
        return self._clock.monotonic_s() < self._behind_until_s

    async def caught_up(self) -> None:
        """Return once the lanes are not behind."""
        while self.behind:  # noqa: ASYNC110 -- time alone ends it
            await asyncio.sleep(self._behind_until_s - self._clock.monotonic_s())


class Lanes:
    """The lanes of one collection."""

    def __init__(
        self,
        writer: ItemWriter,
        *,
        sink: Sink,
        pressure: LanePressure,
        clock: Clock,
        bounds: LaneBounds | None = None,
    ) -> None:
        self._writer = writer
        self._sink = sink
        self._pressure = pressure
        self._pace = Pace(clock)
        self._bounds = bounds or lane_order.BOUNDS
        self._queues = PriorityQueues(self._bounds)

    def __len__(self) -> int:
        """Return how many items wait, without those of the backfill."""
        return len(self._queues)

    @property
    def depths(self) -> dict[str, int]:
        """The number of items that wait in each lane, by falling priority."""
        return self._queues.depths

    async def put(self, pending: PendingItem) -> None:
        """Add a record to the lanes; wait while they are full."""
        await self._queues.put(pending)

    async def put_backfill(self, pending: PendingItem) -> None:
        """Add a record that nobody waits for; wait while its lane is full."""
        await self._queues.put_backfill(pending)

    def abandon(self) -> None:
        """Ack everything that waits or comes, unwritten: the collection is gone, and `run` has ended."""
        self._queues.abandon()

    async def run(self) -> None:
        """Write until cancelled. Raises errors that only a restart can repair."""
        waiting = self._queues
        while True:
            await waiting.filled()
            while len(waiting) or waiting.backfill:
                await self._step()
                self._sink.note(WRITTEN)
                waiting.made_room()
                # Waiting items are written as soon as they may be: a rest only lets more of them come.
                if waiting.arrived or waiting.texts or waiting.backfill:
                    await asyncio.sleep(0)
                else:
                    await self._pace.rest()

    async def _step(self) -> None:
        """Write something of each lane that has the right of way."""
        waiting = self._queues
        if len(waiting) > self._bounds.batch_items_max:
            self._pressure.rise()
        if arrived := waiting.take_arrived():
            self._put_left(await self._writer.write_arrived(arrived))
        if waiting.texts:
            self._put_left(await self._writer.write_texts(waiting.take_texts()))
        elif waiting.backfill:
            self._put_left(await self._writer.write_backfill(waiting.take_backfill()))

    def _put_left(self, left: Left) -> None:
        self._queues.put_texts(left.texts)
        for pending in left.missed:
            self._queues.put_now(pending)
