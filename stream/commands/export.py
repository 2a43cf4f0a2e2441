"""`freshline export` and `freshline import`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands import options
from stream.commands.current_run import bounds

if TYPE_CHECKING:
    from stream.state_files.export import StateCounts

File = Annotated[str, typer.Argument(metavar="[FILE|-]", help="A file of JSON lines; - is stdout or stdin.")]


def export(file: File = "-", *, kafka: options.Kafka = None, json: options.AsJson = False) -> None:
    """Write the state of all items and reviews as JSON lines; the last one says how many.

    FILE is replaced once the export is complete: one that fails leaves it as it was. Exit 1: it failed.
    """
    from stream.commands.configured import with_brokers
    from stream.commands.files import written
    from stream.state_files.export import export_state

    with written(file) as out:
        counts = asyncio.run(export_state(with_brokers(kafka), out, connect_seconds_max=bounds().connect_seconds_max))
    _print_counts("exported", counts, json and file != "-")


def import_(file: File = "-", *, kafka: options.Kafka = None, json: options.AsJson = False) -> None:
    """Join the state of an export with what is there; the export may be of any number of partitions.

    All of it is checked first: nothing is sent of one that was cut off or has a wrong line. Exit 1: it failed.
    """
    from stream.commands.configured import with_brokers
    from stream.commands.files import opened, readable_twice
    from stream.state_files.export import import_state

    with opened(file) as lines, readable_twice(lines) as export:
        counts = asyncio.run(
            import_state(with_brokers(kafka), export, connect_seconds_max=bounds().connect_seconds_max)
        )
    _print_counts("imported", counts, json)


def _print_counts(done: str, counts: StateCounts, json: bool) -> None:
    from stream.runtime.printing import counted, print_json, say

    if json:
        print_json(counts._asdict())
    else:
        say(f"{done}: {counted(counts.items, 'item')}, {counted(counts.reviews, 'review')}")
