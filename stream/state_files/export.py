"""`export` and `import`: the item state as JSON lines, the last record of each key.

The last line of an export gives the number of its records, so that a file that was cut off is noticed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.errors import ForeignRecord, InvalidStateLine, Misconfigured
from stream.kafka.cluster import Cluster, cluster_of
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import CONNECT_SECONDS_MAX, ensure_topics, topic_layout
from stream.kafka.topics import ITEMS
from stream.state_files.lines import FileKind, decode_line, encode_line
from stream.state_files.records import StateRecord, normalised_record, publish_states, state_partitions, state_record
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from stream.runtime.settings import Settings

    WriteBytes = Callable[[bytes], object]

EXPORT = FileKind("export", version=2)
END = "end of export"
"""The value of `freshline` in the last line; in the header it is the kind of file."""
IMPORT_WRITER = b"import"
"""The writer of imported records."""
LINE_BYTES_MAX = 1 << 20
"""The most bytes of a line. The record of an item takes less."""


class StateCounts(NamedTuple):
    """The number of records of each kind in an export."""

    items: int = 0
    reviews: int = 0

    def plus_one(self, topic: str) -> StateCounts:
        """Return the counts with one more record of this topic."""
        return StateCounts(self.items + (topic == ITEMS), self.reviews + (topic != ITEMS))


async def export_state(
    settings: Settings, write: WriteBytes, *, connect_seconds_max: float = CONNECT_SECONDS_MAX
) -> StateCounts:
    """Write the item state at `settings.kafka` as it is now; one partition of it at a time is in memory.

    Foreign records are left out. Raises Misconfigured if there is no item state, Unavailable.
    """
    kafka, counts = cluster_of(settings), StateCounts()
    # The topic's own number of partitions, not the settings': a smaller one would leave out state without a sign of it.
    partitions = (
        await asyncio.to_thread(topic_layout, kafka, ITEMS, connect_seconds_max=connect_seconds_max)
    ).partitions
    now_ms = SystemClock().now_ms()
    write(EXPORT.header_line(partitions))
    for partition in state_partitions(partitions):
        for record in (await _last_records(kafka, partition, now_ms)).values():
            write(encode_line(record))
            counts = counts.plus_one(partition.topic)
    write(_end_line(counts))
    return counts


async def import_state(
    settings: Settings, lines: IO[bytes], *, connect_seconds_max: float = CONNECT_SECONDS_MAX
) -> StateCounts:
    """Publish an export. `lines` is read twice; the log may have another number of partitions than the export.

    The items worker joins the records with the state that the log has already. Nothing is sent unless all lines are
    right. Raises Misconfigured with the number of the first line that is not, Unavailable.
    """
    start = lines.tell()
    try:
        counts = _checked(lines)
    except InvalidStateLine as error:
        raise Misconfigured(f"{error} (nothing was sent)") from error
    ensure_topics(settings, connect_seconds_max=connect_seconds_max)
    lines.seek(start)
    try:
        sent = await publish_states(cluster_of(settings), _records(lines, settings.partitions), writer=IMPORT_WRITER)
    except InvalidStateLine as error:
        raise _changed(f"{error}") from error
    if sent != sum(counts):
        raise _changed(f"{sum(counts)} records became {sent}")
    return counts


def _changed(difference: str) -> Misconfigured:
    return Misconfigured(
        f"the export changed while it was imported, part of it was sent: {difference}: import it again"
    )


async def _last_records(kafka: Cluster, partition: Partition, now_ms: int) -> dict[bytes, StateRecord]:
    last: dict[bytes, StateRecord] = {}
    async with Reader(kafka) as reader:
        reader.assign({partition: 0})
        async for records in reader.read_to_end():
            last |= {kept.key: kept for record in records if (kept := _normalised(state_record(record), now_ms))}
    return last


def _normalised(record: StateRecord | None, now_ms: int) -> StateRecord | None:
    """Return the normalised record; None for a foreign record."""
    try:
        return record and normalised_record(record, now_ms)
    except ForeignRecord:
        return None


def _checked(lines: IO[bytes]) -> StateCounts:
    counts = StateCounts()
    for record in _records(lines, partitions=1):
        counts = counts.plus_one(record.partition.topic)
    return counts


def _records(lines: IO[bytes], partitions: int) -> Iterator[StateRecord]:
    """Yield each record as it is to be published.

    Raises InvalidStateLine, with its number, for the first line that is not right.
    """
    number, counts, end, now_ms = 0, StateCounts(), None, SystemClock().now_ms()
    while line := lines.readline(LINE_BYTES_MAX + 1):
        number += 1
        try:
            if end is not None:
                raise InvalidStateLine("stands behind the last line of the export: take it out")
            if number == 1:
                EXPORT.partitions_in(line)
            elif (end := _end(line, counts)) is None:
                record = _decoded(line, partitions, now_ms)
                counts = counts.plus_one(record.partition.topic)
                yield record
        except InvalidStateLine as error:
            raise InvalidStateLine(f"line {number}: {error}") from error
    if number == 0:
        raise InvalidStateLine("the file is empty, an export is not: export again")
    if end is None:
        raise InvalidStateLine(f"line {number} is the last, and does not say so: the export was cut off, export again")


def _decoded(line: bytes, partitions: int, now_ms: int) -> StateRecord:
    if len(line) > LINE_BYTES_MAX:
        raise InvalidStateLine(f"takes more than {LINE_BYTES_MAX} bytes: no item does")
    try:
        record = normalised_record(decode_line(line), now_ms)
    except ForeignRecord as error:
        raise InvalidStateLine(str(error)) from error
    return record._replace(partition=Partition(record.partition.topic, partition_of(record.key, partitions)))


def _end_line(counts: StateCounts) -> bytes:
    return orjson.dumps({"freshline": END, **counts._asdict()}, option=orjson.OPT_APPEND_NEWLINE)


def _end(line: bytes, counts: StateCounts) -> StateCounts | None:
    """Return the counts in the last line; None if this is another line.

    Raises InvalidStateLine if they are not the counts of the lines before it.
    """
    if END.encode() not in line[:100]:
        return None
    try:
        fields = orjson.loads(line)
        if fields.get("freshline") != END:
            return None
        stated = StateCounts(fields["items"], fields["reviews"])
    except (orjson.JSONDecodeError, KeyError, AttributeError) as error:
        raise InvalidStateLine(f"not the last line of an export: {error}") from error
    if stated != counts:
        raise InvalidStateLine(
            f"there should be {stated.items} items and {stated.reviews} reviews before it, and there are "
            f"{counts.items} and {counts.reviews}: lines are missing or were added, export again"
        )
    return stated
