"""The outcome of the lines that a command sends as events."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from schemas.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBLEMS_MAX = 1_000
"""The most refused lines, or runs of them, that are named. All are counted."""
LOST = "not confirmed, the broker was lost"


class Problem(NamedTuple):
    """The reason why a line, or each line of a run, is not in the log."""

    line: int
    """The number of the first line, from 1."""
    reason: str
    last: int | None = None
    """The number of the last line of a run; None for a single line."""

    @property
    def in_words(self) -> str:
        """A sentence for a person, with what to do."""
        if self.last is None:
            return f"line {self.line}: {self.reason}" + (": send it again" if self.reason == LOST else "")
        return f"lines {self.line}-{self.last}: {self.reason}: send them again"


@dataclass(slots=True)
class SendReport:
    """The outcome of the lines so far."""

    log_id: str | None = None
    """The id of the log, for the tokens; None if it is unknown."""
    confirmed: int = 0
    invalid: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    """The lines that are refused whenever they are sent, with the reason; at most PROBLEMS_MAX that nobody has removed.
    """
    last_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    """The offset of the last confirmed record, by (topic, partition)."""
    earlier_tokens: list[Token] = field(default_factory=list)
    """Tokens of logs that were lost since."""
    confirmed_before: int = 0
    """The number of records that were confirmed by logs that were lost since."""
    stopped: str | None = None
    """A sentence why the rest was not sent; None if everything was sent."""

    @property
    def tokens(self) -> list[Token]:
        """The tokens of the last records: once all of these are searchable, every event that was sent is searchable."""
        latest = sorted(self.last_offsets.items())
        return self.earlier_tokens + [Token(*partition, offset, self.log_id) for partition, offset in latest]

    def confirm(self, topic: str, partition: int, offset: int) -> None:
        """Count a record that the log has at this offset."""
        self.confirmed += 1
        self.last_offsets[topic, partition] = offset

    def stop(self, line: int, why: str) -> None:
        """Note that this line and the rest were not sent. `line` is 0 for records without one."""
        where = f" before line {line}" if line else ""
        self.stopped = f"stopped{where}, the rest was not sent: {why}"

    def continue_in(self, log_id: str | None) -> None:
        """Note that records are confirmed by this log from now on, which may be another than before."""
        if log_id != self.log_id:
            self.confirmed_before = self.confirmed
            self.earlier_tokens, self.last_offsets, self.log_id = self.tokens, {}, log_id

    @property
    def lost_log(self) -> str | None:
        """A sentence about records that were confirmed by a log that is gone; None if no log is gone."""
        if not self.confirmed_before:
            return None
        return (
            f"the broker's log began anew meanwhile: of the {self.confirmed_before:,} events confirmed before some may "
            "be gone too; `freshline status` says since when (may be missing): run the same command again"
        )

    def add_problem(self, problem: Problem) -> None:
        """Name a problem, unless too many are named already."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)

    def pass_over(self, line: int, reason: str) -> None:
        """Count a line that is no valid event, and is not sent."""
        self.invalid += 1
        self.add_problem(Problem(line, reason))

    def fail(self, line: int, reason: str) -> None:
        """Count a line that is not in the log, as far as is known."""
        self.failed += 1
        self.add_problem(Problem(line, reason))

    def refuse(self, line: int, reason: str) -> None:
        """Count a line that is refused: sent once more, it is refused again."""
        self.fail(line, reason)
        if len(self.refused) < PROBLEMS_MAX:
            self.refused[line] = reason

    def lose(self, lines: Sequence[int]) -> None:
        """Count lines of which none was confirmed: as one problem if their numbers rise."""
        if lines[0] <= 0 or any(one >= other for one, other in pairwise(lines)):
            for line in lines:  # They are not in the order of the source, or not from the source at all.
                self.fail(line, LOST)
            return
        self.failed += len(lines)
        self.add_problem(Problem(lines[0], LOST, lines[-1] if len(lines) > 1 else None))
