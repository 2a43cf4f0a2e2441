"""The progress sink: publishes how far each collection is, after each write of the lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.progress import IndexProgress
from workers.lanes.sinks import Written

if TYPE_CHECKING:
    from stream.progress.reporter import Reporter
    from stream.writers.assignment import Assignment
    from stream.writers.attached import AttachedWriters
    from workers.lanes.sinks import LaneEvent


class InformedWatermark(Protocol):
    """The searchable watermark, as far as the writing side informs it."""

    def index_progress(self, progress: IndexProgress) -> None:
        """Note that a collection has all item records of a partition below an offset."""

    def serve(self, collection: str) -> None:
        """Note that this collection answers searches from now on."""

    def forget(self, collection: str) -> None:
        """Forget a collection that has been dropped."""


class CollectionProgress(NamedTuple):
    """The progress of a collection when it was last written."""

    record: IndexProgress

    def latest(self) -> IndexProgress:
        """Return the progress record."""
        return self.record


class ProgressSink:
    """Publishes the committable offsets for each collection that has all records below them."""

    def __init__(
        self, assignment: Assignment, attached: AttachedWriters, watermark: InformedWatermark, reporter: Reporter | None
    ) -> None:
        """`watermark` belongs to this process.

        `reporter` informs the other processes; None if there are none to inform.
        """
        self._assignment = assignment
        self._attached = attached
        self._watermark = watermark
        self._reporter = reporter
        self._published: dict[str, dict[int, int]] = {}
        """The offset that was last published, by collection and partition."""

    def note(self, event: LaneEvent) -> None:
        """Publish after each step of the lanes."""
        if isinstance(event, Written):
            self.publish()

    def publish(self) -> None:
        """Publish the offsets that have changed."""
        self._forget_detached()
        for number, offset in self._assignment.committable().items():
            for writer in self._attached.all:
                published = self._published.setdefault(writer.index.collection, {})
                if writer.complete(number) and published.get(number) != offset:
                    published[number] = offset
                    self._publish(IndexProgress(number, writer.index.collection, offset))

    def _forget_detached(self) -> None:
        """Forget the collections that have no writer any more. Each rebuild leaves one behind."""
        for collection in self._published.keys() - self._attached.collections():
            for number in self._published.pop(collection):
                if self._reporter is not None:
                    self._reporter.forget((number, collection))

    def _publish(self, progress: IndexProgress) -> None:
        self._watermark.index_progress(progress)
        if self._reporter is not None:
            self._reporter.mark((progress.partition, progress.collection), CollectionProgress(progress))
