"""The journal: the item state of the embedded broker on disk, since its log is in memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING

from schemas.errors import InvalidStateLine, Misconfigured, Unavailable
from stream.kafka.reader import Reader
from stream.state_files.records import (
    Kind,
    StateRecord,
    decode_header,
    decode_line,
    encode_line,
    header_line,
    publish_states,
    state_partitions,
    state_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from pathlib import Path

    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record

log = logging.getLogger(__name__)

KIND = Kind("journal", version=1)
WRITER = b"journal"
PULL_WAIT_MS = 100
"""What is confirmed reaches the journal within about twice this time."""
COMPACTION_FACTOR = 2
COMPACTION_BYTES_MIN = 16 << 20
RETRY_S = 2.0
"""While the disk is full."""


class Journal:
    """A file of JSON lines, the last of a key counts. Written to by one process."""

    def __init__(self, path: Path, partitions: int) -> None:
        self._path = path
        self._partitions = partitions
        self._last: dict[tuple[Partition, bytes], tuple[int, int]] = {}
        self._bytes_kept = 0
        self._file = self._opened()

    def _opened(self) -> FileIO:
        """Raises Misconfigured if the file is of another version or number of partitions."""
        if not self._path.exists():
            self._write_anew(())
        self._index()
        self._file = self._open_at_end()
        self.compact()
        return self._file

    def _index(self) -> None:
        """Learns where the last record of each key is; cuts off a line that was not written to its end.

        Raises Misconfigured for any other line that cannot be read.
        """
        with self._path.open("rb") as file:
            self._check(file.readline())
            at = file.tell()
            for number, line in enumerate(file, 2):
                if not line.endswith(b"\n"):
                    break
                self._note(self._decoded(number, line), at, len(line))
                at += len(line)
        os.truncate(self._path, at)

    def _check(self, header: bytes) -> None:
        try:
            partitions = decode_header(header, KIND)
        except InvalidStateLine as error:
            raise self._damaged(1, error) from error
        if partitions != self._partitions:
            raise Misconfigured(
                f"{self._path} has {partitions} partitions and should have {self._partitions}: "
                f"set FRESHLINE_PARTITIONS={partitions}, or use another --data-dir and `freshline import` an export"
            )

    def _decoded(self, number: int, line: bytes) -> StateRecord:
        try:
            return decode_line(line)
        except InvalidStateLine as error:
            raise self._damaged(number, error) from error

    def _damaged(self, number: int, error: InvalidStateLine) -> Misconfigured:
        return Misconfigured(
            f"{self._path}: line {number}: {error}: move the file away, which starts with an empty state, and then "
            "`freshline import` the last export and `sync` the full feeds; or use another --data-dir"
        )

    def _note(self, record: StateRecord, at: int, length: int) -> None:
        key = record.partition, record.key
        _, before = self._last.get(key, (0, 0))
        self._last[key] = (at, length)
        self._bytes_kept += length - before

    def __len__(self) -> int:
        """How many keys it has."""
        return len(self._last)

    def close(self) -> None:
        """Everything is on disk."""
        os.fsync(self._file.fileno())
        self._file.close()

    def sync(self) -> None:
        """What was appended outlives the machine too. Raises Unavailable."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be written to ({error.strerror})") from error

    def append(self, records: Iterable[StateRecord]) -> None:
        """Records as they came; they outlive this process when it returns.

        Raises Unavailable if the disk is full: none of them is in the file then, and it can be called again.
        """
        at, written = self._file.tell(), []
        for record in records:
            try:
                written.append((record, encode_line(record)))
            except InvalidStateLine as error:
                log.warning("left out of the journal: %s", error)
        self._write(b"".join(line for _, line in written), at)
        for record, line in written:
            self._note(record, at, len(line))
            at += len(line)
        if at > COMPACTION_BYTES_MIN and at > COMPACTION_FACTOR * self._bytes_kept:
            with contextlib.suppress(Unavailable):  # There is no room for two of it now: with the next record, then.
                self.compact()

    def _write(self, lines: bytes, at: int) -> None:
        """All of them or none: half a line in the middle could not be read again."""
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._file.truncate(at)
            self._file.seek(at)
            raise Unavailable(f"{self._path} cannot be written to ({error.strerror}): free some space") from error

    def records(self) -> Iterator[StateRecord]:
        """The last record of each key, in the order they were written."""
        with self._path.open("rb") as file:
            for at, length in sorted(self._last.values()):
                file.seek(at)
                yield decode_line(file.read(length))

    def compact(self) -> None:
        """Leaves the last record of each key. Raises Unavailable if the disk is full: all is as before then."""
        try:
            self._write_anew(sorted(self._last.values()))
        except OSError as error:
            self._path.with_suffix(".new").unlink(missing_ok=True)
            raise Unavailable(f"{self._path} cannot be compacted ({error.strerror}): free some space") from error
        self._file.close()
        self._last, self._bytes_kept = {}, 0
        self._index()
        self._file = self._open_at_end()

    def _open_at_end(self) -> FileIO:
        """Unbuffered: what a full disk refuses must not be written later."""
        file = self._path.open("r+b", buffering=0)
        file.seek(0, os.SEEK_END)
        return file

    def _write_anew(self, kept: Iterable[tuple[int, int]]) -> None:
        """In a second file that takes the place of the first in one step."""
        anew = self._path.with_suffix(".new")
        with anew.open("wb") as target:
            target.write(header_line(KIND, self._partitions))
            if self._path.exists():
                with self._path.open("rb") as source:
                    for at, length in kept:
                        source.seek(at)
                        target.write(source.read(length))
            target.flush()
            os.fsync(target.fileno())
        anew.replace(self._path)


class JournalKeeper:
    """Keeps the journal of one life of the broker: publishes what it holds, then follows the log."""

    def __init__(self, kafka: str, journal: Journal, partitions: int) -> None:
        self._kafka = kafka
        self._journal = journal
        self._reader = Reader(kafka, fetch_wait_ms=PULL_WAIT_MS)
        self._positions = dict.fromkeys(state_partitions(partitions), 0)

    @property
    def positions(self) -> dict[Partition, int]:
        """How far the journal is in each partition of the state."""
        return dict(self._positions)

    async def end_offsets(self) -> dict[Partition, int]:
        """Of these partitions now; also while `follow` runs. Raises Unavailable."""
        return await self._reader.end_offsets()

    async def start(self) -> int:
        """Publishes the journal's state to an empty log; returns how many records. Raises Unavailable."""
        count = await publish_states(self._kafka, self._journal.records(), writer=WRITER)
        await self._reader.start()
        self._reader.assign(self._positions)
        if sum((ends := await self._reader.end_offsets()).values()) == count:  # Else an import writes there already.
            self._positions = ends
        self._reader.assign(self._positions)
        return count

    async def follow(self) -> None:
        """Appends what is written to the log, until it is cancelled; a full disk is waited for."""
        async for records in self._reader.follow():
            await self._take_patiently(records)

    async def _take_patiently(self, records: list[Record]) -> None:
        while True:
            try:
                self._take(records)
            except Unavailable as error:
                log.warning("freshline: %s; again in %.0f s", error, RETRY_S)
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def pull(self) -> None:
        """Appends what was confirmed before the call; not while `follow` runs. Raises Unavailable, also of a disk."""
        self._reader.assign(self._positions)
        async for records in self._reader.read_to_end():
            self._take(records)

    async def stop(self) -> None:
        """Closes its connections; the journal stays open."""
        await self._reader.stop()

    def _take(self, records: list[Record]) -> None:
        self._journal.append(kept for record in records if (kept := state_record(record)))
        self._positions[records[-1].partition] = records[-1].offset + 1
