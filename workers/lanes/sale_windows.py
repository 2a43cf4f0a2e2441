"""The sale lane: it changes prices when a sale window opens or closes, which no event announces."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.lanes.alert_raising import ChangedPoint
from workers.lanes.sinks import AlertsRaised, Repriced
from workers.point.plan import reprice
from workers.retry import unless_away

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.points import Payload
    from workers.clock import Clock
    from workers.index.interface import Index
    from workers.index.writes import Write
    from workers.lanes.alert_raising import AlertRaiser
    from workers.lanes.assigned import AssignedPartitions
    from workers.lanes.sinks import Sink

LOOK_INTERVAL_S = 0.2
BATCH_ITEMS_MAX = 256


class SaleWindows:
    """Patches the points whose window opened or closed, in the partitions that are assigned to this worker."""

    def __init__(
        self,
        index: Index,
        *,
        assigned: AssignedPartitions,
        shop_currency: str | None,
        clock: Clock,
        sink: Sink,
        alert_raiser: AlertRaiser,
    ) -> None:
        self._index = index
        self._assigned = assigned
        self._shop_currency = shop_currency
        self._clock = clock
        self._sink = sink
        self._alert_raiser = alert_raiser

    async def run(self) -> None:
        """Look for due prices several times a second, until cancelled."""
        while True:
            repriced = await unless_away(self.reprice_batch, "index away", 0)
            if repriced < BATCH_ITEMS_MAX:
                await asyncio.sleep(LOOK_INTERVAL_S)

    async def reprice_batch(self) -> int:
        """Patch one batch, and return how many prices were due."""
        partitions, now_ms = self._assigned.partitions, self._clock.now_ms()
        if not partitions:
            return 0
        async with self._alert_raiser.turn:
            due = await self._index.due_price_changes(partitions, now_ms, BATCH_ITEMS_MAX)
            repriced = [ChangedPoint(reprice(each, self._shop_currency, now_ms), each, False) for each in due]
            writes = await self._alert_raiser.with_alerts(repriced, _nothing_more)
            if writes:
                await self._index.write(writes)
        if writes:
            if any(write.payload.get("alerts_due") for write in writes):
                self._sink.note(AlertsRaised())
            turned = tuple(
                (before["product_id"], before["price_changes_at_ms"] or now_ms)
                for before, changed in zip(due, repriced, strict=True)
                if _changes_price(before, changed.write)
            )
            self._sink.note(Repriced(len(writes), turned, self._clock.now_ms()))
        return len(writes)


def _changes_price(before: Payload, write: Write) -> bool:
    """Return whether the item has another price: the window of a dearer offer changes none."""
    return (write.payload["price"], write.payload["currency"]) != (before["price"], before["currency"])


async def _nothing_more(_: Sequence[str]) -> Mapping[str, Payload]:
    """Read nothing: due price changes come with their whole points."""
    return {}
