"""The feed of snapshots: one a second for all viewers together, and none without viewers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson
import structlog
from fastapi.sse import format_sse_event

from schemas.errors import FreshlineError
from stream.progress.recent_freshness import TOTAL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stream.api.dashboard.models import Snapshot

log = structlog.get_logger(__name__)

INTERVAL_S = 1.0
POINTS_MAX = 300
"""The points of the charts that a new viewer is given: five minutes."""
VIEWERS_MAX = 100
"""A viewer beyond these is refused: each one costs some processor time a second."""

POINTS_S = 300.0
"""The age at which a point is dropped. A count alone would not do, since no points are made while nobody watches."""
RECONNECT_MS = 1_000
"""The time after which a browser asks again once the stream has ended."""


class Point(NamedTuple):
    """The figures of the charts at one moment."""

    at_s: float
    values: list[float | None]


class SnapshotSource(Protocol):
    """Measures the figures of a snapshot."""

    async def snapshot(self, before: Snapshot | None) -> Snapshot:
        """Return the snapshot of now; `before` is the one before, None at first. Raises FreshlineError."""


class SnapshotFeed:
    """Computes a snapshot a second while somebody watches, and gives each viewer the newest one.

    A viewer that reads slowly misses snapshots and is never waited for: nothing queues.
    """

    def __init__(
        self, source: SnapshotSource, *, interval_s: float = INTERVAL_S, viewers_max: int = VIEWERS_MAX
    ) -> None:
        self._viewers_max = viewers_max
        self._source = source
        self._interval_s = interval_s
        self._newest: bytes | None = None
        self._number = 0
        self._came = asyncio.Condition()
        self._points: deque[Point] = deque(maxlen=POINTS_MAX)
        self._viewers = 0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def full(self) -> bool:
        """True if a further viewer must be refused."""
        return self._viewers >= self._viewers_max

    async def watch(self) -> AsyncGenerator[bytes]:
        """Yield the points of the charts so far, and then each new snapshot, until the feed closes.

        They are server-sent events as they go over the wire, formatted once for all viewers. The generator must be
        closed by the caller, as a viewer counts until then.
        """
        self._viewers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="dashboard")
        try:
            yield frame("points", orjson.dumps([[at_s, *values] for at_s, values in self._points]).decode())
            seen = self._number
            while not self._closed:
                async with self._came:
                    await self._came.wait_for(lambda: self._closed or self._number > seen)  # noqa: B023
                seen = self._number
                if self._newest is not None and not self._closed:
                    yield self._newest
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._stop()

    async def close(self) -> None:
        """End all watching, because the process ends. Idempotent."""
        self._closed = True
        self._stop()
        async with self._came:
            self._came.notify_all()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        before: Snapshot | None = None
        while True:
            try:
                before = await self._source.snapshot(before)
                self._remember(_point(before))
                newest = frame("snapshot", before.model_dump_json())
            except FreshlineError as error:  # A part is away: the page says so, and the next round tries again.
                newest = frame("trouble", orjson.dumps({"message": str(error)}).decode())
            except Exception:
                log.exception("bug in the dashboard")
                message = "the snapshot failed, see the log of the API"
                newest = frame("trouble", orjson.dumps({"message": message}).decode())
            async with self._came:
                self._newest, self._number = newest, self._number + 1
                self._came.notify_all()
            await asyncio.sleep(self._interval_s)

    def _remember(self, point: Point) -> None:
        self._points.append(point)
        while self._points[0].at_s < point.at_s - POINTS_S:
            self._points.popleft()


def frame(name: str, json: str) -> bytes:
    """Return a server-sent event as it goes over the wire."""
    return format_sse_event(event=name, data_str=json, retry=RECONNECT_MS)


def _point(snapshot: Snapshot) -> Point:
    """Return the figures of a snapshot for the charts: time in s, then by topic p95 in s and events a second,
    then lag."""
    stages = [snapshot.freshness.get(topic, {}) for topic in snapshot.flow]
    totals = [of_topic[TOTAL].p95 if TOTAL in of_topic else None for of_topic in stages]
    rates = [flow.per_second for flow in snapshot.flow.values()]
    return Point(snapshot.at_ms / 1000, [*totals, *rates, snapshot.lag_events, snapshot.vectors.pending])
