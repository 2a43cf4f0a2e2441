"""The lock of an embedded index: a shard can be opened once."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path


class ShardLock:
    """Holds the file `lock` of an index, which no other process can hold meanwhile."""

    def __init__(self, directory: Path) -> None:
        """Take the lock. Raises Misconfigured if another process has it."""
        self._descriptor = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise Misconfigured(f"{directory}: the index is open in another process: stop that one first") from None

    def release(self) -> None:
        """Give the lock back, once."""
        os.close(self._descriptor)
