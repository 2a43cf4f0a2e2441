"""Reads a feed, checking it line by line, and the item state that it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent, InvalidFeedLine
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import topic_layout
from stream.kafka.topics import ITEMS
from stream.state_files.export import IMPORT_WRITER
from stream.state_files.records import product_id_of, writer_of
from workers.compare.feed_diff import read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from stream.sync.spill import Spill
    from workers.sources.file_events import FileFormat
    from workers.sources.row import Row

    ReportProgress = Callable[[int, int | None], None]
    """Called with how much is done, and of how much; None if that is not known."""

PROGRESS_EVERY = 1_000
"""Lines or products between two reports of progress."""


def read_feed(
    topic: str, rows: Iterable[Row], file_format: FileFormat, spill: Spill, now_ms: int, progress: ReportProgress
) -> None:
    """Add the events of all rows that are of this topic to the spill.

    Raises InvalidFeedLine for the first row that is no upsert, or that is about the same product or offer as an
    earlier row.
    """
    for row in rows:
        for value in _values(topic, row, file_format):
            event = read_line(topic, row.number, value, now_ms).event
            if (other := spill.add_line(event.product_id, event.part, row.number, value)) is not None:
                of = "" if event.part is None else f"the offer of {event.part!r} for "
                reason = f"{of}product {event.product_id!r} stands in line {other} already: leave one of them out"
                raise InvalidFeedLine(row.number, reason)
        if row.number % PROGRESS_EVERY == 0:
            progress(row.number, None)


def _values(topic: str, row: Row, file_format: FileFormat) -> Iterator[bytes]:
    """Yield the events of a row about what there is: a product that its platform hides is not there."""
    try:
        if isinstance(row.value, InvalidEvent):
            raise row.value
        found = file_format.values(row.value)
    except InvalidEvent as error:
        raise InvalidFeedLine(row.number, str(error)) from None
    yield from (each.value for each in found if each.topic == topic and not each.hides)


async def read_state(kafka: Cluster, spill: Spill, progress: ReportProgress) -> None:
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
