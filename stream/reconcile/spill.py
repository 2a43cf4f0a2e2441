"""Frames of bytes on disk, in buckets by the hash of their item, which are compared one by one to bound the memory."""

from __future__ import annotations

import asyncio
import shutil
import struct
import zlib
from collections import defaultdict
from typing import TYPE_CHECKING

from schemas.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

BUCKET_ITEMS = 1_000
"""The items of a bucket on average; if each had the largest size (64 KB) they would take 64 MB."""
BUCKETS_MAX = 4_096
BUFFER_BYTES_MAX = 4 << 20
CHUNK_BYTES = 1 << 20
FREE_BYTES_MIN = 300 << 20
"""The disk space that is left free. It is more than the index needs to go on writing, so this work stops first."""
_LENGTH = struct.Struct("<I")


def bucket_count(items_max: int) -> int:
    """Return how many buckets so many items need."""
    return min(BUCKETS_MAX, 1 + items_max // BUCKET_ITEMS)


class Buckets:
    """Frames of several kinds. Those of one item lie in buckets of the same number, in the order they were added."""

    def __init__(
        self,
        directory: Path,
        count: int,
        *,
        buffer_bytes_max: int = BUFFER_BYTES_MAX,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        """Use a directory that exists and is empty. Frames are written, and read, in pieces of about these sizes."""
        self._directory = directory
        self.count = count
        self._buffer_bytes_max = buffer_bytes_max
        self._chunk_bytes = chunk_bytes
        self._buffers: defaultdict[Path, bytearray] = defaultdict(bytearray)
        self._buffered_bytes = 0

    async def add(self, kind: str, product_id: bytes, frame: bytes) -> None:
        """Add a frame of an item. Raises Unavailable if the disk is nearly full."""
        buffer = self._buffers[self._file(kind, zlib.crc32(product_id) % self.count)]
        buffer += _LENGTH.pack(len(frame))
        buffer += frame
        self._buffered_bytes += _LENGTH.size + len(frame)
        if self._buffered_bytes > self._buffer_bytes_max:
            await self.flush()

    async def flush(self) -> None:
        """Write everything that was added, so that it can be read. Raises Unavailable like `add`."""
        buffers, self._buffers, self._buffered_bytes = self._buffers, defaultdict(bytearray), 0
        await asyncio.to_thread(_append, self._directory, buffers)

    async def read(self, kind: str, bucket: int) -> AsyncIterator[bytes]:
        """Yield the frames of one kind in one bucket."""
        file = self._file(kind, bucket)
        if not file.exists():
            return
        opened = await asyncio.to_thread(file.open, "rb")
        with opened:
            rest = b""
            while chunk := await asyncio.to_thread(opened.read, self._chunk_bytes):
                frames, rest = _split(rest + chunk)
                for frame in frames:
                    yield frame

    def _file(self, kind: str, bucket: int) -> Path:
        return self._directory / f"{kind}-{bucket}"


def _append(directory: Path, buffers: Mapping[Path, bytearray]) -> None:
    free = shutil.disk_usage(directory).free
    if free < FREE_BYTES_MIN:
        raise Unavailable(
            f"{directory}: only {free >> 20} MB of disk are free, and {FREE_BYTES_MIN >> 20} are left to the index: "
            "free some space and start again"
        )
    for file, buffer in buffers.items():
        with file.open("ab") as opened:
            opened.write(buffer)


def _split(read: bytes) -> tuple[list[bytes], bytes]:
    """Return (the whole frames, the beginning of the next)."""
    frames, start = [], 0
    while start + _LENGTH.size <= len(read):
        (length,) = _LENGTH.unpack_from(read, start)
        end = start + _LENGTH.size + length
        if end > len(read):
            break
        frames.append(read[start + _LENGTH.size : end])
        start = end
    return frames, read[start:]
