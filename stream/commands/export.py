"""`freshline export` and `freshline import`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Annotated

import typer

from stream.commands import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.runtime.settings import Settings
    from stream.state_files.export import StateCounts

File = Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines; - is stdout or stdin.")]


def export(file: File = "-", *, kafka: options.Kafka = None, json: options.AsJson = False) -> None:
    """Write the state of all items and reviews as JSON lines; the last one says how many.

    FILE is replaced once the export is complete: one that fails leaves it as it was. Exit 1: it failed.
    """
    from stream.commands.output import written
    from stream.state_files.export import export_state

    with written(file) as out:
        counts = asyncio.run(export_state(_at(kafka), out))
    _report("exported", counts, json and file != "-")


def import_(file: File = "-", *, kafka: options.Kafka = None, json: options.AsJson = False) -> None:
    """Join the state of an export with what is there; the export may be of any number of partitions.

    All of it is checked first: nothing is sent of one that was cut off or has a wrong line. Exit 1: it failed.
    """
    from stream.state_files.export import import_state

    with opened(file) as lines, _read_twice(lines) as export:
        counts = asyncio.run(import_state(_at(kafka), export))
    _report("imported", counts, json)


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """A file, or for "-" stdin. Raises WrongUsage if it cannot be opened."""
    from schemas.errors import WrongUsage

    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        lines = Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise WrongUsage(f"cannot open {file}: {error.strerror}") from None
    with lines:
        yield lines


@contextmanager
def _read_twice(lines: IO[bytes]) -> Iterator[IO[bytes]]:
    """The same, or of a pipe a copy on disk. Raises Unavailable if there is no room for it."""
    from schemas.errors import Unavailable

    if lines.seekable():
        yield lines
        return
    with tempfile.TemporaryFile() as copy:
        try:
            copyfileobj(lines, copy)
            copy.seek(0)
        except OSError as error:
            raise Unavailable(
                f"no room for temporary files ({error.strerror}): free some, or set TMPDIR to another disk"
            ) from error
        yield copy


def _at(kafka: str | None) -> Settings:
    from stream.commands.configured import brokers, settings

    return settings(kafka=",".join(brokers(kafka)))


def _report(what: str, counts: StateCounts, json: bool) -> None:
    from stream.runtime.printing import counted, print_json, say

    if json:
        print_json(counts._asdict())
    else:
        say(f"{what}: {counted(counts.items, 'item')}, {counted(counts.reviews, 'review')}")
