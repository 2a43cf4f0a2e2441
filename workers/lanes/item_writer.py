"""The path of a pending item into the index: read its point, decide what to write, write it, ack."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from workers.index.writes import Upsert
from workers.lanes.alert_raising import ChangedPoint
from workers.lanes.item_planner import Arrived, ItemPlanner, Read, SameProduct, shows_product
from workers.lanes.note_written import note_written
from workers.lanes.singly import write_or_single_out
from workers.lanes.sinks import Refused, Retried, TracedWrite
from workers.query_gate import CooperativeTurns
from workers.retry import INDEX_BACKOFF, until_available

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from schemas.errors import Unavailable
    from schemas.points import Payload
    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.index.interface import Index
    from workers.index.stored import Stored
    from workers.index.writes import Write
    from workers.lanes.alert_raising import AlertRaiser
    from workers.lanes.item_planner import Decided
    from workers.lanes.pending_item import PendingItem, Projected
    from workers.lanes.sinks import DeadLetters, Sink
    from workers.query_gate import QueryGate
    from workers.retry import Backoff

REFUSED = "refused"
"""The outcome of a record on which a pure stage failed."""


class HasPending(Protocol):
    """Anything that is known of a pending item."""

    @property
    def pending(self) -> PendingItem:
        """The item."""


T = TypeVar("T")
Each = TypeVar("Each", bound=HasPending)


class Refusal(NamedTuple):
    """A record that a pure stage failed on, or whose point cannot be written."""

    pending: PendingItem
    error: Exception


class Left(NamedTuple):
    """The items of a batch that are not written."""

    texts: list[Projected]
    """The items with a new text, which wait for their turn."""
    missed: list[PendingItem]
    """Their points changed between reading and writing: they must be read and planned afresh."""
    refusals: list[Refusal]
    """The items on which a pure stage failed, or whose points cannot be written: they become dead letters."""


class ItemWriter:
    """Writes batches of pending items to one collection."""

    def __init__(
        self,
        index: Index,
        *,
        cache: VectorCache,
        shop_currency: str | None,
        clock: Clock,
        sink: Sink,
        dead_letters: DeadLetters,
        alert_raiser: AlertRaiser,
        gate: QueryGate,
        backoff: Backoff = INDEX_BACKOFF,
    ) -> None:
        """`cache` has vectors by fingerprint. `gate`: the queries to which the writes give way."""
        self._index = index
        self._planner = ItemPlanner(index.model, cache, shop_currency, clock)
        self._clock = clock
        self._sink = sink
        self._dead_letters = dead_letters
        self._alert_raiser = alert_raiser
        self._gate = gate
        self._backoff = backoff

    async def write_arrived(self, batch: Sequence[PendingItem]) -> Left:
        """Write all but the items with a new text, which are left to wait for their turn.

        Most items have the product that their points show: their records are not decoded any further, nor their points
        read any further. The others go first, since some of them vanish.
        """
        return await self._in_turn(lambda: self._write_arrived(batch))

    async def write_texts(self, texts: Sequence[Projected]) -> Left:
        """Write items that were left with a new text.

        Their points are read now, not when they arrived: meanwhile the embedding lane may have written a vector, a sale
        window may have turned, or another worker may have written the item. The old vector goes on to serve until the
        new text has one, so it is carried over.
        """
        return await self._in_turn(lambda: self._write_projected(texts))

    async def write_backfill(self, batch: Sequence[PendingItem]) -> Left:
        """Write items of the backfill, whatever their texts."""
        return await self._in_turn(lambda: self._write_backfill(batch))

    async def _in_turn(self, write: Callable[[], Awaitable[Left]]) -> Left:
        """Read, decide and write in one turn; then write the dead letters, which may wait for the broker."""
        async with self._alert_raiser.turn_of_writes():
            left = await write()
        await asyncio.gather(*(self._refuse(*refusal) for refusal in left.refusals))
        return left

    async def _write_arrived(self, batch: Sequence[PendingItem]) -> Left:
        heads = await self._until_available(lambda: self._index.heads([each.product_id for each in batch]))
        others, same = list[Arrived](), list[SameProduct]()
        for pending in batch:
            head = heads.get(pending.product_id)
            if head is not None and shows_product(head, pending):
                same.append(SameProduct(pending, head))
            else:
                others.append(Arrived(pending, head))
        texts, missed, refusals = await self._write_others(others) if others else Left([], [], [])
        if same:
            left = await self._write(same, self._planner.of_facets)
            missed, refusals = missed + left.missed, refusals + left.refusals
        return Left(texts, missed, refusals)

    async def _write_others(self, arrived: Sequence[Arrived]) -> Left:
        """Write the items that change in more than offers and reviews, but leave those with a new text."""
        projected, refusals = await self._decisions(arrived, self._planner.projected)
        texts = [each for each in projected if each.is_new_text]
        known = [each for each in projected if not each.is_new_text]
        left = await self._write_projected(known) if known else Left([], [], [])
        return Left(texts, left.missed, refusals + left.refusals)

    async def _write_projected(self, projected: Sequence[Projected]) -> Left:
        stored = await self._stored([each.pending.product_id for each in projected])
        reads = [Read(each.pending, stored.get(each.pending.product_id), each) for each in projected]
        return await self._write(reads, self._planner.whole)

    async def _write_backfill(self, batch: Sequence[PendingItem]) -> Left:
        stored = await self._stored([pending.product_id for pending in batch])
        reads = [Read(pending, stored.get(pending.product_id)) for pending in batch]
        return await self._write(reads, self._planner.whole)

    async def _write(self, batch: Sequence[Each], decide: Callable[[Each], Decided]) -> Left:
        """Decide about each, bring about the effects, and ack last: those that are written."""
        decisions, refusals = await self._decisions(batch, decide)
        decided = await self._with_alerts(decisions)
        writes = [each.plan.write for each in decided if each.plan.write is not None]
        began_ms = self._clock.now_ms()
        missed, errors = await write_or_single_out(self._write_until_available, writes) if writes else (set(), {})
        unwritten = missed | errors.keys()
        self._ack_written([each for each in decided if each.pending.product_id not in unwritten], began_ms)
        refusals += [
            Refusal(each.pending, errors[each.pending.product_id])
            for each in decided
            if each.pending.product_id in errors
        ]
        return Left([], [each.pending for each in decided if each.pending.product_id in missed], refusals)

    async def _stored(self, product_ids: Sequence[str]) -> Mapping[str, Stored]:
        return await self._until_available(lambda: self._index.stored(product_ids, vectors=True))

    async def _decisions(self, batch: Sequence[Each], decide: Callable[[Each], T]) -> tuple[list[T], list[Refusal]]:
        """Run a pure stage, in turns between which others have theirs."""
        decisions: list[T] = []
        refusals, turns = [], CooperativeTurns(self._gate)
        for each in batch:
            try:
                decisions.append(decide(each))
            except Exception as error:
                refusals.append(Refusal(each.pending, error))
            await turns.yield_if_over()
        return decisions, refusals

    async def _with_alerts(self, decided: Sequence[Decided]) -> list[Decided]:
        """Return the decisions with the alerts that their writes raise."""
        compared = [
            ChangedPoint(made.write, before, pending.unseen and not pending.repair)
            for pending, made, before in decided
            if made.write is not None
        ]
        writes = iter(await self._alert_raiser.with_alerts(compared, self._whole_points) if compared else ())
        return [
            each if each.plan.write is None else each._replace(plan=each.plan._replace(write=next(writes)))
            for each in decided
        ]

    async def _whole_points(self, product_ids: Sequence[str]) -> Mapping[str, Payload]:
        stored = await self._until_available(lambda: self._index.stored(product_ids))
        return {product_id: point.payload for product_id, point in stored.items()}

    def _ack_written(self, decided: Sequence[Decided], began_ms: int) -> None:
        now_ms = self._clock.now_ms()
        note_written(self._sink, decided, now_ms)
        for pending, made, _ in decided:
            self._ack(pending, made.action.value, made.write, began_ms, now_ms)

    async def _refuse(self, pending: PendingItem, error: Exception) -> None:
        began_ms = self._clock.now_ms()
        self._sink.note(Refused(error))
        await self._dead_letters.refuse(pending, error)
        self._ack(pending, REFUSED, None, began_ms, self._clock.now_ms())

    def _ack(self, pending: PendingItem, outcome: str, write: Write | None, began_ms: int, now_ms: int) -> None:
        """Ack the records of an item that is written, needs no write, or is refused: the only place that does."""
        if pending.traced:
            due = write.payload["vector_due"] if isinstance(write, Upsert) else None
            self._sink.note(
                TracedWrite(pending.traced, pending.product_id, pending.partition, outcome, due, began_ms, now_ms)
            )
        pending.ack()

    async def _write_until_available(self, writes: Sequence[Write]) -> set[str]:
        return await self._until_available(lambda: self._index.write(writes))

    async def _until_available(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again for as long as the index is away: meanwhile the queues fill, and the input waits.

        An index in this process gives no other task a turn while it answers: they have theirs before and after.
        """

        async def ask_between_turns() -> T:
            await self._gate.yield_to_queries()
            answer = await ask()
            await self._gate.yield_to_queries()
            return answer

        return await until_available(ask_between_turns, "index away", self._backoff, before_wait=self._note_retry)

    def _note_retry(self, error: Unavailable, _wait_s: float) -> None:
        self._sink.note(Retried(error))
