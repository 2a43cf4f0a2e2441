"""The alerts of the last time, and the streams of those who wait for the next ones."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

import structlog
from pydantic import ValidationError

from schemas.watches import Alert
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.topics import ALERTS
from workers.retry import BROKER_BACKOFF, until_available

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from stream.kafka.cluster import Cluster

log = structlog.get_logger(__name__)

READ_MAX = 1_000
"""The most records of a partition that are read at the start."""
FETCH_WAIT_MS = 50


class AlertFeedBounds(NamedTuple):
    """The bounds on what an alert feed keeps."""

    recent_max: int = 10_000
    """The most alerts that are remembered, some 600 bytes each: to leave out what comes twice, and for who comes back.
    """
    queued_max: int = 100
    """The most alerts that wait for a stream. One that reads slower ends, and comes back with the last id that it had.
    """
    streams_max: int = 1_000


BOUNDS = AlertFeedBounds()


class _Stream:
    """The alerts that wait for one client."""

    def __init__(self, alerts: Iterable[Alert], queued_max: int) -> None:
        self._waiting = deque(alerts)
        self._queued_max = queued_max
        self._ended = False
        self._changed = asyncio.Event()

    def put(self, alert: Alert) -> None:
        """Add an alert. A stream that is full ends with the last one that waits, so that it can go on from there."""
        if len(self._waiting) >= self._queued_max:
            self._ended = True
        elif not self._ended:
            self._waiting.append(alert)
        self._changed.set()

    def end(self) -> None:
        """End the stream once what waits has been read."""
        self._ended = True
        self._changed.set()

    async def next(self) -> Alert | None:
        """Return the next alert, once there is one; None at the end."""
        while not self._waiting and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft() if self._waiting else None


class AlertFeed:
    """Gives each alert once to each stream of its watch."""

    def __init__(
        self, kafka: Cluster, partitions: int, *, others_write: bool, bounds: AlertFeedBounds = BOUNDS
    ) -> None:
        """`others_write`: other processes send alerts as well, so the topic must be followed."""
        self._kafka = kafka
        self._partitions = partitions
        self._others_write = others_write
        self._bounds = bounds
        self._recent: OrderedDict[str, Alert] = OrderedDict()
        self._streams: dict[str, list[_Stream]] = {}
        self._closed = False

    @property
    def full(self) -> bool:
        """True if a further stream must be refused."""
        return sum(map(len, self._streams.values())) >= self._bounds.streams_max

    def deliver(self, alert: Alert) -> None:
        """Give an alert to the streams of its watch, unless they were given it already."""
        if alert.id in self._recent:
            return
        self._recent[alert.id] = alert
        while len(self._recent) > self._bounds.recent_max:
            self._recent.popitem(last=False)
        for stream in self._streams.get(alert.watch_id, ()):
            stream.put(alert)

    def end(self, watch_id: str) -> None:
        """End the streams of a watch that has ended."""
        for stream in self._streams.get(watch_id, ()):
            stream.end()

    async def alerts(self, watch_id: str, after: str | None) -> AsyncIterator[Alert]:
        """Yield the alerts of a watch from now on, or those after the one with the id `after`, until it ends.

        If that one is not remembered, all that are come first: some may come twice.
        """
        stream = _Stream([] if after is None else self._after(watch_id, after), self._bounds.queued_max)
        if self._closed:
            return
        self._streams.setdefault(watch_id, []).append(stream)
        try:
            while (alert := await stream.next()) is not None:
                yield alert
        finally:
            self._streams[watch_id].remove(stream)
            if not self._streams[watch_id]:
                del self._streams[watch_id]

    def close(self) -> None:
        """End all streams, because the process ends. Idempotent."""
        self._closed = True
        for watch_id in list(self._streams):
            self.end(watch_id)

    async def run(self) -> None:
        """Read the last alerts, then follow the topic if other processes write it, until cancelled."""
        await until_available(self._read, "alerts wait", BROKER_BACKOFF)

    async def _read(self) -> None:
        async with Reader(self._kafka, fetch_wait_ms=FETCH_WAIT_MS) as reader:
            reader.assign(dict.fromkeys(all_partitions(ALERTS, each=self._partitions), 0))
            ends = await reader.end_offsets()
            reader.assign({partition: max(0, end - READ_MAX) for partition, end in ends.items()})
            async for records in reader.follow() if self._others_write else reader.read_to(ends):
                for record in records:
                    self._hear(record.value)

    def _hear(self, value: bytes | None) -> None:
        try:
            self.deliver(Alert.model_validate_json(value or b""))
        except ValidationError:  # Another program wrote it.
            log.warning("alert passed over")

    def _after(self, watch_id: str, after: str) -> list[Alert]:
        known = [alert for alert in self._recent.values() if alert.watch_id == watch_id]
        first = next((number for number, alert in enumerate(known, start=1) if alert.id == after), 0)
        return known[first:]
