"""Publishes on the topic `progress` how far a worker is, soon after that changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from schemas.progress import encode
from stream.kafka.topics import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Hashable

    from schemas.progress import Progress
    from stream.kafka.send import RecordSender

REPORT_INTERVAL_S = 0.02


class Subject(Protocol):
    """Something whose progress is reported, such as a partition."""

    def latest(self) -> Progress | None:
        """Return the newest progress record, asked for when the report is due; None leaves it out."""


class Reporter:
    """Publishes the newest progress record of each subject that changed, every 20 ms at most, and none twice."""

    def __init__(self, log_id: str, sender: RecordSender) -> None:
        self._log_id = log_id
        self._sender = sender
        self._marked: dict[Hashable, Subject] = {}
        self._sent: dict[bytes, bytes] = {}
        self._wake = asyncio.Event()

    def mark(self, key: Hashable, subject: Subject) -> None:
        """Note that a subject changed, which has this key."""
        self._marked[key] = subject
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
        for subject in marked.values():
            progress = subject.latest()
            if progress is None:
                continue
            key, value = encode(self._log_id, progress)
            if self._sent.get(key) != value:
                self._sent[key] = value
                await self._sender.send(PROGRESS, key, value, progress.partition, [])
