"""The progress sink publishes each offset of a collection once, and remembers no collection that has no writer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from stream.progress.reporter import Reporter
from stream.progress.watermark import Watermark
from stream.writers.attached import AttachedWriters
from stream.writers.progress_sink import ProgressSink

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiokafka.structs import RecordMetadata

    from schemas.progress import IndexProgress
    from stream.writers.assignment import Assignment
    from stream.writers.attached import AttachedWriter


@dataclass(frozen=True)
class Named:
    collection: str


@dataclass(frozen=True)
class CompleteWriter:
    index: Named

    def complete(self, _partition: int) -> bool:
        return True


class OneOffset:
    """An assignment of one partition, all of whose records below 5 are searchable."""

    def committable(self) -> dict[int, int]:
        return {0: 5}


class CountingSender:
    def __init__(self) -> None:
        self.sent = 0

    async def send(self, *_record: Any) -> Awaitable[RecordMetadata]:
        self.sent += 1
        return asyncio.get_running_loop().create_future()


class CountingWatermark(Watermark):
    def __init__(self) -> None:
        super().__init__()
        self.informed = 0

    def index_progress(self, progress: IndexProgress) -> None:
        self.informed += 1
        super().index_progress(progress)


async def test_an_offset_is_published_once_for_each_writer_of_a_collection() -> None:
    attached, watermark, sender = AttachedWriters(), CountingWatermark(), CountingSender()
    reporter = Reporter("log-1", sender)
    sink = ProgressSink(cast("Assignment", OneOffset()), attached, watermark, reporter)
    for published in (1, 2):
        attached.attach(cast("AttachedWriter", CompleteWriter(Named("items-1"))))
        for _ in range(2):
            sink.publish()
            await reporter.flush()
        assert (watermark.informed, sender.sent) == (published, published)
        attached.detach("items-1")
        sink.publish()
