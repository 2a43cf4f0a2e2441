"""Faust's consumer with commits from the trackers, start offsets from the worker, and a fetch wait for the broker.

Everything here overrides inner parts of faust-streaming 0.15.3 (pinned); tests/contract/test_commits.py and
test_starts.py hold them.

This module enforces docs/invariants.md#2.
"""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, cast

import structlog
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from stream.kafka.fetch_waits import adapt_fetch_waits
from stream.kafka.partitions import Partition
from stream.kafka.record_batch import RecordBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    import aiokafka
    from faust.transport.consumer import RecordMap
    from faust.types import TP

    from stream.kafka.offset_tracker import OffsetTrackers

log = structlog.get_logger(__name__)

SEEK_AGAIN_S = 0.2
BATCH_RECORDS_MAX = 256
"""The most records that are handed over together: more of them would wait for each other, and gain nothing more."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Sets the assignor, and the wait of a fetch: Faust's 1,500 ms is what an event waits where fetches do not wake."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        ours = cast("Transport", transport)
        adapt_fetch_waits(consumer, ours.fetch_wait_ms, rest_ms_max=ours.fetch_rest_ms_max)
        # The same partition of every topic must go to the same worker: round robin, Faust's choice, does not see to it.
        consumer._partition_assignment_strategy = (RangePartitionAssignor,)
        return consumer

    async def _fetch_records(self, consumer: aiokafka.AIOKafkaConsumer, *asked: Any, **how: Any) -> RecordMap:
        """Raise the error that ended the coordination of the group or the upkeep of its metadata, not to wait forever.

        Faust bypasses aiokafka's `getmany`, which would raise the first, and nobody else would raise the second.
        """
        consumer._coordinator.check_errors()
        if (upkeep := consumer._client._sync_task).done():
            upkeep.result()
        records = await super()._fetch_records(consumer, *asked, **how)
        return Fetched(records, _positions(consumer))


class Starts(Protocol):
    """Knows where the reading of assigned partitions starts."""

    async def start_offsets(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Return the offsets to read from, not above the commits of the assigned partitions (0: there is none)."""


class Consumer(driver.Consumer):
    """Commits the committable offset of each partition, and nothing else; delivers nothing from before its own seek.

    Faust seeks beside its fetches, and gives up, for good, where that takes longer than a request may. A record that
    was fetched from the commit and delivered before a seek below it would pass for the start of the partition: all
    offsets between would count as acked. So the task that fetches seeks too, before anything else.
    """

    _sought: int | None = None
    """The generation of the group whose partitions were sought; None: they are to be sought (again)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ends: dict[TP, int] = {}
        """The offset up to which each partition was handed over since that seek."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _transport(self) -> Transport:
        return cast("Transport", self.transport)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        for partition in self._transport.trackers.partitions:
            tp = self._new_topicpartition(partition.topic, partition.number)
            if topics is None or tp in topics or tp.topic in topics:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        return self._transport.trackers.committable(Partition(tp.topic, tp.partition))

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Forget the gap.

        Faust keeps a tree of the offsets that it was not given, which only its own commits prune. Faust sees each batch
        as its last record, so every batch would leave a gap for good, and each gap rebuilds the tree.
        """

    async def perform_seek(self) -> None:
        """Leave the seek to the next fetch."""
        self._sought = None

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:  # noqa: ASYNC109 -- Faust's own
        if self._sought != self.app.consumer_generation_id:
            await self._seek_all()
            return {}
        records = await super()._getmany(active_partitions, timeout)
        # Records that were fetched across a rebalance are dropped: the next call seeks.
        return records if self._sought == self.app.consumer_generation_id else {}

    async def _seek_all(self) -> None:
        self._sought = self.app.consumer_generation_id  # First, so that a request meanwhile is not lost.
        try:
            await super().perform_seek()
        except BaseException as error:
            self._sought = None
            if not isinstance(error, (KafkaError, AssertionError)):
                raise
            # Revoked meanwhile (aiokafka asserts), or the broker is away.
            log.warning("not sought", error=repr(error))
            await asyncio.sleep(SEEK_AGAIN_S)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek below the commit where the worker's start offsets say so (an index that was wiped is filled again).

        Where there is no commit aiokafka's own seek leaves the position as it is: behind records that a fetch took and
        a rebalance dropped.
        """
        committed = dict(await super().seek_to_committed())
        commits = {Partition(tp.topic, tp.partition): max(committed.get(tp) or 0, 0) for tp in self.assignment()}
        starts = await self._transport.start_offsets(commits)
        self._ends = {self._new_topicpartition(*partition): start for partition, start in starts.items()}
        for partition, start in starts.items():
            if start < commits[partition] or not commits[partition]:
                tp = self._new_topicpartition(*partition)
                # In the thread that resets positions itself: from here the two would meet half way.
                await self._thread.call_thread(cast("Any", self._thread.seek), tp, start)
                committed[tp] = start
        return committed

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, FetchedBatch]]:  # noqa: ASYNC109 -- Faust's own
        """Iterate over the fetched records in batches, each as one message: so Faust's passage is paid once a batch."""
        fetched, active = await self._wait_next_records(timeout)
        generation = self._sought
        if fetched is None or generation is None or self.should_stop:
            return
        for tp, records, end in chain(_batches(fetched), self._gaps(fetched)):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                self._ends.clear()
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                self._ends[tp] = end
                yield tp, FetchedBatch(tp, generation, records, end)
            else:
                self._ends.pop(tp, None)

    def _gaps(self, fetched: RecordMap) -> Iterator[tuple[TP, Sequence[Any], int]]:
        """Iterate over the partitions that were read beyond the records handed over, to offsets that have none.

        The marker at the end of a transaction often comes in a fetch of its own: without this its partition would have
        lag until the next record.
        """
        for tp, position in fetched.positions.items() if isinstance(fetched, Fetched) else ():
            if position > self._ends.get(tp, position):
                yield tp, (), position

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock detector looks at acks that are never made here: `stream.runtime.watchdog` does it."""


class Fetched(dict["TP", "list[Any]"]):
    """The records that a fetch brought, by partition, with the offsets up to which all partitions were read by it."""

    def __init__(self, records: RecordMap, positions: Mapping[TP, int]) -> None:
        super().__init__(records)
        self.positions = positions


class FetchedBatch(ConsumerMessage):
    """A batch in the form in which Faust passes records on: a message at the offset of its last record or gap."""

    __slots__ = ("batch",)

    def __init__(self, tp: TP, generation: int, records: Sequence[Any], end: int) -> None:
        timestamp_s, timestamp_type = (records[-1].timestamp / 1000, records[-1].timestamp_type) if records else (0, 0)
        super().__init__(
            tp.topic, tp.partition, end - 1, timestamp_s, timestamp_type, [], None, None, None,
            tp=tp, generation_id=generation,
        )  # fmt: skip
        self.batch = RecordBatch(Partition(tp.topic, tp.partition), generation, records, end)


def _positions(consumer: aiokafka.AIOKafkaConsumer) -> dict[TP, int]:
    """Return the offset up to which each assigned partition was read; none while the group rebalances."""
    subscription = consumer._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is None or not assignment.active:
        return {}
    return {tp: offset for tp, (offset, _) in assignment.all_consumed_offsets().items()}


def _batches(fetched: Mapping[TP, Sequence[Any]]) -> Iterator[tuple[TP, Sequence[Any], int]]:
    """Iterate over batches of bounded size and their ends, of all partitions in turn: none waits for another's whole
    fetch."""
    longest = max(map(len, fetched.values()), default=0)
    for start in range(0, longest, BATCH_RECORDS_MAX):
        for tp, records in fetched.items():
            if batch := records[start : start + BATCH_RECORDS_MAX]:
                yield tp, batch, batch[-1].offset + 1


class Transport(driver.Transport):
    """Carries what its consumers need: trackers, fetch waits, and the start offsets of the worker."""

    Consumer = Consumer

    def __init__(
        self, url: Any, app: Any, *, trackers: OffsetTrackers, fetch_wait_ms: int, fetch_rest_ms_max: int
    ) -> None:
        super().__init__(url, app)
        self.trackers = trackers
        self.fetch_wait_ms = fetch_wait_ms
        self.fetch_rest_ms_max = fetch_rest_ms_max
        self._starts: Starts | None = None

    def start_with(self, starts: Starts) -> None:
        """Ask the worker for start offsets at each assignment from now on."""
        self._starts = starts

    async def start_offsets(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Return the offsets to read from: those of the worker, or the commits where none is connected."""
        return commits if self._starts is None else await self._starts.start_offsets(commits)
