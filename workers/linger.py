"""Takes together what comes together: one price goes on at once, a burst in few large steps."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS = 0.001
"""A stream that has more hands over several records in this time."""
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.006, 0.03
"""Between two steps, for each record of the first: bounds what steps cost at rates where each would hold few."""
GATHER_SECONDS_MAX = 0.05
"""In an unbroken stream, whose events wait longer anyway: of an item that changes again only the last state goes on."""


async def linger_until_quiet(arrived: Callable[[], int]) -> None:
    """Returns once `arrived`, a count that only rises, stands still for a millisecond, or 50 ms later."""
    deadline, seen = time.monotonic() + GATHER_SECONDS_MAX, -1
    while arrived() != seen and time.monotonic() < deadline:
        seen = arrived()
        await asyncio.sleep(QUIET_SECONDS)


async def rest_after(records: int) -> None:
    """After a step that took so many: above some 150 a second steps grow instead of coming more often."""
    await asyncio.sleep(min(PAUSE_SECONDS * max(1, records), PAUSE_SECONDS_MAX))
