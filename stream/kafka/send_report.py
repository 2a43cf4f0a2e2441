"""What became of the lines that were to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from schemas.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBLEMS_MAX = 1_000
"""Refused lines, or runs of them, that are named; all are counted."""
LOST = "not confirmed, the broker was lost"


class Problem(NamedTuple):
    """Why a line, or each of a run of lines, is not in the log."""

    line: int
    """The first."""
    reason: str
    last: int | None = None
    """The last of a run; None: it is one line."""

    @property
    def in_words(self) -> str:
        """For a person, with what to do."""
        if self.last is None:
            return f"line {self.line}: {self.reason}" + (": send it again" if self.reason == LOST else "")
        return f"lines {self.line}-{self.last}: {self.reason}: send them again"


@dataclass(slots=True)
class SendReport:
    """What became of the lines so far."""

    log: str | None = None
    """Id of the log, for the tokens; None: unknown."""
    confirmed: int = 0
    invalid: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)
    last: dict[tuple[str, int], int] = field(default_factory=dict)
    """By (topic, partition): the offset of the last confirmed record."""
    earlier: list[Token] = field(default_factory=list)
    """Of a log that was lost since."""
    confirmed_before: int = 0
    """By logs that were lost since."""
    stopped: str | None = None
    """A sentence, where the rest was not sent."""

    @property
    def tokens(self) -> list[Token]:
        """Once all of these are searchable, every event sent is."""
        return self.earlier + [Token(*place, offset, self.log) for place, offset in sorted(self.last.items())]

    def goes_on_in(self, log: str | None) -> None:
        """What is confirmed from now on is in this log, which may be another."""
        if log != self.log:
            self.confirmed_before = self.confirmed
            self.earlier, self.last, self.log = self.tokens, {}, log

    @property
    def lost_log(self) -> str | None:
        """A sentence on what was confirmed by a log that is gone; None: there is no such thing."""
        if not self.confirmed_before:
            return None
        return (
            f"the broker's log began anew meanwhile: of the {self.confirmed_before:,} events confirmed before some may "
            "be gone too; `freshline status` says since when (may be missing): run the same command again"
        )

    def add_problem(self, problem: Problem) -> None:
        """Names it, if not too many are named already."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)

    def fail(self, line: int, reason: str) -> None:
        """It is not in the log, as far as is known."""
        self.failed += 1
        self.add_problem(Problem(line, reason))

    def lose(self, lines: Sequence[int]) -> None:
        """None of these was confirmed: one problem, where they follow each other."""
        if lines[0] <= 0 or any(one >= other for one, other in pairwise(lines)):
            for line in lines:  # In another order than that of the source, or not of it.
                self.fail(line, LOST)
            return
        self.failed += len(lines)
        self.add_problem(Problem(lines[0], LOST, lines[-1] if len(lines) > 1 else None))
