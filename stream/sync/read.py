"""Reads a feed, checked line by line, and the item state that it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidFeedLine
from schemas.events import EVENT_BYTES_MAX
from stream.kafka.event_lines import numbered_lines
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS, topic_layout
from stream.state_files.export import WRITER as IMPORT
from stream.state_files.records import product_id_of, writer_of
from workers.compare.feed_diff import read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from stream.kafka.reader import Record
    from stream.sync.spill import Spill

    Tell = Callable[[int, int | None], None]
    """Hears how much is done of how much, None: nobody knows."""

TELL_EVERY = 1_000


def read_feed(topic: str, feed: IO[bytes], spill: Spill, now_ms: int, tell: Tell) -> None:
    """All lines but blank ones into the spill.

    Raises InvalidLine for the first that is no upsert, or is about the same product or offer as one before it.
    """
    for number, value in numbered_lines(_lines(feed)):
        event = read_line(topic, number, value, now_ms).event
        if (other := spill.add_line(event.product_id, event.part, number, value)) is not None:
            of = "" if event.part is None else f"the offer of {event.part!r} for "
            reason = f"{of}product {event.product_id!r} stands in line {other} already: leave one of them out"
            raise InvalidFeedLine(number, reason)
        if number % TELL_EVERY == 0:
            tell(number, None)


def _lines(feed: IO[bytes]) -> Iterator[bytes]:
    """One that is too long is cut where that is seen."""
    while line := feed.readline(EVENT_BYTES_MAX + 2):
        yield line


async def read_state(kafka: str, spill: Spill, tell: Tell) -> None:
    """All items of the log as it is now. Raises Misconfigured if there is none, Unavailable."""
    numbers = range(topic_layout(kafka, ITEMS).partitions)
    async with Reader(kafka) as reader:
        reader.assign({Partition(ITEMS, number): 0 for number in numbers})
        ends = await reader.end_offsets()
        total, done = sum(ends.values()), 0
        async for records in reader.read_to(ends):
            spill.add_records((key, _writer(r), r.value or b"") for r in records if (key := product_id_of(r)))
            done += len(records)
            tell(done, total)


def _writer(record: Record) -> bytes:
    """Who said it. What a process says of an item holds all that it said before; one import may be older than another.

    So each record of an import counts as one of its own.
    """
    writer = writer_of(record)
    return b"%s %d" % (writer, record.offset) if writer in (b"", IMPORT) else writer
