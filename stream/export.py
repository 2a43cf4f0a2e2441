"""`export` and `import`: the item state as JSON lines, the last record of each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import Misconfigured
from stream.reader import Reader
from stream.states import (
    InvalidLine,
    StateRecord,
    decode_header,
    decode_line,
    encode_line,
    header_line,
    is_ours,
    partition_of,
    publish,
    state_partitions,
    state_record,
)
from stream.topics import ITEMS, ensure_topics
from stream.tracker import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from stream.settings import Settings

KIND = "export"
WRITER = b"import"


class Counts(NamedTuple):
    """Of records."""

    items: int
    reviews: int


async def export(settings: Settings, out: IO[bytes]) -> Counts:
    """Writes the item state at `settings.kafka` as it is now; holds one partition of it in memory.

    What another hand wrote there is left out. Raises Unavailable.
    """
    out.write(header_line(KIND, settings.partitions))
    topics = []
    for partition in state_partitions(settings.partitions):
        for record in (await _last_records(settings, partition)).values():
            out.write(encode_line(record))
            topics.append(partition.topic)
    return _counts(topics)


async def import_(settings: Settings, lines: Iterable[bytes]) -> Counts:
    """Publishes an export; the log may have other partitions than the one it was exported from.

    What is there already is joined with it by the items worker. Raises Misconfigured with the number of the first line
    that is no line of an export (those before it are published), Unavailable.
    """
    ensure_topics(settings)
    topics: list[str] = []
    await publish(settings.kafka or "", _imported(lines, settings.partitions, topics), writer=WRITER)
    return _counts(topics)


def _counts(topics: list[str]) -> Counts:
    items = topics.count(ITEMS)
    return Counts(items, len(topics) - items)


async def _last_records(settings: Settings, partition: Partition) -> dict[bytes, StateRecord]:
    last: dict[bytes, StateRecord] = {}
    async with Reader(settings.kafka or "") as reader:
        reader.assign({partition: 0})
        async for records in reader.read_to_end():
            last |= {kept.key: kept for record in records if (kept := state_record(record)) and is_ours(kept)}
    return last


def _imported(lines: Iterable[bytes], partitions: int, topics: list[str]) -> Iterator[StateRecord]:
    """Notes the topic of each record that it hands out."""
    for number, line in enumerate(lines, 1):
        try:
            if number == 1:
                decode_header(line, KIND)
                continue
            record = decode_line(line)
        except InvalidLine as error:
            raise Misconfigured(f"line {number}: {error}") from error
        partition = Partition(record.partition.topic, partition_of(record.key, partitions))
        topics.append(partition.topic)
        yield record._replace(partition=partition)
