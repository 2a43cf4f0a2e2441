"""A value is measured again once it is too old, and is never taken for younger than it is."""

from __future__ import annotations

import pytest

from schemas.errors import Unavailable
from stream.api.timed import Timed
from tests.support.clocks import ManualClock


class Thermometer:
    """Answers how often it was asked, or fails while it is `broken`."""

    def __init__(self, clock: ManualClock) -> None:
        self.timed = Timed["int | None"](5.0, clock)
        self.asked = 0
        self.broken = False

    async def measure(self) -> int | None:
        self.asked += 1
        if self.broken:
            raise Unavailable("nobody answers")
        return self.asked if self.asked > 1 else None

    async def read(self) -> int | None:
        return await self.timed.get(self.measure)


async def test_a_value_is_measured_once_in_its_time_also_where_it_is_none() -> None:
    clock = ManualClock()
    thermometer = Thermometer(clock)
    assert [await thermometer.read() for _ in range(3)] == [None] * 3 and thermometer.asked == 1
    clock.sleep(5.1)
    assert [await thermometer.read() for _ in range(3)] == [2] * 3


async def test_a_measurement_that_fails_is_told_and_made_again_and_leaves_no_old_value_behind() -> None:
    clock = ManualClock()
    thermometer = Thermometer(clock)
    await thermometer.read()
    clock.sleep(5.1)
    thermometer.broken = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await thermometer.read()
    thermometer.broken = False
    assert await thermometer.read() == 4


async def test_a_value_that_somebody_else_measured_is_as_good() -> None:
    clock = ManualClock()
    thermometer = Thermometer(clock)
    thermometer.timed.keep(20)
    clock.sleep(4.9)
    assert await thermometer.read() == 20 and not thermometer.asked
