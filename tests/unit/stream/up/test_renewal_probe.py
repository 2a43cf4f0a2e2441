"""The probe decides when the embedded broker counts as slow."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Unavailable
from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.up import renewal_probe
from stream.up.child_process import processor_seconds
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACE = Partition("prices", 0)
TAKES_S = 0.25


class SlowEnds:
    """A broker with one partition, each fetch of which takes so long."""

    def __init__(self, clock: ManualClock, _kafka: Cluster, *, patience_s: float) -> None:
        self.clock, self.patience_s = clock, patience_s

    async def __aenter__(self) -> SlowEnds:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, places: Sequence[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(places, renewal_probe.RECORDS_MIN)

    async def has_records(self, _place: Partition, _offset: int) -> bool:
        self.clock.sleep(TAKES_S)
        return True


async def test_a_fetch_counts_for_no_longer_than_the_broker_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(0.0)
    monkeypatch.setattr(renewal_probe, "EndOffsets", partial(SlowEnds, clock))
    assert await renewal_probe.measure_fetch_seconds(Cluster(""), [PLACE], clock.monotonic_s, clock) == TAKES_S
    assert await renewal_probe.measure_fetch_seconds(Cluster(""), [PLACE], lambda: 7.0, clock) == 0.0


def test_processor_time_is_that_of_all_threads_of_a_process() -> None:
    before, began = processor_seconds(os.getpid()), time.process_time()
    while time.process_time() - began < 0.05:
        pass
    assert processor_seconds(os.getpid()) - before >= 0.04


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    with pytest.raises(Unavailable):
        processor_seconds(0)
