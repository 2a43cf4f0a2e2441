"""Invariant 9: where there is work and nothing moves, the process says why and ends, so that it is started again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import Stalled

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_INTERVAL_S = 5.0
STALLED_SECONDS_MAX = 120.0


async def watch_progress(work: str, in_flight: Callable[[], int], position: Callable[[], object]) -> None:
    """Raises Stalled when `in_flight` stays above 0 and `position` the same for two minutes."""
    still_since, last = 0.0, position()
    while True:
        await asyncio.sleep(LOOK_INTERVAL_S)
        now = position()
        still_since = still_since + LOOK_INTERVAL_S if in_flight() and now == last else 0.0
        last = now
        if still_since >= STALLED_SECONDS_MAX:
            raise Stalled(f"{work}: nothing has moved for {still_since:.0f} s, with {in_flight()} in hand")
