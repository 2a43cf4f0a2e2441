"""A process that has work and makes no progress ends, so that it is started again.

These tests prove docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
import itertools

import pytest

from schemas.errors import Stalled
from stream.runtime.watchdog import watch_progress


async def test_work_that_does_not_move_ends_the_process_with_its_name() -> None:
    with pytest.raises(Stalled, match="index worker: nothing has moved for 0 s, with 3 in hand"):
        await watch_progress("index worker", lambda: 3, lambda: "the same", interval_s=0.001, seconds_max=0.01)


@pytest.mark.parametrize(
    ("in_flight", "positions"), [(0, itertools.repeat(1)), (3, itertools.count())], ids=["idle", "moving"]
)
async def test_a_process_that_is_idle_or_moves_goes_on(in_flight: int, positions: itertools.count[int]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await watch_progress(
                "worker", lambda: in_flight, lambda: next(positions), interval_s=0.001, seconds_max=0.01
            )
