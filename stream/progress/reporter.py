"""Publishes on the topic `progress` how far a worker is, soon after that changes."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from schemas.progress import encode
from stream.kafka.topics import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Hashable

    from aiokafka.structs import RecordMetadata

    from schemas.progress import Progress
    from stream.kafka.send import RecordSender

log = structlog.get_logger(__name__)

REPORT_INTERVAL_S = 0.02
AGAIN_S = 1.0
"""The time after which a record that the broker did not confirm is sent again. The producer itself has mostly tried for
40 s by then."""


class Subject(Protocol):
    """Something whose progress is reported, such as a partition."""

    def latest(self) -> Progress | None:
        """Return the newest progress record, asked for when the report is due; None leaves it out."""


class _Report(NamedTuple):
    """A progress record on its way to the broker, and the subject that it is about."""

    mark: Hashable
    subject: Subject
    value: bytes


class Reporter:
    """Publishes the newest progress record of each subject that changed, every 20 ms at most, and none twice.

    A record may be lost, for example while a broker is away for longer than the producer keeps trying. It is published
    again, since it may report the last event for a long time, and that event would count as waiting all that time.
    """

    def __init__(self, log_id: str, sender: RecordSender, *, again_s: float = AGAIN_S) -> None:
        """`again_s`: see `AGAIN_S`."""
        self._log_id = log_id
        self._sender = sender
        self._again_s = again_s
        self._marked: dict[Hashable, Subject] = {}
        self._sent: dict[Hashable, bytes] = {}
        self._wake = asyncio.Event()

    def mark(self, key: Hashable, subject: Subject) -> None:
        """Note that a subject changed, which has this key."""
        self._marked[key] = subject
        self._wake.set()

    def forget(self, key: Hashable) -> None:
        """Forget a subject that will not be marked again."""
        self._marked.pop(key, None)
        self._sent.pop(key, None)

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
        for mark, subject in marked.items():
            progress = subject.latest()
            if progress is None:
                continue
            key, value = encode(self._log_id, progress)
            if self._sent.get(mark) != value:
                self._sent[mark] = value
                confirmed = await self._sender.send(PROGRESS, key, value, progress.partition, [])
                asyncio.ensure_future(confirmed).add_done_callback(
                    partial(self._note_end, _Report(mark, subject, value))
                )

    def _note_end(self, report: _Report, ended: asyncio.Future[RecordMetadata]) -> None:
        """Send a report again soon if the broker did not confirm it, unless a newer one of its subject was sent."""
        if ended.cancelled() or (error := ended.exception()) is None:
            return
        log.warning("progress not confirmed", error=str(error) or repr(error))
        if self._sent.get(report.mark) == report.value:
            del self._sent[report.mark]
            asyncio.get_running_loop().call_later(self._again_s, self._mark_again, report)

    def _mark_again(self, report: _Report) -> None:
        if report.mark not in self._sent:  # Else a newer one was sent meanwhile.
            self._marked.setdefault(report.mark, report.subject)
            self._wake.set()
