"""The scheduler: it takes one small step after another; the choices decide whose step is next."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, cast

from workers.query_gate import CooperativeTurns

from . import actors, membership
from .broken import Broken
from .injection import FaultInjector
from .plan import WORKERS
from .quiet import unquiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from .world import World

    Actor = Callable[[World, Any], str | None]

STEPS_MAX = 30_000
QUIET_LOOK_STEPS = 32
IDLE_STEPS = 128
"""After so many steps without a record, the next fault comes at once."""


class Scheduler:
    """Runs a world until all is quiet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = FaultInjector(world)
        self._wheel = _wheel(world)
        self._length, self._idle_at = 0, IDLE_STEPS

    def run(self) -> None:
        """Run until all is quiet. Raises Broken."""
        turns = cast("Any", CooperativeTurns)
        give, turns.yield_if_over = turns.yield_if_over, _end_turn
        try:
            self._run()
        except Broken as broken:
            self._world.note(f"BROKEN: {broken}")
            raise
        finally:
            turns.yield_if_over = give
            for process in self._world.workers:
                if process.alive:
                    process.crash()

    def _run(self) -> None:
        world, wheel = self._world, self._wheel
        size, draw, processes = len(wheel), world.choices.draw, world.processes
        slot = 0
        while world.steps < STEPS_MAX:
            world.steps += 1
            self._faults.strike_if_due(self._idle_at)
            slot += 1 + draw(size)
            for _ in range(size):
                name, act = wheel[slot % size]
                done = act(world, processes[name])
                if done is not None:
                    break
                slot += 1
            else:
                self._go_on()
                continue
            if done and world.trace is not None:
                world.note(f"{name}: {done}")
            if world.steps % QUIET_LOOK_STEPS == 0 and self._is_quiet():
                world.truth.check_in_the_end(world.clock.now_ms())
                return
        raise Broken(f"after {STEPS_MAX} steps {self._unquiet()}")

    def _go_on(self) -> None:
        """Let the next fault happen, or end the last ones, since no actor can move. Raises Broken if neither helps."""
        if self._faults.pending:
            self._faults.strike_now()
        elif not self._world.revive():
            raise Broken(f"nothing can move, and {self._unquiet() or 'all is quiet'}")

    def _is_quiet(self) -> bool:
        if self._world.log.length != self._length:
            self._length, self._idle_at = self._world.log.length, self._world.steps + IDLE_STEPS
            return False
        return self._unquiet() is None

    def _unquiet(self) -> str | None:
        return "a fault is to come" if self._faults.pending else unquiet(self._world)


def _wheel(world: World) -> list[tuple[str, Actor]]:
    """Return the names of processes with their actors, each as often as it is to have its turn."""
    by_weight: list[tuple[str, Actor]] = [("progress", actors.hear), ("network", actors.deliver_orphan)]
    for name in WORKERS:
        last = actors.read if name.startswith("items") else actors.request
        acts = (actors.turn, actors.turn, actors.append, actors.confirm, actors.fetch, last)
        by_weight += [(name, act) for act in acts]
    wheel = [each for each, weight in zip(by_weight, world.plan.weights, strict=False) for _ in range(weight)]
    # Time is slow: it passes mostly when nothing else can happen, and with it go pauses and polls.
    wheel += [("clock", actors.tick), ("session", membership.expel), ("producer", actors.produce)]
    in_group = (membership.take_part, membership.take_part, membership.commit)
    wheel += [(name, act) for name in WORKERS for act in in_group]
    random.Random(len(wheel)).shuffle(wheel)
    return wheel


async def _end_turn(_: CooperativeTurns) -> None:
    """End the turn at every step, whatever the machine's clock says."""
    await asyncio.sleep(0)
