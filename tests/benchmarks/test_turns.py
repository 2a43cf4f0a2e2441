"""`make bench AGAINST=...` is a command, and compares what both builds measured."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.turns import Measured, compared


def test_the_module_is_a_command() -> None:
    asked = [sys.executable, "-m", "tests.benchmarks.turns", "--help"]
    assert "--against" in subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def test_the_ratio_is_that_of_the_medians_of_figures_that_both_have() -> None:
    theirs = [[Measured("server", "search, p50", "ms", value)] for value in (10.0, 30.0, 20.0)]
    ours = [[Measured("server", "search, p50", "ms", 5.0), Measured("idle", "all", "%", 1.0)] for _ in theirs]
    [found] = compared(theirs, ours)
    assert (found.name, found.ratio) == ("search, p50", 0.25)
