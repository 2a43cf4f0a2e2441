"""Takes the pages of a shard's files out of this process, whose memory they count as; the system keeps them cached.

Qdrant Edge maps its files as a whole, holes included, and all that it has written stays mapped: 280 MB of 20,000 items
once they are opened, and 25 MB more with 10,000 prices. Few of these pages are used again; those that are come back by
themselves, from the system's cache (deploy/decisions/0082).
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAPS = Path("/proc/self/maps")
"""The mappings of this process. Only Linux has this file: elsewhere the pages stay until the system wants them."""
MADV_DONTNEED, MADV_PAGEOUT = 4, 21
"""Advice to `madvise`, from Linux's mman.h. An older kernel refuses the second one, and the pages stay."""


class Mapping(NamedTuple):
    """A part of a file that is mapped into this process."""

    address: int
    size: int
    """The length in bytes."""
    path: str


def release_pages(shard: Path) -> None:
    """Release the pages of an open shard. Call it where Edge is called, and not beside a call.

    The advice for segments is safe for a shared mapping of a file alone, and Edge unmaps none while the shard is open.
    A part of the log may be unmapped by a thread of its own at any time, so that its advice is one that never harms.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    segments, log = (f"{shard.resolve() / part}/" for part in ("segments", "wal"))  # As the system names them.
    for mapping in shared_mappings():
        if mapping.path.startswith(segments):
            madvise(mapping.address, mapping.size, MADV_DONTNEED)
        elif mapping.path.startswith(log):
            madvise(mapping.address, mapping.size, MADV_PAGEOUT)


def shared_mappings() -> Iterator[Mapping]:
    """Iterate over the shared mappings of files into this process; none where the system does not tell them."""
    if MAPS.exists():
        for line in MAPS.read_text().splitlines():
            span, permissions, _, _, _, *path = line.split(maxsplit=5)
            if permissions.endswith("s") and path:
                start, end = (int(each, 16) for each in span.split("-"))
                yield Mapping(start, end - start, path[0])
