"""The report of `up` for /status: the embedded broker's size and losses, and the processes that keep failing.

Only `up` knows these, so it writes them to a file.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import Unavailable
from stream.runtime.atomic_files import write_json

if TYPE_CHECKING:
    from pathlib import Path


class StackReport(NamedTuple):
    """A report of the `up` that runs on a data directory."""

    log_kind: str
    """The kind of the broker, for a person."""
    log_bytes: int | None
    """Memory of the embedded broker; None for another broker, whose log is on disk."""
    losses: list[str]
    """Sentences about the losses of embedded brokers, in this run and in killed runs before it."""
    kept_until: str | None
    """Everything that was sent to the embedded broker before this time would outlive it (RFC 3339).

    None for another broker.
    """
    failing: dict[str, str]
    """The processes that end whenever they are started, by name: a sentence with the last line of output of each."""

    @property
    def may_be_missing(self) -> str | None:
        """All losses, one a line; None if there are none."""
        return "\n".join(self.losses) or None


def read_stack_report(data_dir: Path) -> StackReport | None:
    """Return the report of the `up` that runs on this directory, or was killed there.

    None if there is no report: an `up` that ends in order removes it.
    """
    try:
        return StackReport(**orjson.loads((data_dir / "up.json").read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


class StackReportFile:
    """The report of the running `up`, which is written again whenever something in it changes."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "up.json"
        self.left_behind = read_stack_report(data_dir)
        """The report of an `up` that was killed; None if there is none."""
        self._report = StackReport("", None, [], None, {})

    def update(self, **changes: Any) -> None:
        """Change these fields, for `read_stack_report` in other processes.

        On a full disk the file stays as it is; the next change may be written.
        """
        self._report = self._report._replace(**changes)
        with contextlib.suppress(Unavailable):
            write_json(self._path, self._report._asdict())

    def set_failing(self, name: str, reason: str | None) -> None:
        """Report that a process cannot be kept running, with the reason; None reports that it stays up."""
        others = {other: why for other, why in self._report.failing.items() if other != name}
        failing = others if reason is None else {**others, name: reason}
        if failing != self._report.failing:
            self.update(failing=failing)

    def remove(self) -> None:
        """Remove the file. `up` ends in order: it has reported every loss, and the next `up` need not repeat them."""
        self._path.unlink(missing_ok=True)
