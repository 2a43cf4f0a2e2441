"""Which dead letters were sent again, remembered in `progress`: with the log, for everyone, for good.

A record for every CHUNK of offsets of a partition of dead letters, and one that says that a run is not finished. The
keys bear the id of the topic of dead letters: offsets of another one mean nothing.
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

    from stream.kafka.producer import Producer

CHUNK = 10_000
"""Offsets in one record, so that it stays below 100 KB."""
MARKS = "resent"
RUNNING = "resending"


class ResendLedger:
    """Offsets of dead letters, by partition; as ranges in the log, as they mostly come in a row."""

    def __init__(self, topic_id: str) -> None:
        self._topic_id = topic_id
        self._offsets: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._changed: set[tuple[int, int]] = set()
        self.unfinished: dict[int, int] | None = None
        """By partition of the target: its end before a run that did not say that it was finished."""

    def __contains__(self, letter: tuple[int, int]) -> bool:
        partition, offset = letter
        return offset in self._offsets.get((partition, offset // CHUNK), ())

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """A record of `progress`, in the order of the log; those that are not ours are left."""
        try:
            place = orjson.loads(key or b"null")
        except orjson.JSONDecodeError:
            return
        match place:
            case [str() as kind, self._topic_id, *where] if value is not None and kind in (MARKS, RUNNING):
                self._read(kind, where, orjson.loads(value))

    def mark(self, partition: int, offset: int) -> None:
        """It was sent again, and is in the log."""
        chunk = (partition, offset // CHUNK)
        self._offsets[chunk].add(offset)
        self._changed.add(chunk)

    def begin(self, producer: Producer, target_ends: Mapping[int, int]) -> None:
        """Says that a run begins. Raises Unavailable."""
        self._send(producer, [RUNNING, self._topic_id], {str(number): end for number, end in target_ends.items()})

    def save(self, producer: Producer) -> None:
        """Tells what was marked since the last time. Raises Unavailable."""
        for chunk in sorted(self._changed):
            self._send(producer, [MARKS, self._topic_id, *chunk], _ranges(self._offsets[chunk]))
        self._changed.clear()

    def finish(self, producer: Producer) -> None:
        """Tells everything, and that the run is finished. Raises Unavailable."""
        self.save(producer)
        self._send(producer, [RUNNING, self._topic_id], None)

    def _read(self, kind: str, where: list[int], said: object) -> None:
        match said:
            case list() if kind == MARKS:
                partition, chunk = where
                self._offsets[partition, chunk].update(o for first, end in said for o in range(first, end))
            case dict():
                self.unfinished = {int(number): end for number, end in said.items()}
            case None:
                self.unfinished = None

    def _send(self, producer: Producer, key: list[object], value: object) -> None:
        producer.send_now(OutgoingRecord(0, PROGRESS, orjson.dumps(key), orjson.dumps(value), 0))


def read_ledger(kafka: str, topic_id: str) -> ResendLedger:
    """What the log remembers of this topic of dead letters. Raises Unavailable."""

    async def read() -> ResendLedger:
        resent = ResendLedger(topic_id)
        async with Reader(kafka) as reader:
            reader.assign({Partition(PROGRESS, 0): 0})
            async for records in reader.read_to_end():
                for record in records:
                    resent.take(record.key, record.value)
        return resent

    return asyncio.run(read())


def _ranges(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """First offset and the one after the last, of each row of neighbours."""
    ranges: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if ranges and ranges[-1][1] == offset:
            ranges[-1] = (ranges[-1][0], offset + 1)
        else:
            ranges.append((offset, offset + 1))
    return ranges
