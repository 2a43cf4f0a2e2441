"""Some hundred seeds hold, and each control that breaks an invariant is noticed."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import structlog

from .__main__ import quiet
from .controls import CONTROLS
from .plan import make_plan
from .runs import crashes_everywhere, first_broken, run, shortest

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = 200
CONTROL_SEEDS_MAX = 1_000
LEFT_OBJECTS_MAX = 2_000
"""Caches may grow. With one worker left by each invalid record it was 9,900."""


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    quiet()
    yield
    gc.enable()
    structlog.reset_defaults()


def test_index_and_fold_agree_and_every_invariant_holds_in_the_first_seeds() -> None:
    reached: Counter[str] = Counter()
    for seed in range(SEEDS):
        done = run(make_plan(seed), seed)
        assert done.broken is None, f"seed {seed}: {done.broken}"
        reached.update(done.reached)
    expected = ("crash", "freeze", "fail", "late", "late record", "orphan", "foreign record", "alert")
    assert all(reached[what] for what in expected), reached


def test_a_crash_at_every_step_of_a_run_breaks_nothing() -> None:
    for plan in crashes_everywhere(1):
        assert run(plan, 1).broken is None, plan.faults


@pytest.mark.parametrize("control", CONTROLS)
def test_a_broken_product_is_noticed(control: str) -> None:
    with CONTROLS[control]():
        assert first_broken(range(CONTROL_SEEDS_MAX)) is not None


def test_runs_leave_nothing_behind() -> None:
    """An error that is held across a wait keeps its worker for good, and with it all that the worker knew."""

    def objects_after(seeds: range) -> int:
        for seed in seeds:
            run(make_plan(seed), seed)
        gc.collect()
        return len(gc.get_objects())

    first = objects_after(range(20))
    assert objects_after(range(20, 60)) - first < LEFT_OBJECTS_MAX


def test_a_seed_replays_exactly() -> None:
    first, second = (run(make_plan(3), 3, trace=True) for _ in range(2))
    assert first.trace == second.trace and first.steps > 0
    assert run(make_plan(3), 3, first.choices).steps == first.steps


def test_a_failing_run_is_made_shorter_and_still_fails() -> None:
    with CONTROLS["writes_without_conditions"]():
        seed = first_broken(range(CONTROL_SEEDS_MAX))
        assert seed is not None
        whole, short = run(make_plan(seed), seed, trace=True), shortest(make_plan(seed), seed)
    assert short.broken is not None and len(short.trace) < len(whole.trace)
