"""The pace of a loop: a single event goes on at once, and steps grow instead of coming more often above half load."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.clock import Clock

BUSY_SHARE_MAX = 0.5
"""The share of time that a thread is busy before steps are spaced: a step of two events costs less than two steps."""
REST_SECONDS_MAX = 0.03


def rest_seconds(busy_s: float, elapsed_s: float) -> float:
    """Return the rest of a thread that was busy for part of the elapsed time: it lasts until half of the time was idle.

    It is 0 below half load, and 30 ms at most: an event that waits for the next step must not wait for long.
    """
    return min(max(0.0, busy_s / BUSY_SHARE_MAX - elapsed_s), REST_SECONDS_MAX)


class Pace:
    """Spaces the steps of a loop by how busy its thread is, whatever it was busy with."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._busy_s = clock.thread_s()
        self._began_s = clock.monotonic_s()

    async def rest(self) -> None:
        """Yield after a step, for long enough that half of the time since the last rest was idle; 30 ms at most."""
        busy_s = self._clock.thread_s() - self._busy_s
        elapsed_s = self._clock.monotonic_s() - self._began_s
        await asyncio.sleep(rest_seconds(busy_s, elapsed_s))
        self._busy_s, self._began_s = self._clock.thread_s(), self._clock.monotonic_s()
