"""`export` and `import`: the item state as JSON lines, the last record of each key.

The last line says how many there are: a file that was cut off is none.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.errors import ForeignRecord, InvalidStateLine, Misconfigured
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS, ensure_topics, topic_layout
from stream.state_files.records import (
    Kind,
    StateRecord,
    decode_header,
    decode_line,
    encode_line,
    header_line,
    normalised_record,
    publish_states,
    state_partitions,
    state_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from stream.runtime.settings import Settings

    Write = Callable[[bytes], object]

KIND = Kind("export", version=2)
END = "end of export"
"""In the last line, where the header has the kind."""
WRITER = b"import"
LINE_BYTES_MAX = 1 << 20
"""An item's record takes less than 64 KiB."""


class StateCounts(NamedTuple):
    """Of records."""

    items: int = 0
    reviews: int = 0

    def and_one_of(self, topic: str) -> StateCounts:
        """One more."""
        return StateCounts(self.items + (topic == ITEMS), self.reviews + (topic != ITEMS))


async def export_state(settings: Settings, write: Write) -> StateCounts:
    """Writes the item state at `settings.kafka` as it is now; holds one partition of it in memory.

    What another hand wrote there is left out. Raises Misconfigured if there is none, Unavailable.
    """
    kafka, counts = settings.kafka or "", StateCounts()
    # As many as there are: by another number a part of the state would be left out, and nobody would see it.
    partitions = (await asyncio.to_thread(topic_layout, kafka, ITEMS)).partitions
    write(header_line(KIND, partitions))
    for partition in state_partitions(partitions):
        for record in (await _last_records(kafka, partition)).values():
            write(encode_line(record))
            counts = counts.and_one_of(partition.topic)
    write(_end_line(counts))
    return counts


async def import_state(settings: Settings, lines: IO[bytes]) -> StateCounts:
    """Publishes an export, which can be read twice; the log may have other partitions than where it comes from.

    What is there already is joined with it by the items worker. Nothing is sent unless all lines are right. Raises
    Misconfigured with the number of the first that is not, Unavailable.
    """
    start = lines.tell()
    try:
        counts = _checked(lines)
    except InvalidStateLine as error:
        raise Misconfigured(f"{error} (nothing was sent)") from error
    ensure_topics(settings)
    lines.seek(start)
    try:
        sent = await publish_states(settings.kafka or "", _records(lines, settings.partitions), writer=WRITER)
    except InvalidStateLine as error:
        raise _changed(f"{error}") from error
    if sent != sum(counts):
        raise _changed(f"{sum(counts)} records became {sent}")
    return counts


def _changed(how: str) -> Misconfigured:
    return Misconfigured(f"the export changed while it was imported, part of it was sent: {how}: import it again")


async def _last_records(kafka: str, partition: Partition) -> dict[bytes, StateRecord]:
    last: dict[bytes, StateRecord] = {}
    async with Reader(kafka) as reader:
        reader.assign({partition: 0})
        async for records in reader.read_to_end():
            last |= {kept.key: kept for record in records if (kept := _settled(state_record(record)))}
    return last


def _settled(record: StateRecord | None) -> StateRecord | None:
    """None: another hand wrote it."""
    try:
        return record and normalised_record(record)
    except ForeignRecord:
        return None


def _checked(lines: IO[bytes]) -> StateCounts:
    counts = StateCounts()
    for record in _records(lines, partitions=1):
        counts = counts.and_one_of(record.partition.topic)
    return counts


def _records(lines: IO[bytes], partitions: int) -> Iterator[StateRecord]:
    """Each as it is to be published. Raises InvalidLine with its number for the first line that is not right."""
    number, counts, end = 0, StateCounts(), None
    while line := lines.readline(LINE_BYTES_MAX + 1):
        number += 1
        try:
            if end is not None:
                raise InvalidStateLine("stands behind the last line of the export: take it out")
            if number == 1:
                decode_header(line, KIND)
            elif (end := _end(line, counts)) is None:
                record = _decoded(line, partitions)
                counts = counts.and_one_of(record.partition.topic)
                yield record
        except InvalidStateLine as error:
            raise InvalidStateLine(f"line {number}: {error}") from error
    if number == 0:
        raise InvalidStateLine("the file is empty, an export is not: export again")
    if end is None:
        raise InvalidStateLine(f"line {number} is the last, and does not say so: the export was cut off, export again")


def _decoded(line: bytes, partitions: int) -> StateRecord:
    if len(line) > LINE_BYTES_MAX:
        raise InvalidStateLine(f"takes more than {LINE_BYTES_MAX} bytes: no item does")
    try:
        record = normalised_record(decode_line(line))
    except ForeignRecord as error:
        raise InvalidStateLine(str(error)) from error
    return record._replace(partition=Partition(record.partition.topic, partition_of(record.key, partitions)))


def _end_line(counts: StateCounts) -> bytes:
    return orjson.dumps({"freshline": END, **counts._asdict()}, option=orjson.OPT_APPEND_NEWLINE)


def _end(line: bytes, counts: StateCounts) -> StateCounts | None:
    """What the last line says; None if it is another. Raises InvalidLine if that is not what came before it."""
    if END.encode() not in line[:100]:
        return None
    try:
        fields = orjson.loads(line)
        if fields.get("freshline") != END:
            return None
        said = StateCounts(fields["items"], fields["reviews"])
    except (orjson.JSONDecodeError, KeyError, AttributeError) as error:
        raise InvalidStateLine(f"not the last line of an export: {error}") from error
    if said != counts:
        raise InvalidStateLine(
            f"there should be {said.items} items and {said.reviews} reviews before it, and there are {counts.items} "
            f"and {counts.reviews}: lines are missing or were added, export again"
        )
    return said
