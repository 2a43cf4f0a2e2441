"""A call is repeated while the thing it needs is away, and not once that is gone.

These tests prove docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from schemas.errors import Gone, Misconfigured, Unavailable
from workers.retry import Backoff, every, for_a_while, unless_away, until_available

QUICK = Backoff(0.001, 0.004)


class Away:
    """Raises these, one a call, and answers afterwards."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def ask(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    async def ask_async(self) -> str:
        return self.ask()


async def test_what_is_away_is_asked_until_it_answers_each_wait_twice_as_long_up_to_a_bound() -> None:
    away, waits = Away(*[Unavailable("away")] * 5), list[float]()
    answer = await until_available(away.ask_async, "away", QUICK, before_wait=lambda _, seconds: waits.append(seconds))
    assert answer == "answer"
    assert waits == [0.001, 0.002, 0.004, 0.004, 0.004]


@pytest.mark.parametrize("error", [Gone("gone"), Misconfigured("wrong"), ValueError("a bug")])
async def test_what_no_wait_can_mend_is_raised_at_once(error: Exception) -> None:
    away = Away(Unavailable("away"), error, Unavailable("never asked"))
    with pytest.raises(type(error)):
        await until_available(away.ask_async, "away", QUICK)
    assert len(away.errors) == 1


def test_a_person_is_told_and_after_a_while_gets_the_last_error() -> None:
    away, told = Away(*[Unavailable(f"away {number}") for number in range(10_000)]), list[str]()
    began = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        for_a_while(away.ask, 0.02, 0.001, before_wait=lambda error, _: told.append(str(error)))
    assert time.monotonic() - began >= 0.02
    assert [*told, str(raised.value)] == [f"away {number}" for number in range(len(told) + 1)]


def test_a_person_gets_the_answer_as_soon_as_there_is_one() -> None:
    assert for_a_while(Away(Unavailable("away")).ask, 10.0, 0.001) == "answer"


async def test_the_last_failure_is_raised_after_the_last_attempt() -> None:
    attempts = []

    async def ask() -> None:
        attempts.append(1)
        raise Unavailable(f"attempt {len(attempts)}")

    with pytest.raises(Unavailable, match="attempt 3"):
        await until_available(ask, None, QUICK, attempts_max=3)
    assert len(attempts) == 3


async def test_a_round_that_finds_the_other_end_away_is_left_to_the_next_one() -> None:
    away = Away(Unavailable("away"))
    assert [await unless_away(away.ask_async, "away", "nothing") for _ in range(2)] == ["nothing", "answer"]


@pytest.mark.parametrize("error", [Gone("gone"), Misconfigured("wrong"), ValueError("a bug")])
async def test_rounds_end_with_what_no_wait_can_mend(error: Exception) -> None:
    away = Away(Unavailable("away"), Unavailable("away"), error, Unavailable("never asked"))
    with pytest.raises(type(error)):
        await every(0.0, away.ask_async, "away")
    assert len(away.errors) == 1


async def test_rounds_go_on_after_an_answer_until_they_are_cancelled() -> None:
    answers, third = list[str](), asyncio.Event()

    async def step() -> None:
        answers.append("answer")
        if len(answers) == 3:
            third.set()

    rounds = asyncio.create_task(every(0.0, step, "away"))
    await third.wait()
    rounds.cancel()
    assert (await asyncio.gather(rounds, return_exceptions=True))[0].__class__ is asyncio.CancelledError
