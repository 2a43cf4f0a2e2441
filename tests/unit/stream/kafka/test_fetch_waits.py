"""Fetches adapt to a broker that takes time to find records."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest

from stream.kafka.fetch_waits import WAIT_MS_MAX, AdaptiveFetches

IDLE_WAIT_MS = 40
FOUND, BEHIND, NOTHING = (5, b"records"), (5, b""), (3, b"")
"""(high watermark, records) of a partition, in an answer to a fetch at offset 3."""


class Broker:
    """A consumer's client and its clock, which note the wait of each fetch and the rest before it."""

    def __init__(self, *answers: tuple[tuple[int, bytes], ...], takes_s: float | None = None) -> None:
        """`takes_s` is how long a fetch takes; None: as long as it may wait."""
        self.answers, self.takes_s, self.now_s = list(answers), takes_s, 100.0
        self.waits_ms: list[int] = []
        self.rests_s: list[float] = []

    async def send(self, _node_id: int, request: Any) -> Any:
        self.waits_ms.append(request._max_wait_ms)
        self.now_s += request._max_wait_ms / 1000 if self.takes_s is None else self.takes_s
        parts = [(number, 0, end, -1, None, records) for number, (end, records) in enumerate(self.answers.pop(0))]
        return SimpleNamespace(topics=[("prices", parts)])

    async def sleep(self, seconds: float) -> None:
        self.rests_s.append(seconds)
        self.now_s += seconds

    def now_ms(self) -> int:
        return 0

    def thread_s(self) -> float:
        return 0.0

    def monotonic_s(self) -> float:
        return self.now_s


async def fetched(broker: Broker, rest_ms_max: int = 0) -> Broker:
    """Fetch every answer in turn, with a wait of 5 ms at first."""
    fetches = AdaptiveFetches(broker.send, 5, IDLE_WAIT_MS, rest_ms_max, broker, broker.sleep)
    while broker.answers:
        await fetches.send(0, FetchRequest(500, 1, 1000, 0, [("prices", [(0, 3, 1000), (1, 3, 1000)])]))
    return broker


async def test_a_fetch_waits_longer_while_there_are_records_and_none_comes() -> None:
    answers = (NOTHING,), (BEHIND,), (FOUND, BEHIND), (FOUND, NOTHING), (NOTHING,)
    broker = await fetched(Broker(*answers, *[(BEHIND,)] * 10))
    assert broker.waits_ms[:6] == [5, 5, 10, 20, 5, 5]
    assert broker.waits_ms[-1] == WAIT_MS_MAX


async def test_a_fetch_waits_longer_once_nothing_has_come_for_a_while_and_as_before_once_something_has() -> None:
    silence = [(NOTHING,)] * 450
    waits_ms = (await fetched(Broker(*silence, (FOUND,), (NOTHING,)))).waits_ms
    assert waits_ms[:400] == [5] * 400, "a silence of two seconds is none"
    assert waits_ms[449] == IDLE_WAIT_MS
    assert waits_ms[451] == 5


async def test_a_fetch_that_ends_early_with_the_records_it_has_was_not_too_short() -> None:
    broker = await fetched(Broker(*[(FOUND, BEHIND)] * 5, takes_s=0.001))
    assert broker.waits_ms == [5] * 5


async def test_after_a_fetch_that_found_records_the_next_one_rests_as_long_as_it_took() -> None:
    answers = (FOUND,), (NOTHING,), (FOUND,), (FOUND,)
    rests = (await fetched(Broker(*answers, takes_s=0.05), rest_ms_max=1_000)).rests_s
    assert rests == pytest.approx([0.0, 0.05, 0.0, 0.05])
    rests = (await fetched(Broker(*answers, takes_s=0.05), rest_ms_max=20)).rests_s
    assert rests == pytest.approx([0.0, 0.02, 0.0, 0.02])


async def test_the_more_records_a_fetch_found_the_longer_the_next_one_rests() -> None:
    answers = ((4, b"one"),), ((43, b"forty"),), ((4, b"one"),)
    rests = (await fetched(Broker(*answers, takes_s=0), rest_ms_max=20)).rests_s
    assert rests == pytest.approx([0.0, 0.002, 0.02])
