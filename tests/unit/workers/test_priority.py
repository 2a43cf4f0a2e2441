"""Long work on the event loop lets others have their turn."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers import priority
from workers.priority import TURN_SECONDS, CooperativeTurns, QueryGate, TokenBucket


async def _work(steps: int, done: list[int]) -> None:
    own = CooperativeTurns()
    for step in range(steps):
        until = time.monotonic() + 1.5 * TURN_SECONDS
        while time.monotonic() < until:
            pass
        done.append(step)
        await own.give()


async def test_others_have_their_turn_after_each_turn_of_the_work() -> None:
    done: list[int] = []
    work = asyncio.create_task(_work(5, done))
    seen = []
    while not work.done():
        await asyncio.sleep(0)
        seen.append(len(done))
    assert {1, 2, 3, 4} <= set(seen)


async def test_what_takes_less_than_a_turn_is_done_in_one_go() -> None:
    order: list[str] = []

    async def brief() -> None:
        own = CooperativeTurns(3_600)
        for _ in range(3):
            order.append("work")
            await own.give()

    async def other() -> None:
        order.append("other")

    await asyncio.gather(brief(), other())
    assert order == ["work", "work", "work", "other"]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> QueryGate:
    made = QueryGate()
    monkeypatch.setattr(priority, "QUERY_GATE", made)
    return made


async def test_work_waits_for_the_end_of_all_answers_that_are_being_given(
    answers: QueryGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_allowance", TokenBucket(1, 30, time.monotonic()))
    order: list[str] = []

    async def work() -> None:
        await CooperativeTurns(0).give()
        order.append("work")

    async def answer(turns_of_others: int) -> None:
        with answers.one():
            for _ in range(turns_of_others):
                await asyncio.sleep(0)
            order.append("answer")

    async with asyncio.timeout(10):
        await asyncio.gather(answer(20), answer(40), work())
    assert order == ["answer", "answer", "work"]


async def test_work_goes_on_beside_an_answer_that_does_not_end(answers: QueryGate) -> None:
    with answers.one():
        async with asyncio.timeout(10):
            for _ in range(5):
                await answers.given()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.floats(0, 0.01))
def test_work_waits_for_its_share_of_the_time_and_one_stretch_at_most(
    work: list[tuple[float, bool]], late_seconds: float
) -> None:
    allowance, now_s, waited = TokenBucket(0.5, 0.03, 100.0), 100.0, 0.0
    for seconds, asked in work:
        now_s += seconds
        allowed = allowance.seconds(now_s)
        assert 0 <= allowed <= 0.03
        if asked and allowed:
            allowance.spend(allowed + late_seconds)
            now_s += allowed + late_seconds
            waited += allowed + late_seconds
    assert waited <= 0.5 * (now_s - 100) + 0.03 + late_seconds + 1e-9


async def test_an_answer_that_fails_holds_nothing_up(answers: QueryGate) -> None:
    with pytest.raises(ValueError, match="no answer"), answers.one():
        raise ValueError("no answer")
    async with asyncio.timeout(10):
        await answers.given()
    assert not answers._count
