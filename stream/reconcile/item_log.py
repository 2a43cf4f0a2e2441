"""The item log, read once into buckets and then on from there."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stream.state_files.export import IMPORT_WRITER
from stream.state_files.records import item_of, product_id_of, writer_of
from workers.compare.index_diff import joined

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Sequence

    from schemas.items import ItemRecord
    from stream.kafka.end_offsets import EndOffsets
    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Reader, Record
    from stream.reconcile.spill import Buckets
    from workers.priority import CooperativeTurns

KIND = "log"
_FRAME = struct.Struct("<QHHH")
"""Offset, partition, bytes of the product_id, bytes of the writer; then these two, and the value."""


class Present(NamedTuple):
    """An item as it should be shown."""

    record: ItemRecord
    partition: int
    offset: int
    """Of the last record of it."""


@dataclass(slots=True)
class LoggedItem:
    """What the log says of one item."""

    key: bytes
    partition: int
    values: dict[bytes | int, tuple[int, bytes]] = field(default_factory=dict)
    """Offset and value of the records whose join is its state."""

    def add(self, offset: int, writer: bytes, value: bytes) -> None:
        """The next record.

        What one process writes of an item only grows, so of each writer the last says all; an import may say anything.
        """
        self.values[offset if writer in (b"", IMPORT_WRITER) else writer] = (offset, value)

    def present(self) -> Present | None:
        """The join of its records: the last one says the same, unless a worker that was frozen wrote it.

        None where another hand wrote them all.
        """
        ours = [(offset, item) for offset, value in sorted(self.values.values()) if (item := item_of(self.key, value))]
        return Present(joined([item for _, item in ours]), self.partition, ours[-1][0]) if ours else None


class ItemLog:
    """All partitions of the item log, as far as they have been read."""

    def __init__(
        self, ends: EndOffsets, reader: Reader, places: Sequence[Partition], buckets: Buckets, turns: CooperativeTurns
    ) -> None:
        self._ends = ends
        self._reader = reader
        self._buckets = buckets
        self._turns = turns
        self._read_ends = dict.fromkeys(places, 0)
        """All records below these are in the buckets."""

    async def ends(self) -> dict[Partition, int]:
        """The ends now. Raises Unavailable."""
        return await self._ends.fetch(self._read_ends)

    async def read_to(self, ends: dict[Partition, int], read: Callable[[int], None]) -> None:
        """Reads on to these ends, and not beyond: what the index may not have yet is not compared. Raises Unavailable.

        `read` is told how many offsets have been passed.
        """
        for place, end in ends.items():  # One at a time: a reader holds a few megabytes of each that it has.
            self._reader.assign({place: self._read_ends[place]})
            async for records in self._reader.read_to({place: end}):
                for record in records:
                    if record.offset < end:
                        await self._keep(record)
                self._read_ends[place] = min(self._reader.positions[place], end)
                read(sum(self._read_ends.values()))
            self._read_ends[place] = end
        await self._buckets.flush()

    async def load(self, bucket: int, only: Container[bytes] | None = None) -> dict[str, LoggedItem]:
        """One bucket's items by product_id; of these alone, where `only` says so."""
        items: dict[str, LoggedItem] = {}
        async for offset, partition, key, writer, value in self._frames(bucket):
            if only is None or key in only:
                items.setdefault(key.decode(), LoggedItem(key, partition)).add(offset, writer, value)
        return items

    async def _keep(self, record: Record) -> None:
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
