"""Bytes by the hash of their item, in files: what is too much for memory is worked through bucket by bucket."""

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
"""On average; of the largest size an item has (64 KB) that is 64 MB."""
BUCKETS_MAX = 4_096
BUFFER_BYTES_MAX = 4 << 20
CHUNK_BYTES = 1 << 20
FREE_BYTES_MIN = 300 << 20
"""More than what the index needs to go on writing: this work gives way first."""
_LENGTH = struct.Struct("<I")


def bucket_count(items_max: int) -> int:
    """How many buckets so many items need."""
    return min(BUCKETS_MAX, 1 + items_max // BUCKET_ITEMS)


class Buckets:
    """Frames of several kinds; those of one item are in the bucket of the same number, in the order they were added."""

    def __init__(self, directory: Path, count: int) -> None:
        """The directory is there and empty."""
        self._directory = directory
        self.count = count
        self._buffers: defaultdict[Path, bytearray] = defaultdict(bytearray)
        self._buffered_bytes = 0

    async def add(self, kind: str, product_id: bytes, frame: bytes) -> None:
        """Raises Unavailable if the disk is nearly full."""
        buffer = self._buffers[self._file(kind, zlib.crc32(product_id) % self.count)]
        buffer += _LENGTH.pack(len(frame))
        buffer += frame
        self._buffered_bytes += _LENGTH.size + len(frame)
        if self._buffered_bytes > BUFFER_BYTES_MAX:
            await self.flush()

    async def flush(self) -> None:
        """So that all that was added can be read. Raises Unavailable like `add`."""
        buffers, self._buffers, self._buffered_bytes = self._buffers, defaultdict(bytearray), 0
        await asyncio.to_thread(_append, self._directory, buffers)

    async def read(self, kind: str, bucket: int) -> AsyncIterator[bytes]:
        """The frames of one bucket."""
        file = self._file(kind, bucket)
        if not file.exists():
            return
        opened = await asyncio.to_thread(file.open, "rb")
        with opened:
            rest = b""
            while chunk := await asyncio.to_thread(opened.read, CHUNK_BYTES):
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
    """(the whole frames, the beginning of the next)."""
    frames, start = [], 0
    while start + _LENGTH.size <= len(read):
        (length,) = _LENGTH.unpack_from(read, start)
        end = start + _LENGTH.size + length
        if end > len(read):
            break
        frames.append(read[start + _LENGTH.size : end])
        start = end
    return frames, read[start:]
