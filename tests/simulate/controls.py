"""Ways to break the product that the simulation must notice, or it proves nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from stream.items import partition as partition_module
from stream.items.publisher import Publisher
from stream.items.recovery import StateRecovery
from stream.kafka.offset_tracker import InFlightRecord, OffsetTracker, OffsetTrackers
from workers.lanes import alert_raising
from workers.lanes.alert_raising import AlertRaiser
from workers.lanes.alert_sending import AlertLane
from workers.lanes.lanes import Lanes
from workers.lanes.vector_writer import VectorWriter
from workers.state import fold
from workers.watches.watch_set import newly_matching

from .index import Points

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import AbstractContextManager

    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import RecordBatch


@contextmanager
def acks_out_of_order() -> Iterator[None]:
    """Commit the greatest acked offset, although lower ones are not acked."""
    ack = OffsetTracker.ack

    def ack_all_below(self: OffsetTracker, offset: int) -> None:
        for below in [each for each in self._in_flight if each <= offset]:
            ack(self, below)

    with mock.patch.object(OffsetTracker, "ack", ack_all_below):
        yield


@contextmanager
def acks_before_the_item_record() -> Iterator[None]:
    """Ack an event when it is folded, before the broker has confirmed its item record."""

    def ack_at_once(_self: Any, _effect: Any, in_flight: Any) -> None:
        in_flight.ack()

    with mock.patch.object(Publisher, "ack_after", ack_at_once):
        yield


@contextmanager
def acks_before_the_write() -> Iterator[None]:
    """Ack an item record when it is in the lanes, before search can show it."""
    put = Lanes.put

    async def ack_and_put(self: Any, pending: Any) -> None:
        pending.ack()
        await put(self, pending)

    with mock.patch.object(Lanes, "put", ack_and_put):
        yield


@contextmanager
def acks_are_lost_on_revocation() -> Iterator[None]:
    """Hand the acks of a partition that was revoked and has come back to the tracker from before."""
    start, forget = OffsetTrackers.start, OffsetTrackers.forget
    revoked: dict[tuple[OffsetTrackers, Partition], OffsetTracker] = {}

    def forget_later(self: OffsetTrackers, partitions: Collection[Partition]) -> None:
        for partition in partitions:
            if partition in self._trackers:
                revoked[self, partition] = self._trackers[partition][1]
        forget(self, partitions)

    def start_again(self: OffsetTrackers, batch: RecordBatch) -> list[InFlightRecord]:
        records, before = start(self, batch), revoked.get((self, batch.partition))
        return records if before is None else [InFlightRecord(before, record.offset) for record in records]

    with (
        mock.patch.object(OffsetTrackers, "forget", forget_later),
        mock.patch.object(OffsetTrackers, "start", start_again),
    ):
        yield


@contextmanager
def vectors_of_older_texts() -> Iterator[None]:
    """Write a vector to the text that the point has now, although it was made from the text before."""
    write = VectorWriter._write_vectors

    async def write_to_the_newest(self: Any, backlog: Any, vectors: Any) -> None:
        stored = await self._index.stored([payload["product_id"] for payload in backlog])
        newest = {product_id: each.payload["vector_due"] for product_id, each in stored.items()}
        due: Any = [{**each, "vector_due": newest.get(each["product_id"], each["vector_due"])} for each in backlog]
        await write(self, due, vectors)

    with mock.patch.object(VectorWriter, "_write_vectors", write_to_the_newest):
        yield


@contextmanager
def writes_without_conditions() -> Iterator[None]:
    """Let the last write to the index win, whatever its version."""

    def always(*_: object) -> bool:
        return True

    with mock.patch.object(Points, "lower", always), mock.patch.object(Points, "same", always):
        yield


@contextmanager
def foreign_records_are_not_joined() -> Iterator[None]:
    """Ignore what another writer appends after the recovery."""
    join = StateRecovery._join_records

    def join_while_recovering(self: Any, assigned: Any, records: Any, *, recovering: bool) -> None:
        if recovering:
            join(self, assigned, records, recovering=True)

    with mock.patch.object(StateRecovery, "_join_records", join_while_recovering):
        yield


class _ArrivalOrder:
    """A fold that is no join: for each product and offer, the event that arrives last wins."""

    delta = staticmethod(fold.delta)
    count_evicted = staticmethod(fold.count_evicted)

    @staticmethod
    def join(a: Any, b: Any) -> Any:
        joined = fold.join(a, b)
        joined.offers = {**a.offers, **b.offers}
        return joined


@contextmanager
def a_fold_in_order_of_arrival() -> Iterator[None]:
    """Make the state depend on the order of events."""
    with mock.patch.object(partition_module, "fold", _ArrivalOrder):
        yield


@contextmanager
def alerts_are_cleared_before_they_are_sent() -> Iterator[None]:
    """Take alerts out of the index before the broker has them, as an outbox in memory would."""
    send = AlertLane._send

    async def clear_and_send(self: Any, point: Any) -> None:
        await self._clear([point])
        await send(self, point)

    with mock.patch.object(AlertLane, "_send", clear_and_send):
        yield


@contextmanager
def whole_points_lose_their_alerts() -> Iterator[None]:
    """Replace a point without the alerts that it has and that are not sent yet."""
    add = AlertRaiser._with_due

    def add_to_nothing(self: Any, compared: Any, raised: Any) -> Any:
        before = compared.before
        forgotten = None if before is None else {**before, "alerts_due": None}
        return add(self, compared._replace(before=forgotten), raised)

    with mock.patch.object(AlertRaiser, "_with_due", add_to_nothing):
        yield


@contextmanager
def alerts_of_what_matched_before() -> Iterator[None]:
    """Raise an alert for each write of an item that matches, whether it begins to or not."""

    def matching(watches: Any, before: Any, after: Any, now_ms: int) -> Any:
        return newly_matching(watches, before._replace(point=None), after, now_ms)

    with mock.patch.object(alert_raising, "newly_matching", matching):
        yield


CONTROLS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    control.__name__: control
    for control in (
        acks_out_of_order,
        acks_before_the_item_record,
        acks_before_the_write,
        acks_are_lost_on_revocation,
        vectors_of_older_texts,
        writes_without_conditions,
        foreign_records_are_not_joined,
        a_fold_in_order_of_arrival,
        alerts_are_cleared_before_they_are_sent,
        whole_points_lose_their_alerts,
        alerts_of_what_matched_before,
    )
}
"""The controls by name."""
