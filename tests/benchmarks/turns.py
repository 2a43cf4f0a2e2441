"""`make bench AGAINST=../release`: this build and another one in turns, on one machine, as ratios of their medians."""

from __future__ import annotations

import argparse
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from rich.console import Console
from rich.table import Table

from stream.runtime.printing import print_json, say
from tests.benchmarks.over_http import PARTS_OVER_HTTP
from tests.benchmarks.peers.contestants import HERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROUNDS = 5


class Measured(NamedTuple):
    """A figure of one run."""

    part: str
    name: str
    unit: str
    value: float


class Compared(NamedTuple):
    """A figure of both builds, over all rounds."""

    part: str
    name: str
    unit: str
    theirs: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        """The median of this build divided by that of the other one; not a number if that is 0."""
        theirs = statistics.median(self.theirs)
        return statistics.median(self.ours) / theirs if theirs else float("nan")


def main() -> int:
    """Run the parts on both builds in turns, this one first in every second round."""
    parser = argparse.ArgumentParser(prog="make bench AGAINST=...", description=__doc__)
    parser.add_argument("--against", type=Path, required=True, help="a checkout of the other build, installed")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", action="append", default=[], help="a part of `make bench`; may be repeated")
    asked = parser.parse_args()
    ours: list[list[Measured]] = []
    theirs: list[list[Measured]] = []
    for number in range(asked.rounds):
        turns = [(asked.against.resolve(), theirs), (HERE, ours)]
        for tree, runs in turns if number % 2 == 0 else reversed(turns):
            say(f"bench: round {number + 1} of {asked.rounds}, {tree}")
            runs.append(figures(_run(tree, asked.only)))
    found = compared(theirs, ours)
    _print(found)
    print_json([each._asdict() | {"ratio": each.ratio} for each in found], indent=True)
    return 0


def figures(report: dict[str, Any]) -> list[Measured]:
    """Return the figures in the JSON of `make bench`."""
    return [
        Measured(part, each["name"], each["unit"], each["value"])
        for part, said in report["parts"].items()
        for each in said["figures"]
    ]


def compared(theirs: Sequence[Iterable[Measured]], ours: Sequence[Iterable[Measured]]) -> list[Compared]:
    """Return the figures that both builds have, in the order of this one."""
    before, after = _by_name(theirs), _by_name(ours)
    return [Compared(*name, before[name], values) for name, values in after.items() if name in before]


def _by_name(runs: Sequence[Iterable[Measured]]) -> dict[tuple[str, str, str], list[float]]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for run in runs:
        for *name, value in run:
            found.setdefault((name[0], name[1], name[2]), []).append(value)
    return found


def _run(tree: Path, parts: Sequence[str]) -> dict[str, Any]:
    """Run the parts by the code of the build; those that ask over HTTP alone by this code, on the build's processes."""
    own = [part for part in parts if part not in PARTS_OVER_HTTP]
    over_http = [part for part in parts if part in PARTS_OVER_HTTP]
    found: dict[str, Any] = {}
    if own or not over_http:
        found |= _report(tree, own)["parts"]
    if over_http:
        found |= _report(HERE, over_http, "--tree", str(tree))["parts"]
    return {"parts": found}


def _report(code: Path, parts: Sequence[str], *more: str) -> dict[str, Any]:
    only = [word for part in parts for word in ("--only", part)]
    argv = [str(code / ".venv/bin/python"), "-m", "tests.benchmarks", *only, *more]
    done = subprocess.run(argv, cwd=code, stdout=subprocess.PIPE, check=True)
    report: dict[str, Any] = orjson.loads(done.stdout)
    return report


def _print(found: Iterable[Compared]) -> None:
    table = Table(
        "part", "figure", "other", "spread", "this", "spread", "ratio", title="in turns", title_justify="left"
    )
    for each in found:
        shown = [cell for values in (each.theirs, each.ours) for cell in _cells(values, each.unit)]
        table.add_row(each.part, each.name, *shown, f"{each.ratio:.2f}")
    Console(stderr=True, width=160).print(table)


def _cells(values: Sequence[float], unit: str) -> tuple[str, str]:
    return f"{statistics.median(values):,.2f} {unit}", f"{min(values):,.2f} - {max(values):,.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
