"""The query gate: long work gives way to queries, and takes turns on the event loop (deploy/decisions/0016)."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.clock import Clock

SWITCH_INTERVAL_S = 0.0001
"""The longest that a thread waits for the interpreter. With Python's default, 5 ms, a query waited that long at each
of its hops between threads."""
TURN_SECONDS = 0.002
WAIT_SHARE = 0.5
"""The most that long work waits for queries, as a share of time: under endless queries it runs at half speed."""
WAIT_SECONDS_MAX = 0.03
"""The longest that long work waits at a stretch. Most queries are answered sooner."""


class TokenBucket:
    """The time that work may wait: tokens are seconds, and come in as a share of the time that passes."""

    def __init__(self, share: float, seconds_max: float, now_s: float) -> None:
        """`seconds_max` is the capacity of the bucket, and so the longest wait at a stretch. The bucket starts full."""
        self._share = share
        self._seconds_max = seconds_max
        self._seconds = seconds_max
        self._filled_at_s = now_s

    def seconds(self, now_s: float) -> float:
        """Return how many seconds work may wait now."""
        more = self._share * (now_s - self._filled_at_s)
        self._seconds = min(self._seconds_max, self._seconds + more)
        self._filled_at_s = now_s
        return max(0.0, self._seconds)

    def spend(self, seconds: float) -> None:
        """Take out the seconds that work has waited.

        A timer may fire late, and that time counts too: the bucket goes below zero, by `seconds_max` at most.
        """
        self._seconds = max(-self._seconds_max, self._seconds - seconds)


class QueryGate:
    """Closed while a query is being answered in this process: long work waits at it, within a token bucket.

    The interpreter, which an answer needs again and again, is then free for the whole answer. One gate serves
    one event loop and the threads beside it. A process that answers no queries has a gate that never closes.
    """

    def __init__(
        self,
        *,
        wait_share: float = WAIT_SHARE,
        wait_seconds_max: float = WAIT_SECONDS_MAX,
        clock: Clock | None = None,
    ) -> None:
        """`wait_share` and `wait_seconds_max` bound what each piece of work waits: see TokenBucket."""
        self.clock: Clock = clock or SystemClock()
        self._wait_share = wait_share
        self._wait_seconds_max = wait_seconds_max
        self._queries = 0
        self._open = asyncio.Event()
        self._open_for_threads = threading.Event()
        self._open_for_threads.set()
        self._bucket = self.token_bucket()
        self._spent_until_s = 0.0

    @property
    def queries(self) -> int:
        """The number of queries that are being answered."""
        return self._queries

    def token_bucket(self) -> TokenBucket:
        """Return a full bucket for one piece of work that waits at this gate in a thread of its own."""
        return TokenBucket(self._wait_share, self._wait_seconds_max, self.clock.monotonic_s())

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Hold the gate closed for one query until the end of the block."""
        if not self._queries:
            self._open = asyncio.Event()
            self._open_for_threads.clear()
        self._queries += 1
        try:
            yield
        finally:
            self._queries -= 1
            if not self._queries:
                self._open.set()
                self._open_for_threads.set()

    async def wait_until_open(self) -> None:
        """Return once no query is being answered, or once the work on the event loop has waited long enough."""
        began = self.clock.monotonic_s()
        if not self._queries or not (allowed := self._bucket.seconds(began)):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(allowed):
                await self._open.wait()
        # Several may have waited during the same time, which is spent once.
        ended = self.clock.monotonic_s()
        self._bucket.spend(ended - max(began, self._spent_until_s))
        self._spent_until_s = ended

    def wait_until_open_in_thread(self, bucket: TokenBucket) -> None:
        """Block this thread as `wait_until_open` suspends a coroutine, within the thread's own bucket."""
        began = self.clock.monotonic_s()
        if allowed := bucket.seconds(began):
            self._open_for_threads.wait(allowed)
            bucket.spend(self.clock.monotonic_s() - began)

    async def yield_to_queries(self, pause_seconds: float = 0.0) -> None:
        """Give the event loop to others for one round or for `pause_seconds`, then wait until the gate is open."""
        await asyncio.sleep(pause_seconds)
        await self.wait_until_open()


class CooperativeTurns:
    """Cuts one piece of work that does not suspend by itself into short turns on the event loop."""

    def __init__(self, gate: QueryGate, turn_seconds: float = TURN_SECONDS, *, pause_seconds: float = 0.0) -> None:
        """`pause_seconds`: between turns; 0 is one round of the loop. An event needs several to become searchable."""
        self._gate = gate
        self._clock = gate.clock
        self._turn_seconds = turn_seconds
        self._pause_seconds = pause_seconds
        self._ends_s = self._clock.monotonic_s() + self._turn_seconds

    async def yield_if_over(self) -> None:
        """Yield to others once the turn is over. Call it between steps of less than a millisecond."""
        if self._clock.monotonic_s() > self._ends_s:
            await self._gate.yield_to_queries(self._pause_seconds)
            self._ends_s = self._clock.monotonic_s() + self._turn_seconds
