"""Figures, their goals, and the table of them."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Goal(NamedTuple):
    """The value that a figure has to reach, in the figure's unit."""

    bound: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """Return whether this value reaches the goal."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


class Figure(NamedTuple):
    """One line of the table. `low` and `high` are the extremes of its repeats, if it has any."""

    name: str
    value: float
    unit: str
    goal: Goal | None = None
    low: float | None = None
    high: float | None = None

    @property
    def met(self) -> bool | None:
        """True if the figure reaches its goal; None without a goal."""
        return None if self.goal is None else self.goal.met(self.value)

    def as_json(self) -> dict[str, object]:
        """Return the figure for machines: the goal as text, and whether it is met."""
        return {**self._asdict(), "goal": None if self.goal is None else str(self.goal), "met": self.met}


def repeated(name: str, values: Sequence[float], unit: str, goal: Goal | None = None) -> Figure:
    """Return the median of several runs, and their spread."""
    return Figure(name, statistics.median(values), unit, goal, min(values), max(values))


def print_table(title: str, parts: Iterable[tuple[str, Sequence[Figure]]]) -> None:
    """Print the table on stderr, so that stdout holds the JSON alone."""
    table = Table("part", "figure", title=title, title_justify="left")
    for heading in ("measured", "spread", "goal"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for part, figures in parts:
        for figure in figures:
            table.add_row(part, figure.name, _value(figure), _spread(figure), str(figure.goal or ""), _verdict(figure))
        table.add_section()
    Console(stderr=True, width=132, highlight=False).print(table)


def _value(figure: Figure) -> str:
    return f"{_number(figure.value)} {figure.unit}".strip()


def _spread(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{_number(figure.low)} - {_number(figure.high)}"


def _verdict(figure: Figure) -> str:
    return {None: "", True: "met", False: "[bold red]missed[/]"}[figure.met]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.5g}"
