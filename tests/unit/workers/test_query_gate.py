"""Long work on the event loop gives way to queries and to everything else, within bounds."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clocks import ManualClock
from tests.support.waiting import HANG_S
from workers.query_gate import TURN_SECONDS, CooperativeTurns, QueryGate, TokenBucket


@pytest.fixture
def gate() -> QueryGate:
    """A gate at which work waits for as long as it is closed."""
    return QueryGate(wait_share=1, wait_seconds_max=30)


async def _work(steps: int, done: list[int]) -> None:
    clock = ManualClock(0.0)
    turns = CooperativeTurns(QueryGate(clock=clock))
    for step in range(steps):
        clock.sleep(1.5 * TURN_SECONDS)
        done.append(step)
        await turns.yield_if_over()


async def test_others_run_after_each_turn_of_the_work() -> None:
    done: list[int] = []
    work = asyncio.create_task(_work(5, done))
    seen = []
    while not work.done():
        await asyncio.sleep(0)
        seen.append(len(done))
    assert {1, 2, 3, 4} <= set(seen)


async def test_work_of_less_than_a_turn_is_done_in_one_go() -> None:
    order: list[str] = []

    async def brief() -> None:
        turns = CooperativeTurns(QueryGate(), 3_600)
        for _ in range(3):
            order.append("work")
            await turns.yield_if_over()

    async def other() -> None:
        order.append("other")

    await asyncio.gather(brief(), other())
    assert order == ["work", "work", "work", "other"]


async def test_work_waits_until_all_queries_are_answered(gate: QueryGate) -> None:
    order: list[str] = []

    async def work() -> None:
        await CooperativeTurns(gate, 0).yield_if_over()
        order.append("work")

    async def answer(rounds: int) -> None:
        with gate.answering():
            for _ in range(rounds):
                await asyncio.sleep(0)
            order.append("answer")

    async with asyncio.timeout(HANG_S):
        await asyncio.gather(answer(20), answer(40), work())
    assert order == ["answer", "answer", "work"]


async def test_work_goes_on_beside_a_query_that_is_never_answered() -> None:
    gate = QueryGate()
    with gate.answering():
        async with asyncio.timeout(HANG_S):
            for _ in range(5):
                await gate.wait_until_open()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.floats(0, 0.01))
def test_work_waits_for_its_share_of_the_time_and_one_stretch_at_most(
    work: list[tuple[float, bool]], late_seconds: float
) -> None:
    bucket, now_s, waited = TokenBucket(0.5, 0.03, 100.0), 100.0, 0.0
    for seconds, asked in work:
        now_s += seconds
        allowed = bucket.seconds(now_s)
        assert 0 <= allowed <= 0.03
        if asked and allowed:
            bucket.spend(allowed + late_seconds)
            now_s += allowed + late_seconds
            waited += allowed + late_seconds
    assert waited <= 0.5 * (now_s - 100) + 0.03 + late_seconds + 1e-9


async def test_a_query_that_fails_leaves_the_gate_open(gate: QueryGate) -> None:
    with pytest.raises(ValueError, match="no answer"), gate.answering():
        raise ValueError("no answer")
    async with asyncio.timeout(HANG_S):
        await gate.wait_until_open()
    assert gate.queries == 0
