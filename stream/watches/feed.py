"""Keeps the watches of a process equal to the topic's, and ends those that have expired."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import ForeignRecord
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.topics import WATCHES
from stream.watches.watch_log import watch_in
from workers.retry import BROKER_BACKOFF, every, until_available

if TYPE_CHECKING:
    from prometheus_client import Gauge

    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from stream.watches.alert_feed import AlertFeed
    from stream.watches.watch_log import WatchLog
    from workers.clock import Clock
    from workers.watches.watch_set import WatchSet

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 100
"""The time that a fetch waits. A watch that another process took is in force here that much later, and again a little.
"""
EXPIRY_INTERVAL_S = 10.0
"""An expired watch raises no alert before it is ended either."""


class WatchFeed:
    """Reads the topic of watches."""

    def __init__(
        self,
        watches: WatchSet,
        written: WatchLog,
        alerts: AlertFeed,
        *,
        kafka: Cluster,
        partitions: int,
        clock: Clock,
        gauge: Gauge,
        others_write: bool,
    ) -> None:
        """`others_write`: other processes take watches as well, so the topic must be followed."""
        self._watches = watches
        self._written = written
        self._alerts = alerts
        self._kafka = kafka
        self._clock = clock
        self._gauge = gauge
        self._others_write = others_write
        self._positions = dict.fromkeys(all_partitions(WATCHES, each=partitions), 0)

    async def load(self) -> None:
        """Read the topic to its end, before the first item is written: no alert is missed. Raises Unavailable."""
        async with Reader(self._kafka) as reader:
            reader.assign(self._positions)
            async for records in reader.read_to_end():
                self._apply(records)
            self._positions = reader.positions
        log.info("watches read", watches=len(self._watches))

    async def run(self) -> None:
        """Follow the topic if other processes write it, and end what has expired, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(every(EXPIRY_INTERVAL_S, self.end_expired, "watches not ended"))
            if self._others_write:
                tasks.create_task(until_available(self._follow, "watches wait", BROKER_BACKOFF))

    async def _follow(self) -> None:
        async with Reader(self._kafka, fetch_wait_ms=FETCH_WAIT_MS) as reader:
            reader.assign(self._positions)
            async for records in reader.follow():
                self._apply(records)
                self._positions = reader.positions

    def _apply(self, records: list[Record]) -> None:
        for record in records:
            try:
                watch_id, watch = watch_in(record.key, record.value)
            except ForeignRecord as error:  # It is nobody's watch.
                log.warning("watch passed over", offset=record.offset, error=str(error))
                continue
            if watch is not None:
                self._watches.put(watch)
            else:
                self._watches.remove(watch_id)
                self._alerts.end(watch_id)
        self._gauge.set(len(self._watches))

    async def end_expired(self) -> None:
        """End the watches that have expired. Several processes may do so: the same tombstone once more changes nothing.

        Raises Unavailable.
        """
        now_ms = self._clock.now_ms()
        for watch in [each for each in self._watches if each.record.expires_at_ms <= now_ms]:
            await self._written.end(watch.watch_id)
            self._watches.remove(watch.watch_id)
            self._alerts.end(watch.watch_id)
        self._gauge.set(len(self._watches))
