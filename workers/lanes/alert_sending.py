"""The alert lane: it sends the alerts that points have, from the index itself, so that they survive crashes.

This module enforces docs/invariants.md#10.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from workers.index.writes import Reprice
from workers.lanes.alert_raising import RaisedAlert
from workers.lanes.sinks import AlertsRaised, AlertsSent
from workers.retry import Backoff, until_available
from workers.watches.watch_set import Side, newly_matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from workers.clock import Clock
    from workers.index.interface import Index
    from workers.lanes.alert_raising import AlertRaiser
    from workers.lanes.assigned import AssignedPartitions
    from workers.lanes.sinks import Alerts, LaneEvent, Sink
    from workers.watches.watch import Watch
    from workers.watches.watch_set import WatchSet

BATCH_ITEMS_MAX = 64
LOOK_INTERVAL_S = 5.0
"""The time between two looks without being woken, which find the alerts that a worker left when it ended."""
BACKOFF = Backoff(0.1, 1.0)
"""The waits while the broker or the index is away. The alerts are still in the index."""
SENT_KNOWN_MAX = 10_000
"""The most alerts that are remembered as sent, some 200 bytes each. A write that was planned before an alert was
cleared brings it back."""


class AlertLane:
    """Sends the pending alerts (`alerts_due`) of the points of assigned partitions, and clears them once the broker has
    them.

    Search shows what these points hold, so no alert comes before search shows its item. An item that matches no longer
    when its alert is to be sent gets none.
    """

    def __init__(
        self,
        index: Index,
        watches: WatchSet,
        alerts: Alerts,
        *,
        alert_raiser: AlertRaiser,
        assigned: AssignedPartitions,
        clock: Clock,
        sink: Sink,
    ) -> None:
        self._index = index
        self._watches = watches
        self._alerts = alerts
        self._alert_raiser = alert_raiser
        self._assigned = assigned
        self._clock = clock
        self._sink = sink
        self._woken = asyncio.Event()
        self._sent: OrderedDict[str, None] = OrderedDict()

    def note(self, event: LaneEvent) -> None:
        """Wake the lane once a point has been written that has alerts."""
        if isinstance(event, AlertsRaised):
            self._woken.set()

    async def run(self) -> None:
        """Send alerts until cancelled."""
        while True:
            self._woken.clear()
            sent = await until_available(self.send_batch, "alerts wait", BACKOFF)
            await (asyncio.sleep(0) if sent else self._rest())

    async def send_batch(self) -> int:
        """Send the alerts of some points, the oldest first, and return the number of points. Raises Unavailable."""
        partitions = self._assigned.partitions
        if not partitions or not len(self._watches):
            return 0
        found = await self._index.pending_alerts(partitions, BATCH_ITEMS_MAX)
        ends = await asyncio.gather(*(self._send(point) for point in found), return_exceptions=True)
        await self._clear([point for point, end in zip(found, ends, strict=True) if end is None])
        for end in ends:
            if end is not None:
                raise end
        return len(found)

    async def _send(self, point: Payload) -> None:
        product_id, due = point["product_id"], [RaisedAlert.parsed(each) for each in point["alerts_due"] or ()]
        named = {each.alert_id(product_id): self._watches.get(each.watch_id) for each in due}
        watches = {alert_id: watch for alert_id, watch in named.items() if watch is not None}
        matching = {each.watch_id for each in self._still_matching(list(watches.values()), point)}
        raised = [
            (watch, alert_id)
            for alert_id, watch in watches.items()
            if watch.watch_id in matching and alert_id not in self._sent
        ]
        if not raised:
            return
        await self._alerts.send(point, raised)
        for _, alert_id in raised:
            self._sent[alert_id] = None
        while len(self._sent) > SENT_KNOWN_MAX:
            self._sent.popitem(last=False)
        now_ms = self._clock.now_ms()
        self._sink.note(AlertsSent(len(raised), max(0, now_ms - (point["alerts_due_at_ms"] or now_ms)) / 1000))

    def _still_matching(self, watches: list[Watch], point: Payload) -> list[Watch]:
        return newly_matching(watches, Side(None), Side(point), self._clock.now_ms())

    async def _clear(self, points: Sequence[Payload]) -> None:
        """Clear the alerts of points, but of one that has others by now: the next batch has it again."""
        if not points:
            return
        async with self._alert_raiser.turn:
            heads = await self._index.heads([point["product_id"] for point in points])
            cleared = {"alerts_due": None, "alerts_due_at_ms": None}
            await self._index.write(
                [
                    Reprice(head["product_id"], head["version"], cleared)
                    for point in points
                    if (head := heads.get(point["product_id"])) and head["alerts_due"] == point["alerts_due"]
                ]
            )

    async def _rest(self) -> None:
        """Wait to be woken. Without a watch there is nothing to look for; else leftovers are looked for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_INTERVAL_S if len(self._watches) else None):
                await self._woken.wait()
