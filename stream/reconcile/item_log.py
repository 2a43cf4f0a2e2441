"""The item log, read once into buckets on disk, and from there on as it grows."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stream.state_files.export import IMPORT_WRITER
from stream.state_files.records import item_of, product_id_of, writer_of
from workers.compare.index_diff import join_records

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Sequence

    from schemas.items import ItemRecord
    from stream.kafka.end_offsets import EndOffsets
    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Reader, Record
    from stream.reconcile.spill import Buckets
    from workers.query_gate import CooperativeTurns

KIND = "log"
"""The kind of the frames that hold records of the item log."""
_FRAME = struct.Struct("<QHHH")
"""The head of a frame: offset, partition, length of the product_id and of the writer. These two and a value follow."""


class CurrentItem(NamedTuple):
    """The state of an item that the index should show."""

    record: ItemRecord
    partition: int
    offset: int
    """The offset of the item's last record."""


@dataclass(slots=True)
class ItemRecords:
    """The records of one item in the log."""

    key: bytes
    partition: int
    values: dict[bytes | int, tuple[int, bytes]] = field(default_factory=dict)
    """The offset and value of each record that its state is the join of, by writer; of an import, by offset."""

    def add(self, offset: int, writer: bytes, value: bytes) -> None:
        """Add the item's next record.

        The state that one process writes of an item only grows, so of each writer the last record is enough. A record
        of an import may be older than the one before it, so each of them counts.
        """
        self.values[offset if writer in (b"", IMPORT_WRITER) else writer] = (offset, value)

    def current(self) -> CurrentItem | None:
        """Return the join of the item's records; None if all of them are foreign.

        The join equals the last record, unless that was written late by a worker that had been frozen.
        """
        ours = [(offset, item) for offset, value in sorted(self.values.values()) if (item := item_of(self.key, value))]
        return CurrentItem(join_records([item for _, item in ours]), self.partition, ours[-1][0]) if ours else None


class ItemLog:
    """All partitions of the item log, as far as they have been read."""

    def __init__(
        self,
        end_offsets: EndOffsets,
        reader: Reader,
        partitions: Sequence[Partition],
        buckets: Buckets,
        turns: CooperativeTurns,
    ) -> None:
        self._end_offsets = end_offsets
        self._reader = reader
        self._buckets = buckets
        self._turns = turns
        self._read_to = dict.fromkeys(partitions, 0)
        """The offset of each partition below which all records are in the buckets."""

    async def end_offsets(self) -> dict[Partition, int]:
        """Return the end offsets of now. Raises Unavailable."""
        return await self._end_offsets.fetch(self._read_to)

    async def read_on(self, ends: dict[Partition, int]) -> AsyncIterator[int]:
        """Read on up to these end offsets, and yield again and again how many offsets have been read in all.

        Nothing beyond the ends is read, because records that the index may not have yet must not be compared. All
        records are in the buckets once the iterator is exhausted. Raises Unavailable.
        """
        for partition, end in ends.items():  # One after the other: a reader holds a few megabytes of each partition.
            self._reader.assign({partition: self._read_to[partition]})
            async for records in self._reader.read_to({partition: end}):
                for record in records:
                    if record.offset < end:
                        await self._add(record)
                self._read_to[partition] = min(self._reader.positions[partition], end)
                yield sum(self._read_to.values())
            self._read_to[partition] = end
        await self._buckets.flush()

    async def load(self, bucket: int, only: Container[bytes] | None = None) -> dict[str, ItemRecords]:
        """Return the items of one bucket by product_id; `only` names the keys of those that are wanted."""
        items: dict[str, ItemRecords] = {}
        async for offset, partition, key, writer, value in self._frames(bucket):
            if only is None or key in only:
                items.setdefault(key.decode(), ItemRecords(key, partition)).add(offset, writer, value)
        return items

    async def _add(self, record: Record) -> None:
        if record.key is None or record.value is None or product_id_of(record) is None:
            return
        writer = writer_of(record)
        head = _FRAME.pack(record.offset, record.partition.number, len(record.key), len(writer))
        await self._buckets.add(KIND, record.key, head + record.key + writer + record.value)
        await self._turns.yield_if_over()

    async def _frames(self, bucket: int) -> AsyncIterator[tuple[int, int, bytes, bytes, bytes]]:
        async for frame in self._buckets.read(KIND, bucket):
            offset, partition, key_bytes, writer_bytes = _FRAME.unpack_from(frame)
            writer_at = _FRAME.size + key_bytes
            value_at = writer_at + writer_bytes
            yield offset, partition, frame[_FRAME.size : writer_at], frame[writer_at:value_at], frame[value_at:]
            await self._turns.yield_if_over()
