"""Publishes on the topic `progress` how far a worker is, soon after that changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.progress import encode
from stream.kafka.topics import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from schemas.progress import Progress
    from stream.kafka.send import RecordSender

REPORT_INTERVAL_S = 0.02


class Reporter:
    """Publishes the newest progress record of each subject that changed, every 20 ms at most, and none twice."""

    def __init__(self, log_id: str, sender: RecordSender) -> None:
        self._log_id = log_id
        self._sender = sender
        self._marked: dict[Hashable, Callable[[], Progress | None]] = {}
        self._sent: dict[bytes, bytes] = {}
        self._wake = asyncio.Event()

    def mark(self, subject: Hashable, latest: Callable[[], Progress | None]) -> None:
        """Note that a subject changed.

        `latest` is called when the report is due, so that only the newest state is encoded. None leaves it out.
        """
        self._marked[subject] = latest
        self._wake.set()

    async def run(self) -> None:
        """Publish the progress records of what was marked, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()
            await asyncio.sleep(REPORT_INTERVAL_S)

    async def flush(self) -> None:
        """Publish the progress records of all subjects that are marked now."""
        marked, self._marked = self._marked, {}
        for latest in marked.values():
            progress = latest()
            if progress is None:
                continue
            key, value = encode(self._log_id, progress)
            if self._sent.get(key) != value:
                self._sent[key] = value
                await self._sender.send(PROGRESS, key, value, progress.partition, [])
