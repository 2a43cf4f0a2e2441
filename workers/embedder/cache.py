"""A bounded cache of vectors that were computed before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.embedder.interface import Vectors

DOCUMENTS_MAX = 50_000
"""About 90 MB at 384 dimensions: 4 bytes for each number, and some 250 bytes of keys and objects for each entry."""
QUERIES_MAX = 2_000
"""About 4 MB at 384 dimensions and short queries."""


class VectorCache:
    """The vectors last used, by document fingerprint or query text; the least recently used is evicted. Thread-safe.

    Memory is bounded by `entries_max` times (4 bytes times dimension, plus the key).
    """

    def __init__(self, entries_max: int = DOCUMENTS_MAX) -> None:
        self._entries_max = entries_max
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._vectors)

    def get(self, key: str) -> Vectors | None:
        """Return float32 `(dimension,)`, read-only; None if the vector is not in the cache."""
        with self._lock:
            if (vector := self._vectors.get(key)) is not None:
                self._vectors.move_to_end(key)
            return vector

    def put(self, key: str, vector: Vectors) -> Vectors:
        """Store a read-only copy and return it. The row itself is a view, which keeps its whole batch in memory."""
        row = vector.astype("float32", copy=True)
        row.setflags(write=False)
        with self._lock:
            self._vectors[key] = row
            self._vectors.move_to_end(key)
            if len(self._vectors) > self._entries_max:
                self._vectors.popitem(last=False)
        return row
