"""Changes a hidden item in each partition every few seconds, and searches for it until the change is shown.

The price of the item goes the way of every price: broker, items worker, item log, index worker, index. Nothing inside
reports on it; a search over HTTP does. So a part that stands still without a sign of it is noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from statistics import median
from typing import TYPE_CHECKING, Protocol

import orjson
import structlog
from aiokafka.errors import KafkaError

from schemas.canaries import CANARY_HEADER
from schemas.errors import Unavailable
from stream.api.canary.models import CanaryReport
from stream.api.canary.names import canary_id
from stream.items.arrival import LOG_APPEND_TIME
from stream.kafka.partitions import Partition
from workers.sources.sources import IN_OWN_FORMAT

if TYPE_CHECKING:
    from stream.api.context import ServingContext
    from stream.kafka.send import RecordSender

log = structlog.get_logger(__name__)

TOPIC = "prices"
HEADERS = [*IN_OWN_FORMAT, (CANARY_HEADER, b"1")]
INTERVALS_S = {"embedded": 60.0, "kafka": 10.0}
"""The time between two changes of a canary if nothing else is set. A record ends the rest of an idle consumer of the
embedded broker for two seconds, which costs a stack without changes some 6% of a core if it happens every ten."""
CHANGES_PER_SECOND_MAX = 2
"""The most changes of all canaries together: with many partitions each canary is changed less often."""
OTHERS_SHARE = 0.9
"""A change younger than this share of the interval comes from another process, and is enough."""
LOOK_AGAIN_S, LOOK_AGAIN_S_MAX = 0.05, 2.0
"""The time after which a search is repeated that does not show a change which it should show; it doubles each time."""
LATE_S = 30.0
"""After this time a change is given up, as it may be lost, and another one is made."""
STALL_S = 10.0
"""A canary that is overdue for longer stands still."""
SETTLE_S = 0.25
"""The time for which a count of what waits is put off while canaries are under way."""
REMEMBERED = 100


class CanarySearch(Protocol):
    """Searches for canaries from outside. `LoopbackSearch` does."""

    async def shown_stamp_ms(self, number: int) -> int:
        """Return the `updated_at` of the change of a partition's canary that a search shows; -1 if it shows none.

        Raises Unavailable if nothing answers.
        """


class Canary:
    """The hidden item of one partition."""

    def __init__(self, number: int, partitions: int, began_at_s: float) -> None:
        self.partition = Partition(TOPIC, number)
        self.product_id = canary_id(number, partitions)
        self.stamp_ms = -1
        """The `updated_at` of the newest change that a search has shown."""
        self.shown_at_s = began_at_s
        """The time at which a search first showed that change, by the monotonic clock."""


class CanaryProbe:
    """Keeps one canary in each partition, and measures how long search takes to show its changes."""

    def __init__(self, context: ServingContext, sender: RecordSender) -> None:
        self._context = context
        self._sender = sender
        settings, self._began_at_s = context.settings, context.clock.monotonic_s()
        partitions, wanted_s = settings.partitions, settings.canary_seconds
        if wanted_s is None:
            wanted_s = INTERVALS_S[settings.broker_kind]
        self._interval_s = max(wanted_s, partitions / CHANGES_PER_SECOND_MAX) if wanted_s else 0.0
        numbers = range(partitions) if wanted_s else ()
        self._canaries = [Canary(number, partitions, self._began_at_s) for number in numbers]
        self._took_s: deque[float] = deque(maxlen=REMEMBERED)
        self._under_way = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self.broker_ahead_s: float | None = None
        """The lead of the broker's clock over ours at the last change, in seconds; None where it stamps no records."""
        context.metrics.canary.overdue.set_function(lambda: self._overdue_s(self._canaries))

    async def run(self, search: CanarySearch) -> None:
        """Change the canaries and search for them until cancelled; return at once where they are off."""
        async with asyncio.TaskGroup() as tasks:
            for canary in self._canaries:
                tasks.create_task(self._change_and_look(canary, search))

    async def settle(self) -> None:
        """Return once no change of a canary is under way, or after a moment: it is nothing that waits for a person."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await self._settled.wait()

    def report(self) -> CanaryReport:
        """Return the times that the last changes took, and the partitions that are late."""
        late = [each.partition.number for each in self._canaries if self._overdue_s([each]) > STALL_S]
        return CanaryReport(
            interval_seconds=self._interval_s,
            last_seconds=round(self._took_s[-1], 4) if self._took_s else None,
            median_seconds=round(median(self._took_s), 4) if self._took_s else None,
            overdue_seconds=round(self._overdue_s(self._canaries), 1),
            overdue_partitions=late,
        )

    def _overdue_s(self, canaries: list[Canary]) -> float:
        now_s = self._context.clock.monotonic_s()
        return max((max(0.0, now_s - each.shown_at_s - self._interval_s) for each in canaries), default=0.0)

    async def _change_and_look(self, canary: Canary, search: CanarySearch) -> None:
        while True:
            began_s = self._context.clock.monotonic_s()
            try:
                async with asyncio.timeout(LATE_S):
                    await self._round(canary, search)
            except TimeoutError:
                self._context.metrics.canary.late.inc()
                log.warning("canary is late", topic=TOPIC, partition=canary.partition.number, seconds=LATE_S)
            except (Unavailable, KafkaError) as error:
                log.info("canary was not looked for", partition=canary.partition.number, error=str(error))
            except Exception:  # A watch must not end the process that it watches.
                log.exception("bug in the canary", partition=canary.partition.number)
            took_s = self._context.clock.monotonic_s() - began_s
            await asyncio.sleep(max(LOOK_AGAIN_S, self._interval_s - took_s))

    async def _round(self, canary: Canary, search: CanarySearch) -> None:
        """Look for the canary; if nobody changed it lately, change it, and search until the change is shown."""
        await self._look(canary, search)
        now_ms = self._context.clock.now_ms()
        if now_ms - canary.stamp_ms < OTHERS_SHARE * self._interval_s * 1000:
            return
        stamp_ms = max(now_ms, canary.stamp_ms + 1)  # A clock that was set back would make a stale event.
        began_s = self._context.clock.monotonic_s()
        self._under_way += 1
        self._settled.clear()
        try:
            await self._change(canary, stamp_ms)
            await self._look_until_shown(canary, stamp_ms, search)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._settled.set()
        self._took_s.append(canary.shown_at_s - began_s)
        self._context.metrics.canary.took.observe(canary.shown_at_s - began_s)

    async def _change(self, canary: Canary, stamp_ms: int) -> None:
        """Send a change, and return when the watermark says that it is searchable, which the caller does not trust."""
        key, value = canary.product_id.encode(), canary_event(canary.product_id, stamp_ms)
        sent_at_ms = self._context.clock.now_ms()
        written = await (await self._sender.send(TOPIC, key, value, canary.partition.number, HEADERS))
        if written.timestamp_type == LOG_APPEND_TIME and written.timestamp is not None:
            self.broker_ahead_s = ahead_s(written.timestamp, sent_at_ms, self._context.clock.now_ms())
        await self._context.watermark.reaches(canary.partition, written.offset)

    async def _look_until_shown(self, canary: Canary, stamp_ms: int, search: CanarySearch) -> None:
        await self._look(canary, search)
        wait_s = LOOK_AGAIN_S
        while canary.stamp_ms < stamp_ms:
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LOOK_AGAIN_S_MAX)
            await self._look(canary, search)

    async def _look(self, canary: Canary, search: CanarySearch) -> None:
        """Search for the canary, and note the change that is shown."""
        stamp_ms = await search.shown_stamp_ms(canary.partition.number)
        if stamp_ms > canary.stamp_ms:
            canary.stamp_ms, canary.shown_at_s = stamp_ms, self._context.clock.monotonic_s()


def ahead_s(stamped_ms: int, sent_at_ms: int, confirmed_at_ms: int) -> float:
    """Return the seconds by which a clock is ahead that stamped a record between two times of ours, below 0 if it is
    behind; 0 if the stamp lies between them."""
    return (max(0, stamped_ms - confirmed_at_ms) - max(0, sent_at_ms - stamped_ms)) / 1000


def canary_event(product_id: str, stamp_ms: int) -> bytes:
    """Return an event that changes the price of a canary."""
    price = f"{stamp_ms % 1_000_000 / 100:.2f}"
    return orjson.dumps({"product_id": product_id, "price": price, "currency": "EUR", "updated_at": stamp_ms})
