"""`python -m tests.faults`: faults on running stacks, a line each; exit 1 if any fails."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.faults import SCENARIOS
from tests.faults.scenario import Run, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.scenario import Scenario


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a choice that fits four minutes")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or time.time()))
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--broker", choices=["embedded", "kafka"])
    options = parser.parse_args()
    verdicts: list[Verdict] = []
    brokers = [b for b in ("embedded", "kafka") if options.broker in (None, b)]
    if "kafka" in brokers and not os.environ.get("KAFKA_HOME"):
        brokers.remove("kafka")
        print("skip  everything on Apache Kafka: KAFKA_HOME is not set")
    for broker in brokers:
        chosen = [s for s in SCENARIOS if broker in s.brokers and options.only in s.name]
        for verdict in played(chosen, broker, options.seed):
            print(verdict, flush=True)
            verdicts.append(verdict)
    failed = sum(not verdict.passed for verdict in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return int(failed > 0)


def played(scenarios: Iterable[Scenario], broker: str, seed: int) -> Iterable[Verdict]:
    """Those that can share a stack share it, until one fails."""
    with ExitStack() as shared:
        run: Run | None = None
        for scenario in scenarios:
            if scenario.own_stack or run is None:
                shared.close()
                run = shared.enter_context(new_run(broker, seed, scenario))
            verdict = run.play(scenario)
            yield verdict
            if scenario.own_stack or not verdict.passed:
                shared.close()
                run = None


def new_run(broker: str, seed: int, scenario: Scenario) -> Run:
    """On a folder of its own, which stays where it is for who wants to see the logs."""
    folder = Path(tempfile.mkdtemp(prefix="freshline-faults-"))
    run = Run(folder, broker, seed, **scenario.env)
    if scenario.control:
        run.stack.tell("control", scenario.control)
    return run


if __name__ == "__main__":
    sys.exit(main())
