"""What only `up` knows and /status shows: the size of the embedded broker's log, and what may be missing from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from stream.up.files import write_json

if TYPE_CHECKING:
    from pathlib import Path


class Report(NamedTuple):
    """Of the `up` that runs on a data directory."""

    log_kind: str
    """Of the broker, to a person."""
    log_bytes: int | None
    """Memory of the embedded broker; None of others, whose log is on disk."""
    may_be_missing: str | None
    """A sentence on changes that the embedded broker took with it, in this run or the last; None: none."""


def read_report(data_dir: Path) -> Report | None:
    """None where no `up` keeps this directory: one that ends in order takes it away."""
    try:
        return Report(**orjson.loads((data_dir / "up.json").read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


def write_report(data_dir: Path, report: Report) -> None:
    """For `read_report` in other processes."""
    write_json(data_dir / "up.json", report._asdict())


def forget_report(data_dir: Path) -> None:
    """`up` ends."""
    (data_dir / "up.json").unlink(missing_ok=True)
