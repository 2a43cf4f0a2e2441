"""Waiting for the index to catch up: until it does, or until it has stood still for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.errors import Unavailable
from stream.kafka.partitions import Partition
from stream.reconcile.repair import wait_until_caught_up
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS = {Partition("items", 0): 3, Partition("items", 1): 0}


def indexed(*offsets: int) -> Callable[[int], int]:
    """Partition 0 reaches these offsets one after the other, each for two questions, and stays at the last."""
    left = [each for offset in offsets for each in (offset, offset)]

    def offset(partition: int) -> int:
        if partition == 1:
            return 0
        return left.pop(0) if len(left) > 1 else left[0]

    return offset


async def test_it_returns_once_all_records_are_in_the_index() -> None:
    index = indexed(0, 1, 3)
    await wait_until_caught_up(ENDS, index, ManualClock(step_s=10), stalled_seconds_max=20, look_interval_s=0)
    assert index(0) == 3


async def test_an_index_that_moves_may_take_as_long_as_it_needs() -> None:
    ends, index = {Partition("items", 0): 30}, indexed(*range(31))
    await wait_until_caught_up(ends, index, ManualClock(step_s=10), stalled_seconds_max=20, look_interval_s=0)
    assert index(0) == 30


async def test_an_index_that_stands_still_is_named_with_its_offset() -> None:
    with pytest.raises(Unavailable, match=r"has stood at 2 of 3 in items\[0\] for 50 s"):
        await wait_until_caught_up(ENDS, indexed(2), ManualClock(step_s=10), stalled_seconds_max=50, look_interval_s=0)
