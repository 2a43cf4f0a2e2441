"""The resend ledger: which dead letters were sent again.

It lies in the topic `progress`, so it holds for every machine and lives as long as the log. It has a record for every
CHUNK of offsets of a partition of dead letters, and a record that is there while a run is unfinished. The keys contain
the id of the topic of dead letters, because offsets mean nothing in another topic of the same name.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

import orjson

from stream.kafka.partitions import Partition
from stream.kafka.producer import OutgoingRecord
from stream.kafka.reader import Reader
from stream.kafka.topics import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stream.kafka.cluster import Cluster
    from stream.kafka.producer import Producer

CHUNK = 10_000
"""The offsets that one record covers, so that it stays below 100 KB."""
MARKS = "resent"
"""The first part of the key of a record with the offsets that were sent again."""
RUNNING = "resending"
"""The first part of the key of the record of an unfinished run."""


class ResendLedger:
    """Offsets of dead letters, by partition. Its records hold them as ranges, as most of them follow each other."""

    def __init__(self, topic_id: str) -> None:
        self._topic_id = topic_id
        self._offsets: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._changed: set[tuple[int, int]] = set()
        self.unfinished: dict[int, int] | None = None
        """By partition of the input topic, its end offset before a run that has not finished; None if all runs have."""

    def __contains__(self, dead_letter: tuple[int, int]) -> bool:
        partition, offset = dead_letter
        return offset in self._offsets.get((partition, offset // CHUNK), ())

    def read_record(self, key: bytes | None, value: bytes | None) -> None:
        """Read a record of `progress`. Records come in the order of the log; those of other kinds are passed over."""
        try:
            parts = orjson.loads(key or b"null")
        except orjson.JSONDecodeError:
            return
        match parts:
            case [str() as kind, self._topic_id, *chunk] if value is not None and kind in (MARKS, RUNNING):
                self._read(kind, chunk, orjson.loads(value))

    def mark(self, partition: int, offset: int) -> None:
        """Note that a dead letter was sent again and is in the log of its topic."""
        chunk = (partition, offset // CHUNK)
        self._offsets[chunk].add(offset)
        self._changed.add(chunk)

    def begin(self, producer: Producer, end_offsets: Mapping[int, int]) -> None:
        """Write that a run begins, and the end offsets of the input topic before it. Raises Unavailable."""
        self._send(producer, [RUNNING, self._topic_id], {str(number): end for number, end in end_offsets.items()})

    def save(self, producer: Producer) -> None:
        """Write the marks that were made since the last save. Raises Unavailable."""
        for chunk in sorted(self._changed):
            self._send(producer, [MARKS, self._topic_id, *chunk], _ranges(self._offsets[chunk]))
        self._changed.clear()

    def finish(self, producer: Producer) -> None:
        """Write the marks that are not saved yet, and that the run is finished. Raises Unavailable."""
        self.save(producer)
        self._send(producer, [RUNNING, self._topic_id], None)

    def _read(self, kind: str, chunk: list[int], value: object) -> None:
        match value:
            case list() if kind == MARKS:
                partition, number = chunk
                self._offsets[partition, number].update(o for first, end in value for o in range(first, end))
            case dict():
                self.unfinished = {int(number): end for number, end in value.items()}
            case None:
                self.unfinished = None

    def _send(self, producer: Producer, key: list[object], value: object) -> None:
        producer.send_now(OutgoingRecord(0, PROGRESS, orjson.dumps(key), orjson.dumps(value), 0))


def read_ledger(kafka: Cluster, topic_id: str) -> ResendLedger:
    """Read the resend ledger of a topic of dead letters, by its id. Raises Unavailable."""

    async def read() -> ResendLedger:
        ledger = ResendLedger(topic_id)
        async with Reader(kafka) as reader:
            reader.assign({Partition(PROGRESS, 0): 0})
            async for records in reader.read_to_end():
                for record in records:
                    ledger.read_record(record.key, record.value)
        return ledger

    return asyncio.run(read())


def _ranges(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return the (first, end) of each run of neighbouring offsets; the end is not included."""
    ranges: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if ranges and ranges[-1][1] == offset:
            ranges[-1] = (ranges[-1][0], offset + 1)
        else:
            ranges.append((offset, offset + 1))
    return ranges
