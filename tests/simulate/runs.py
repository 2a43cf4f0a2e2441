"""Runs of seeds: the failing ones, the shortest failing run, and a crash at every step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .broken import Broken
from .choices import Choices
from .plan import WORKERS, Fault, Plan, make_plan
from .scheduler import Scheduler
from .world import World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence

SHRINK_RUNS_MAX = 400
CRASH_STARTS_AFTER_STEPS = 60


class Run(NamedTuple):
    """The outcome of one run."""

    broken: str | None
    steps: int
    choices: list[int]
    reached: Counter[str]
    trace: list[str]


def run(plan: Plan, seed: int, given: Sequence[int] | None = None, *, trace: bool = False) -> Run:
    """Do one run. An error that is no broken invariant is a bug of the simulation, and is raised."""
    choices = Choices(seed, given)
    world = World(plan, choices, trace=trace)
    broken = None
    try:
        Scheduler(world).run()
    except Broken as error:
        broken = str(error)
    return Run(broken, world.steps, choices.made, world.reached, world.trace or [])


def first_broken(seeds: Iterable[int]) -> int | None:
    """Return the first of these seeds that breaks an invariant."""
    return next((seed for seed in seeds if run(make_plan(seed), seed).broken is not None), None)


def crashes_everywhere(seed: int) -> Iterator[Plan]:
    """Yield the plan of this seed without its own faults, with a crash of a worker at each of its steps in turn."""
    calm = replace(make_plan(seed), faults=())
    for step in range(1, run(calm, seed).steps):
        worker = WORKERS[step % len(WORKERS)]
        crash, start = Fault(step, "crash", worker), Fault(step + CRASH_STARTS_AFTER_STEPS, "start", worker)
        yield replace(calm, faults=(crash, start))


def shortest(plan: Plan, seed: int) -> Run:
    """Return a failing run with as little in it as was found: fewer events, fewer faults, plainer choices.

    The search is deterministic. Where an event or fault is left out the schedule shifts, so each smaller plan has a few
    seeds to fail with.
    """
    runs_left = SHRINK_RUNS_MAX

    def fails(plan: Plan, seed: int, given: Sequence[int] | None = None) -> bool:
        nonlocal runs_left
        runs_left -= 1
        return runs_left > 0 and run(plan, seed, given).broken is not None

    smaller = True
    while smaller and runs_left > 0:
        smaller = False
        for candidate in _smaller(plan):
            tried = next((s for s in range(seed, seed + 8) if fails(candidate, s)), None)
            if tried is not None:
                plan, seed, smaller = candidate, tried, True
                break
    given, runs_left = run(plan, seed).choices, SHRINK_RUNS_MAX
    size = len(given)
    while size := size // 2:
        for start in range(0, len(given), size):
            plainer = [*given[:start], *[0] * len(given[start : start + size]), *given[start + size :]]
            if any(given[start : start + size]) and fails(plan, seed, plainer):
                given = plainer
    return run(plan, seed, given, trace=True)


def _smaller(plan: Plan) -> Iterator[Plan]:
    for number in range(len(plan.faults)):
        yield replace(plan, faults=plan.faults[:number] + plan.faults[number + 1 :])
    for number in range(len(plan.events)):
        yield replace(plan, events=plan.events[:number] + plan.events[number + 1 :])
