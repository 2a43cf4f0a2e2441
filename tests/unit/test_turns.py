"""Long work on the event loop lets others have their turn."""

from __future__ import annotations

import asyncio
import time

from workers.turns import TURN_SECONDS, Turns


async def _work(steps: int, done: list[int]) -> None:
    own = Turns()
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
        own = Turns(3_600)
        for _ in range(3):
            order.append("work")
            await own.give()

    async def other() -> None:
        order.append("other")

    await asyncio.gather(brief(), other())
    assert order == ["work", "work", "work", "other"]
