"""The index worker without Faust: item records go to the lanes of every collection, and are acked once search can show
them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.points import point_version
from schemas.state_codec import logged_item_under
from schemas.trace_context import sampled_context
from stream.state_files.records import folded_at_ms, is_restored
from workers.lanes.acks import shared_by
from workers.lanes.pending_item import PendingItem
from workers.lanes.stages import StageTimes
from workers.lanes.traced_record import TracedRecord
from workers.query_gate import CooperativeTurns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.logged_item import LoggedItem
    from stream.kafka.offset_tracker import InFlightRecord
    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import FetchedRecord, RecordBatch
    from stream.writers.assignment import Assignment
    from stream.writers.attached import AttachedWriters
    from stream.writers.item_dead_letters import ItemDeadLetters
    from stream.writers.progress_sink import ProgressSink
    from stream.writers.writer_set import WriterSet
    from workers.clock import Clock
    from workers.query_gate import QueryGate


class IndexWorker:
    """Handles the records of the assigned partitions."""

    def __init__(
        self,
        epoch: int,
        *,
        assignment: Assignment,
        writers: WriterSet,
        attached: AttachedWriters,
        progress: ProgressSink,
        dead_letters: ItemDeadLetters,
        clock: Clock,
        gate: QueryGate,
        traced: bool,
    ) -> None:
        """`gate`: the queries to which long batches give way. `traced`: whether the trace contexts of records count."""
        self._epoch = epoch
        self._assignment = assignment
        self._writers = writers
        self._attached = attached
        self._progress = progress
        self._dead_letters = dead_letters
        self._clock = clock
        self._gate = gate
        self._traced = traced
        self._commits: dict[int, int] = {}
        """By partition, the offset below which this consumer group has acked every record before this assignment."""

    async def start_offsets(self, commits: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return the offsets at which to begin: the least of the commit and the positions stored in the collections.

        A collection that was wiped or restored is thus filled again. This method is called at each assignment, so a
        worker knows every collection before it writes its first record.
        """
        generation = self._assignment.generation
        self._commits |= {partition.number: commit for partition, commit in commits.items()}
        await self._writers.refresh_until_available()
        starts = {each: min([commit, *self._start_offsets_of_writers(each.number)]) for each, commit in commits.items()}
        if self._assignment.begin(generation, starts):
            self._progress.publish()
        return starts

    def assign(self, numbers: Collection[int]) -> None:
        """Replace the assigned partitions."""
        self._assignment.assign(numbers)

    async def handle(self, batch: RecordBatch) -> None:
        """Decode each record of a batch and hand it to the lanes, which write it and ack last; or refuse it, ack last.

        Raises only errors that must end the process.
        """
        turns = CooperativeTurns(self._gate)
        delivered, now_ms = self._assignment.deliver(batch), self._clock.now_ms()
        if not batch.records:  # No ack reports that a gap was passed.
            self._progress.publish()
        for record, in_flight in zip(batch.records, delivered, strict=bool(delivered)):
            try:
                item = _decode(record)
            except Exception as error:
                await self._dead_letters.refuse_record(record, batch.partition.number, error)
                self._ack(in_flight)
            else:
                await self._write(item, batch.partition.number, record, in_flight, now_ms)
            await turns.yield_if_over()

    async def _write(
        self,
        item: LoggedItem | None,
        number: int,
        record: FetchedRecord,
        in_flight: InFlightRecord,
        now_ms: int,
    ) -> None:
        """Put the item into the lanes of every collection: the last one that has written it acks the record."""
        if item is None:
            self._ack(in_flight)
            return
        version, writers = point_version(self._epoch, record.offset), self._attached.all
        traced = self._traced_record(record, now_ms) if self._traced else ()
        is_new = not is_restored(record.headers)  # Else its events were measured in an earlier log.
        times = StageTimes(folded_at_ms(record.headers, record.timestamp), record.timestamp, now_ms) if is_new else None
        unseen = is_new and record.offset >= self._commits.get(number, 0)
        for writer, ack in zip(writers, shared_by(len(writers), in_flight), strict=True):
            changes = dict(item.changes) if is_new else {}
            await writer.lanes.put(
                PendingItem(item, number, version, [ack], changes, times=times, traced=traced, unseen=unseen)
            )

    def _ack(self, in_flight: InFlightRecord) -> None:
        """Ack a record that needs no write, and publish the progress, because no step of the lanes will do so."""
        in_flight.ack()
        self._progress.publish()

    def _traced_record(self, record: FetchedRecord, now_ms: int) -> tuple[TracedRecord, ...]:
        context = sampled_context(record.headers)
        return () if context is None else (TracedRecord(context, record.offset, now_ms),)

    def _start_offsets_of_writers(self, number: int) -> list[int]:
        kept = (writer.start(number) for writer in self._attached.all)
        return [offset for offset in kept if offset is not None]


def _decode(record: FetchedRecord) -> LoggedItem | None:
    """Return the item record; None for a foreign record with an empty value, since Freshline never deletes an item."""
    return None if record.value is None else logged_item_under(record.key, record.value)
