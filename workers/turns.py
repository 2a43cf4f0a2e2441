"""Long work on the event loop in slices, between which others have their turn: answers above all."""

from __future__ import annotations

import asyncio
import time

SLICE_SECONDS = 0.002


class Turns:
    """Of one piece of work that does not suspend by itself."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SLICE_SECONDS

    async def pass_on(self) -> None:
        """Between two steps: after two milliseconds all others go first."""
        if time.monotonic() > self._ends:
            await asyncio.sleep(0)
            self._ends = time.monotonic() + SLICE_SECONDS
