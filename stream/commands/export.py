"""`freshline export` and `freshline import`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from stream.commands import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.export import Counts
    from stream.settings import Settings

File = Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines; - is stdout or stdin.")]


def export(file: File = "-", *, kafka: options.Kafka = None, json: options.AsJson = False) -> None:
    """Write the state of all items and reviews as JSON lines."""
    from stream.export import export as write

    with opened(file, "wb") as lines:
        counts = asyncio.run(write(_at(kafka), lines))
    _report("exported", counts, json and file != "-")


def import_(file: File = "-", *, kafka: options.Kafka = None, json: options.AsJson = False) -> None:
    """Join the state of an export with what is there; the export may be of any number of partitions."""
    from stream.export import import_ as read

    with opened(file, "rb") as lines:
        counts = asyncio.run(read(_at(kafka), lines))
    _report("imported", counts, json)


@contextmanager
def opened(file: str, mode: str) -> Iterator[IO[bytes]]:
    """A file, or for "-" stdin or stdout. Raises WrongUsage if it cannot be opened."""
    from stream.commands.exits import WrongUsage

    if file == "-":
        yield sys.stdin.buffer if mode == "rb" else sys.stdout.buffer
        return
    try:
        lines = Path(file).open(mode)  # noqa: SIM115
    except OSError as error:
        raise WrongUsage(f"cannot open {file}: {error.strerror}") from None
    with lines:
        yield lines


def _at(kafka: str | None) -> Settings:
    from stream.commands.configured import brokers, settings

    return settings(kafka=",".join(brokers(kafka)))


def _report(what: str, counts: Counts, json: bool) -> None:
    from stream.commands.printing import counted, print_json, say

    if json:
        print_json(counts._asdict())
    else:
        say(f"{what}: {counted(counts.items, 'item')}, {counted(counts.reviews, 'review')}")
