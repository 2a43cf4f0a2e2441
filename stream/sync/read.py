"""Reads a feed, checking it line by line, and the item state that it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidFeedLine
from schemas.events import EVENT_BYTES_MAX
from stream.kafka.event_lines import numbered_lines
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS, topic_layout
from stream.state_files.export import IMPORT_WRITER
from stream.state_files.records import product_id_of, writer_of
from workers.compare.feed_diff import read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from stream.kafka.reader import Record
    from stream.sync.spill import Spill

    ReportProgress = Callable[[int, int | None], None]
    """Called with how much is done, and of how much; None if that is not known."""

PROGRESS_EVERY = 1_000
"""Lines or products between two reports of progress."""


def read_feed(topic: str, feed: IO[bytes], spill: Spill, now_ms: int, progress: ReportProgress) -> None:
    """Add all lines that are not blank to the spill.

    Raises InvalidFeedLine for the first line that is no upsert, or that is about the same product or offer as an
    earlier line.
    """
    for number, value in numbered_lines(_lines(feed)):
        event = read_line(topic, number, value, now_ms).event
        if (other := spill.add_line(event.product_id, event.part, number, value)) is not None:
            of = "" if event.part is None else f"the offer of {event.part!r} for "
            reason = f"{of}product {event.product_id!r} stands in line {other} already: leave one of them out"
            raise InvalidFeedLine(number, reason)
        if number % PROGRESS_EVERY == 0:
            progress(number, None)


def _lines(feed: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines. A line that is too long is cut just behind the limit, where checking it finds that out."""
    while line := feed.readline(EVENT_BYTES_MAX + 2):
        yield line


async def read_state(kafka: str, spill: Spill, progress: ReportProgress) -> None:
    """Add all items that the item log holds now to the spill. Raises Misconfigured if there is no log, Unavailable."""
    numbers = range(topic_layout(kafka, ITEMS).partitions)
    async with Reader(kafka) as reader:
        reader.assign({Partition(ITEMS, number): 0 for number in numbers})
        ends = await reader.end_offsets()
        total, done = sum(ends.values()), 0
        async for records in reader.read_to(ends):
            spill.add_records((key, _writer(r), r.value or b"") for r in records if (key := product_id_of(r)))
            done += len(records)
            progress(done, total)


def _writer(record: Record) -> bytes:
    """Return under which writer a record is added; of each writer the last record of an item is enough.

    That holds for a process: its record of an item contains all that its earlier ones did. It does not hold for
    imports, as a later import may be of an older export, so each record of an import counts as that of another writer.
    """
    writer = writer_of(record)
    return b"%s %d" % (writer, record.offset) if writer in (b"", IMPORT_WRITER) else writer
