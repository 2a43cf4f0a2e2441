"""Who runs the model next: one at a time, queries ahead of documents."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUERIES_IN_A_ROW_MAX = 16
"""So many queries go ahead of a waiting document batch, then it has its turn: documents never starve."""
QUIET_SECONDS = 1.0
"""When no query came for so long, document batches may be long."""


class Turns:
    """A lock with two doors. A query waits for at most the one batch that has begun (and queries before it)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_query = -QUIET_SECONDS
        self._changed = threading.Condition()
        self._busy = False
        self._queries_waiting = 0
        self._documents_waiting = 0
        self._queries_in_a_row = 0

    @contextmanager
    def query(self) -> Iterator[None]:
        """The model to oneself, for one query."""
        with self._changed:
            self._queries_waiting += 1
            self._last_query = self._clock()
            self._changed.wait_for(lambda: not self._busy and not self._documents_due())
            self._queries_waiting -= 1
            self._queries_in_a_row += 1
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def documents(self) -> Iterator[None]:
        """The model to oneself, for one short batch of documents."""
        with self._changed:
            self._documents_waiting += 1
            self._changed.wait_for(lambda: not self._busy and (not self._queries_waiting or self._documents_due()))
            self._documents_waiting -= 1
            self._queries_in_a_row = 0
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    @property
    def quiet(self) -> bool:
        """Whether no query came lately."""
        return self._clock() - self._last_query >= QUIET_SECONDS

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._queries_waiting + self._documents_waiting

    def _documents_due(self) -> bool:
        return self._documents_waiting > 0 and self._queries_in_a_row >= QUERIES_IN_A_ROW_MAX

    def _leave(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
