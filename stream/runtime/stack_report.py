"""What only `up` knows and /status shows: the embedded broker's size and losses, and what cannot be kept running."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import Unavailable
from stream.runtime.atomic_files import write_json

if TYPE_CHECKING:
    from pathlib import Path


class StackReport(NamedTuple):
    """Of the `up` that runs on a data directory."""

    log_kind: str
    """Of the broker, to a person."""
    log_bytes: int | None
    """Memory of the embedded broker; None of others, whose log is on disk."""
    losses: list[str]
    """Sentences on what embedded brokers took with them, in this run and in killed ones before it."""
    kept_until: str | None
    """Up to when all that was sent to the embedded broker would outlive it, RFC 3339; None of others."""
    failing: dict[str, str]
    """By name of a process that ends whenever it is started: a sentence with its last words."""

    @property
    def may_be_missing(self) -> str | None:
        """All losses, a line each; None: there are none."""
        return "\n".join(self.losses) or None


def read_stack_report(data_dir: Path) -> StackReport | None:
    """None where no `up` keeps this directory: one that ends in order takes it away."""
    try:
        return StackReport(**orjson.loads((data_dir / "up.json").read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


class StackReportFile:
    """The report of the `up` that runs, written anew whenever something in it changes."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "up.json"
        self.left_behind = read_stack_report(data_dir)
        """By an `up` that was killed."""
        self._report = StackReport("", None, [], None, {})

    def update(self, **changes: Any) -> None:
        """For `read_report` in other processes. A full disk keeps it as it was: the next change may be written."""
        self._report = self._report._replace(**changes)
        with contextlib.suppress(Unavailable):
            write_json(self._path, self._report._asdict())

    def set_failing(self, name: str, why: str | None) -> None:
        """`why`: None once it stays up."""
        others = {other: reason for other, reason in self._report.failing.items() if other != name}
        failing = others if why is None else {**others, name: why}
        if failing != self._report.failing:
            self.update(failing=failing)

    def remove(self) -> None:
        """`up` ends in order: nothing was lost that it has not told, and the next one need not say it again."""
        self._path.unlink(missing_ok=True)
