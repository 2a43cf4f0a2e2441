"""The journal: the item state of the embedded broker on disk, because its log is in memory."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from typing import TYPE_CHECKING

from schemas.errors import InvalidStateLine, Misconfigured, Unavailable
from stream.state_files.lines import FileKind, decode_line, encode_line
from stream.state_files.records import is_deletion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from pathlib import Path

    from stream.kafka.partitions import Partition
    from stream.state_files.records import StateRecord

log = logging.getLogger(__name__)

JOURNAL = FileKind("journal", version=1)
COMPACTION_FACTOR = 2
"""A journal is compacted once it is so many times as large as the last records of its keys."""
COMPACTION_BYTES_MIN = 16 << 20
"""A smaller journal is not compacted."""


class Journal:
    """A file of JSON lines in which the last line of a key counts, and may delete it. Only one process writes to it."""

    def __init__(self, path: Path, partitions: int, *, compaction_bytes_min: int = COMPACTION_BYTES_MIN) -> None:
        """Open the file, or create it.

        Raises Misconfigured if the file is of another version or number of partitions, or damaged.
        """
        self._path = path
        self._partitions = partitions
        self._compaction_bytes_min = compaction_bytes_min
        self._last: dict[tuple[Partition, bytes], tuple[int, int]] = {}
        """By partition and key: the position and length of the last line, in bytes."""
        self._bytes_kept = 0
        """The bytes of all these lines."""
        self._file = self._opened()

    def _opened(self) -> FileIO:
        if not self._path.exists():
            self._rewrite(())
        self._index()
        self._file = self._open_at_end()
        try:
            self.compact()
        except Unavailable as error:
            log.warning("freshline: %s; it is used as it is", error)
        return self._file

    def _index(self) -> None:
        """Find the last line of each key, and cut off a line that was not written to its end.

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
            partitions = JOURNAL.partitions_in(header)
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
        _, before = self._last.pop(key, (0, 0))
        self._bytes_kept -= before
        if not is_deletion(record):
            self._last[key] = (at, length)
            self._bytes_kept += length

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._last)

    def close(self) -> None:
        """Write everything to the disk, and close the file. Idempotent."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def sync(self) -> None:
        """Make the appended records survive a crash of the machine too. Raises Unavailable."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be written to ({error.strerror})") from error

    def append(self, records: Iterable[StateRecord]) -> None:
        """Append records in the order in which they came. They survive this process once the method returns.

        A record that is no JSON is left out. Raises Unavailable if the disk is full: then none of the records is in the
        file, and the method can be called again.
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
        if at > self._compaction_bytes_min and at > COMPACTION_FACTOR * self._bytes_kept:
            with contextlib.suppress(Unavailable):  # No room for two files now: look again at the next record.
                self.compact()

    def _write(self, lines: bytes, at: int) -> None:
        """Write all of the lines or none, because half a line in the middle could not be read again."""
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._file.truncate(at)
            self._file.seek(at)
            raise Unavailable(f"{self._path} cannot be written to ({error.strerror}): free some space") from error

    def records(self) -> Iterator[StateRecord]:
        """Yield the last record of each key, in the order in which they were written."""
        with self._path.open("rb") as file:
            for at, length in sorted(self._last.values()):
                file.seek(at)
                yield decode_line(file.read(length))

    def compact(self) -> None:
        """Drop all but the last record of each key.

        Raises Unavailable if the disk has no room for a second file; the file is as before then. Nothing is written if
        the room is known to be too small. The index on the same disk needs the room that is left, and a file that fills
        the disk takes it, even if the file is then deleted.
        """
        if (free := shutil.disk_usage(self._path.parent).free) < self._bytes_kept:
            raise Unavailable(
                f"{self._path} cannot be compacted ({self._bytes_kept:,} bytes are needed, {free:,} are free): "
                "free some space"
            )
        try:
            self._rewrite(sorted(self._last.values()))
        except OSError as error:
            self._path.with_suffix(".new").unlink(missing_ok=True)
            raise Unavailable(f"{self._path} cannot be compacted ({error.strerror}): free some space") from error
        self._file.close()
        self._last, self._bytes_kept = {}, 0
        self._index()
        self._file = self._open_at_end()

    def _open_at_end(self) -> FileIO:
        """Open the file without a buffer: lines that a full disk refuses must not be written later."""
        file = self._path.open("r+b", buffering=0)
        file.seek(0, os.SEEK_END)
        return file

    def _rewrite(self, kept: Iterable[tuple[int, int]]) -> None:
        """Write the header and the lines at these positions to a second file, which then replaces the first."""
        new = self._path.with_suffix(".new")
        with new.open("wb") as target:
            target.write(JOURNAL.header_line(self._partitions))
            if self._path.exists():
                with self._path.open("rb") as source:
                    for at, length in kept:
                        source.seek(at)
                        target.write(source.read(length))
            target.flush()
            os.fsync(target.fileno())
        new.replace(self._path)
