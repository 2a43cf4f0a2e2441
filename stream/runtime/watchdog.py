"""The watchdog: a process that has work but makes no progress says why and ends, so that it is started again.

This module enforces the second half of docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import Stalled

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_INTERVAL_S = 5.0
STALLED_SECONDS_MAX = 120.0


async def watch_progress(
    work: str,
    in_flight: Callable[[], int],
    position: Callable[[], object],
    *,
    interval_s: float = LOOK_INTERVAL_S,
    seconds_max: float = STALLED_SECONDS_MAX,
) -> None:
    """Raise Stalled when `in_flight` stays above 0 and `position` stays the same for `seconds_max`.

    `work` names the work in the error. `in_flight` returns how many records are in flight. `position` returns any
    value that changes whenever the work makes progress.
    """
    still_s, last = 0.0, position()
    while True:
        await asyncio.sleep(interval_s)
        now = position()
        still_s = still_s + interval_s if in_flight() and now == last else 0.0
        last = now
        if still_s >= seconds_max:
            raise Stalled(f"{work}: nothing has moved for {still_s:.0f} s, with {in_flight()} in hand")
