"""`python -m tests.simulate`: all seeds on all processors; LONG=1 adds a crash at every step, SEED=n tells one run."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import structlog

from .plan import Plan, make_plan
from .runs import crashes_everywhere, run, shortest

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = 10_000
CRASHED_SEEDS = 200
"""The seeds of the long form in which a worker also crashes at each step: some 400 runs each."""
CHUNK_SEEDS = 50
FAILURES_MAX = 3


class Outcome(NamedTuple):
    """The outcome of a chunk of seeds."""

    runs: int
    failed: list[tuple[int, Plan]]
    reached: Counter[str]


def plans(seed: int, *, long: bool) -> Iterator[Plan]:
    """Return the plans that are run for one seed."""
    yield make_plan(seed)
    if long and seed < CRASHED_SEEDS:
        yield from crashes_everywhere(seed)


def chunk(arguments: tuple[int, int, bool]) -> Outcome:
    """Run a range of seeds in one process."""
    first, count, long = arguments
    quiet()
    outcome = Outcome(0, [], Counter())
    for seed in range(first, first + count):
        for plan in plans(seed, long=long):
            done = run(plan, seed)
            outcome = outcome._replace(runs=outcome.runs + 1)
            outcome.reached.update(done.reached)
            if done.broken is not None:
                outcome.failed.append((seed, plan))
                break
    gc.collect()
    return outcome


def quiet() -> None:
    """Silence the product's log lines and the garbage collector, which would cost as much as the runs themselves."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    gc.disable()


def print_run(seed: int, plan: Plan) -> None:
    """Print a failure: its seed, and the shortest run that fails."""
    found = shortest(plan, seed)
    print(f"seed {seed} fails: {run(plan, seed).broken}\nthe shortest run found that fails:")
    print("\n".join(found.trace))
    print(f"the whole run: make simulate SEED={seed}")


def main() -> int:
    """Run the seeds, and return the exit code: 1 if any run breaks an invariant."""
    quiet()
    if seed := os.environ.get("SEED"):
        done = run(make_plan(int(seed)), int(seed), trace=True)
        print("\n".join(done.trace), f"seed {seed}: {done.broken or 'all holds'}", sep="\n")
        return int(done.broken is not None)
    long, seeds, began_s = bool(os.environ.get("LONG")), int(os.environ.get("SEEDS", SEEDS)), time.monotonic()
    size = 1 if long else CHUNK_SEEDS
    chunks = [(first, min(size, seeds - first), long) for first in range(0, seeds, size)]
    runs, reached, failed = 0, Counter[str](), list[tuple[int, Plan]]()
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        for outcome in pool.imap_unordered(chunk, chunks):
            runs += outcome.runs
            reached.update(outcome.reached)
            failed += outcome.failed
            if len(failed) >= FAILURES_MAX:
                break
    for seed_failed, plan in sorted(failed, key=lambda each: each[0])[:FAILURES_MAX]:
        print_run(seed_failed, plan)
    came_to = ", ".join(f"{count} {what}" for what, count in sorted(reached.items()))
    print(f"{runs} runs in {time.monotonic() - began_s:.0f} s, {len(failed)} failed; they came to: {came_to}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
