"""`python -m tests.faults`: faults on running stacks, a line each; exit 1 if any fails."""

from __future__ import annotations

import argparse
import logging
import math
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.faults import disk
from tests.faults.faults import SCENARIOS
from tests.faults.queues import SMALL
from tests.faults.scenario import Run, Skipped, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.scenario import Scenario

BROKERS = ("embedded", "kafka")


def main() -> int:
    """Run the scenarios that were asked for, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a choice that fits four minutes")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or time.time()))
    parser.add_argument("--only", default="", help="the scenario of this name, else those whose name contains it")
    parser.add_argument("--broker", choices=BROKERS, help="on this one alone")
    options = parser.parse_args()
    if not any(asked(scenario.name, options.only) for scenario in SCENARIOS):
        parser.error(f"no scenario has {options.only!r} in its name")
    for chatty in ("aiokafka", "kafka", "httpx"):  # They tell at length of brokers that are away, as they should be.
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for broker in (options.broker,) if options.broker else BROKERS:
        chosen = [s for s in SCENARIOS if asked(s.name, options.only) and _belongs(s, broker, short=options.short)]
        for verdict in played(chosen, broker, options.seed):
            print(verdict, flush=True)
            counts[verdict.outcome] += 1
    print(", ".join(f"{count} {word}" for word, count in counts.items() if count or word != "skipped"))
    return int(counts["failed"] > 0)


def asked(name: str, only: str) -> bool:
    """Return whether the scenario was asked for. A whole name asks for no other that begins with the same words."""
    return name == only if only in {scenario.name for scenario in SCENARIOS} else only in name


def _belongs(scenario: Scenario, broker: str, *, short: bool) -> bool:
    return scenario.short == broker if short else broker in scenario.brokers


def played(scenarios: Sequence[Scenario], broker: str, seed: int) -> Iterator[Verdict | Skipped]:
    """Run the scenarios; those that can share a stack do so until one fails."""
    if broker == "kafka" and not os.environ.get("KAFKA_HOME"):
        yield from (Skipped(scenario.name, "KAFKA_HOME is not set") for scenario in scenarios)
        return
    with ExitStack() as shared:
        run: Run[Any] | None = None
        for scenario in scenarios:
            if scenario.cannot:
                yield Skipped(scenario.name, scenario.cannot)
                continue
            if scenario.own_stack or run is None or not isinstance(run.stack, scenario.stack):
                shared.close()
                run = None
                begun = _begun(shared, broker, seed, scenario)
                if not isinstance(begun, Run):
                    yield begun
                    continue
                run = begun
            verdict = run.play(scenario)
            yield verdict
            if scenario.own_stack or not verdict.passed:
                shared.close()
                run = None


def _begun(shared: ExitStack, broker: str, seed: int, scenario: Scenario) -> Run[Any] | Skipped | Verdict:
    """Begin the scenario on a stack that ends with `shared`; or return why it cannot be played."""
    folder = shared.enter_context(_folder(scenario))
    if folder is None:
        return Skipped(scenario.name, "a small disk cannot be mounted here: it takes root")
    try:
        return shared.enter_context(_run(folder, broker, seed, scenario))
    except (AssertionError, ValueError, httpx.HTTPError) as error:
        return Verdict(scenario.name, broker, seed, 0, math.nan, [f"the stack did not begin: {error}"], False)


def _run(folder: Path, broker: str, seed: int, scenario: Scenario) -> Run[Any]:
    run: Run[Any] = Run(scenario.stack, folder, broker, seed, **scenario.env)
    if scenario.control:
        run.stack.instruct("control", scenario.control)
    elif run.stack.small_queues:
        run.stack.instruct(SMALL)
    return run


@contextmanager
def _folder(scenario: Scenario) -> Iterator[Path | None]:
    """Yield the folder of the logs, which is kept for the person who wants to read them; a small disk is removed."""
    folder = Path(tempfile.mkdtemp(prefix="freshline-faults-"))
    if not scenario.small_disk:
        yield folder
        return
    data_dir = folder / "data"
    if not disk.mounted(data_dir):
        yield None
        return
    try:
        yield folder
    finally:
        disk.unmount(data_dir)


if __name__ == "__main__":
    sys.exit(main())
