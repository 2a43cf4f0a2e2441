"""Tests of the waits: a wait fails when there is no hope left, and only then."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from tests.support.waiting import (
    STILL_S,
    STILL_SHARE_MAX,
    Wait,
    Work,
    outcome_of,
    schedstats,
    until,
    wait_end,
    wait_until,
)


class FakeTime:
    """A clock that a test moves, and the work that the processes do in each second of it."""

    def __init__(self, busy_share: float) -> None:
        self.now_s, self._counted_s, self._busy_share = 0.0, 0.0, busy_share

    def more_s(self) -> float:
        more = (self.now_s - self._counted_s) * self._busy_share
        self._counted_s = self.now_s
        return more


def seconds_until_it_fails(busy_share: float, said: list[str], *, seconds: int) -> int | None:
    """Play a wait second by second; None when it still waits at the end. `said`: output, a piece for each second."""
    fake, written = FakeTime(busy_share), [""]
    wait = Wait("it comes", said=lambda: written[0], now=lambda: fake.now_s, work=fake)
    for second in range(seconds):
        fake.now_s = float(second)
        written[0] += said[second] if second < len(said) else ""
        try:
            wait.check()
        except AssertionError as error:
            assert "it comes" in str(error)
            return second
    return None


def test_a_wait_in_which_nothing_moves_fails_after_the_longest_stillness() -> None:
    assert seconds_until_it_fails(0.0, [], seconds=10_000) == STILL_S + 1


def test_polling_alone_does_not_count_as_movement() -> None:
    assert seconds_until_it_fails(STILL_SHARE_MAX / 2, [], seconds=10_000) == STILL_S + 1


def test_a_process_that_works_is_waited_for_as_long_as_it_works() -> None:
    assert seconds_until_it_fails(STILL_SHARE_MAX * 2, [], seconds=10_000) is None


def test_output_counts_as_movement() -> None:
    said = ["" if second % 100 else "a line\n" for second in range(1_000)]
    assert seconds_until_it_fails(0.0, said, seconds=10_000) == 900 + STILL_S + 1


def test_the_end_of_the_process_ends_the_wait_with_its_last_output() -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait()
    with pytest.raises(AssertionError, match=r"ended with 3 before: it answers\nthe last line"):
        wait_until(lambda: False, "it answers", process=process, said=lambda: "the last line")


def test_the_work_of_a_child_process_is_seen() -> None:
    work = Work()
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    total_s = 0.0

    def child_worked() -> bool:
        nonlocal total_s
        total_s += work.more_s()
        return total_s > 0.5

    try:
        wait_until(child_worked, "the child works")
    finally:
        child.kill()
        child.wait()


def test_the_exit_code_of_an_awaited_process_is_returned() -> None:
    assert wait_end(subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]), "it ends") == 3


async def test_a_condition_may_be_awaitable() -> None:
    looks = 0

    async def third_look() -> bool:
        nonlocal looks
        looks += 1
        return looks == 3

    await until(third_look, "the third look")
    assert looks == 3


async def test_the_outcome_of_an_awaitable_is_its_result_or_its_error() -> None:
    async def fails() -> None:
        raise LookupError("it is not here")

    assert await outcome_of(asyncio.sleep(0, result=7), "it is done") == 7
    with pytest.raises(LookupError, match="not here"):
        await outcome_of(fails(), "it is done")


def test_a_process_that_has_just_ended_has_no_threads() -> None:
    """A process may end between the look for it and the look at its threads."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert schedstats(process.pid) == []
    assert schedstats(os.getpid())
