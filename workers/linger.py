"""Linger: a single price goes on at once, a burst is gathered and goes on in few large steps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS = 0.001
"""A stream that has more hands over several records in this time."""
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.006, 0.03
"""The pause between two steps, for each record of the first, and at most: it bounds the cost of steps at rates where
each step would hold few records."""
GATHER_SECONDS_MAX = 0.05
"""The longest linger, in an unbroken stream, whose events wait longer anyway: only the last state of an item that
changes again goes on."""


async def linger_until_quiet(arrived: Callable[[], int]) -> None:
    """Return once `arrived`, a count that only rises, stands still for a millisecond, or 50 ms later."""
    clock = asyncio.get_running_loop()
    deadline_s, seen = clock.time() + GATHER_SECONDS_MAX, -1
    while arrived() != seen and clock.time() < deadline_s:
        seen = arrived()
        await asyncio.sleep(QUIET_SECONDS)


async def rest_after(records: int) -> None:
    """Pause after a step of so many records: above some 150 a second steps grow instead of coming more often."""
    await asyncio.sleep(min(PAUSE_SECONDS * max(1, records), PAUSE_SECONDS_MAX))
