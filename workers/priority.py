"""Long work on the event loop in short turns, between which others have theirs: answers above all."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TURN_SECONDS = 0.002
ANSWERS_SHARE = 0.5
"""Of the time, at most, long work waits for answers: under searches without end it goes on at half its speed."""
ANSWERS_SECONDS_MAX = 0.03
"""For which it does at a stretch: most answers take less."""


class TokenBucket:
    """For how long work may wait: a share of the time that passes, and no more at a stretch than its most."""

    def __init__(self, share: float, seconds_max: float, now_s: float) -> None:
        self._share = share
        self._seconds_max = seconds_max
        self._seconds = seconds_max
        self._counted_at_s = now_s

    def seconds(self, now_s: float) -> float:
        """As much as there is now."""
        more = self._share * (now_s - self._counted_at_s)
        self._seconds = min(self._seconds_max, self._seconds + more)
        self._counted_at_s = now_s
        return max(0.0, self._seconds)

    def spend(self, seconds: float) -> None:
        """What was waited: a timer may be late, and that counts as well, as far as to one stretch of debt."""
        self._seconds = max(-self._seconds_max, self._seconds - seconds)


def wait_budget() -> TokenBucket:
    """That of one piece of work with answers, from now on."""
    return TokenBucket(ANSWERS_SHARE, ANSWERS_SECONDS_MAX, time.monotonic())


class QueryGate:
    """Those that are being given on this event loop: long work lets them end first.

    The interpreter, which most of an answer needs again and again, is then theirs for all of it.
    """

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none_for_threads = threading.Event()
        self._none_for_threads.set()
        self._allowance = wait_budget()
        self._spent_until_s = 0.0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Until the end of the block one more is being given."""
        if not self._count:
            self._none = asyncio.Event()
            self._none_for_threads.clear()
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()
                self._none_for_threads.set()

    async def given(self) -> None:
        """Returns when none is being given, or when work has waited for them long enough."""
        began = time.monotonic()
        if not self._count or not (allowed := self._allowance.seconds(began)):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(allowed):
                await self._none.wait()
        # Several may have waited, for the same time.
        ended = time.monotonic()
        self._allowance.spend(ended - max(began, self._spent_until_s))
        self._spent_until_s = ended

    def given_in_thread(self, allowance: TokenBucket) -> None:
        """As `given`, for work in a thread, which has an allowance of its own: blocks."""
        began = time.monotonic()
        if allowed := allowance.seconds(began):
            self._none_for_threads.wait(allowed)
            allowance.spend(time.monotonic() - began)


QUERY_GATE = QueryGate()
"""Of the process, which has one event loop."""


async def yield_to_queries(pause_seconds: float = 0.0) -> None:
    """Others have their turn, and answers that are being given end."""
    await asyncio.sleep(pause_seconds)
    await QUERY_GATE.given()


class CooperativeTurns:
    """Of one piece of work that does not suspend by itself."""

    def __init__(self, turn_seconds: float = TURN_SECONDS, *, pause_seconds: float = 0.0) -> None:
        """A pause of 0 is one round of the loop; an event needs several to become searchable."""
        self._turn_seconds = turn_seconds
        self._pause_seconds = pause_seconds
        self._ends_s = time.monotonic() + self._turn_seconds

    async def give(self) -> None:
        """To be called between steps of less than a millisecond: gives way once the turn is over."""
        if time.monotonic() > self._ends_s:
            await yield_to_queries(self._pause_seconds)
            self._ends_s = time.monotonic() + self._turn_seconds
