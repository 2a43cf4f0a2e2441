"""Takes together what comes together: one price goes on at once, a burst in few large steps."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS = 0.001
"""A stream that has more hands over several records in this time."""
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.006, 0.1
"""Between two steps, for each record of the first: bounds what steps cost at rates where each would hold few."""
FULL_RECORDS, FULL_PAUSE_SECONDS = 100, 0.03
"""Where so many went on in one go each of them was cheap: a flood waits no longer than this."""
GATHER_SECONDS_MAX = 0.05
"""In an unbroken stream, whose events wait longer anyway: of an item that changes again only the last state goes on."""


async def settled(arrived: Callable[[], int]) -> None:
    """Returns once `arrived`, a count that only rises, stands still for a millisecond, or 50 ms later."""
    deadline, seen = time.monotonic() + GATHER_SECONDS_MAX, -1
    while arrived() != seen and time.monotonic() < deadline:
        seen = arrived()
        await asyncio.sleep(QUIET_SECONDS)


async def pause(records: int) -> None:
    """After so many went on in one go: above some 150 a second steps grow instead of coming more often."""
    longest = PAUSE_SECONDS_MAX if records < FULL_RECORDS else FULL_PAUSE_SECONDS
    await asyncio.sleep(min(PAUSE_SECONDS * max(1, records), longest))
