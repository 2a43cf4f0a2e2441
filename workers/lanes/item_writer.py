"""The path of a pending item into the index: read its point, decide what to write, write it, ack."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from workers.index.writes import Upsert
from workers.lanes.alert_raising import ChangedPoint
from workers.lanes.item_planner import Decided, ItemPlanner, shows_product
from workers.lanes.note_written import note_written
from workers.lanes.pending_item import NewText
from workers.lanes.singly import write_or_single_out
from workers.lanes.sinks import Refused, Retried, TracedWrite
from workers.point.payload import is_visible
from workers.query_gate import CooperativeTurns
from workers.retry import INDEX_BACKOFF, until_available

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from schemas.errors import Unavailable
    from schemas.points import Payload
    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.index.interface import Index, Stored
    from workers.index.writes import Write
    from workers.lanes.alert_raising import AlertRaiser
    from workers.lanes.item_planner import Read
    from workers.lanes.pending_item import PendingItem
    from workers.lanes.sinks import DeadLetters, Sink
    from workers.query_gate import QueryGate
    from workers.retry import Backoff

REFUSED = "refused"
"""The outcome of a record on which a pure stage failed."""
T = TypeVar("T")
Each = TypeVar("Each")


class Refusal(NamedTuple):
    """A record that a pure stage failed on, or whose point cannot be written."""

    pending: PendingItem
    error: Exception


class Left(NamedTuple):
    """The items of a batch that are neither written nor refused."""

    texts: list[NewText]
    """The items with a new text, which wait for their turn."""
    missed: list[PendingItem]
    """Their points changed between reading and writing: they must be read and planned afresh."""


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
        product_ids = [pending.product_id for pending in batch]
        heads = await self._until_available(lambda: self._index.heads(product_ids))
        shown = {p.product_id for p in batch if (head := heads.get(p.product_id)) and shows_product(head, p)}
        others = [pending for pending in batch if pending.product_id not in shown]
        reads = await self._read(others, there=heads.keys())
        left = await self._write(reads, self._planner.unless_new_text) if others else Left([], [])
        if shown:
            known = [(pending, heads[pending.product_id]) for pending in batch if pending.product_id in shown]
            left.missed.extend((await self._write(known, self._planner.of_facets)).missed)
        return left

    async def write_texts(self, texts: Sequence[NewText]) -> Left:
        """Write items that were left with a new text."""
        return await self._write(await self._with_vectors(texts), self._planner.with_text)

    async def write_backfill(self, batch: Sequence[PendingItem]) -> Left:
        """Write items of the backfill, whatever their texts."""
        return await self._write(await self._read(batch, vectors=True), self._planner.whole)

    async def _write(self, batch: Sequence[Each], decide: Callable[[Each], NewText | Decided]) -> Left:
        """Decide about each, bring about the effects, and ack last: after the write, or after the dead letter."""
        decisions, refusals = await self._decisions(batch, decide)
        decided = await self._with_alerts([each for each in decisions if isinstance(each, Decided)])
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
        await asyncio.gather(*(self._refuse(*refusal) for refusal in refusals))
        return Left(
            [each for each in decisions if isinstance(each, NewText)],
            [each.pending for each in decided if each.pending.product_id in missed],
        )

    async def _read(
        self, batch: Sequence[PendingItem], *, vectors: bool = False, there: Collection[str] | None = None
    ) -> list[Read]:
        """Read the points of these items; only of those that are `there`, if that is known."""
        product_ids = [each.product_id for each in batch if there is None or each.product_id in there]
        stored: Mapping[str, Stored] = {}
        if product_ids:
            stored = await self._until_available(lambda: self._index.stored(product_ids, vectors=vectors))
        return [(pending, stored.get(pending.product_id)) for pending in batch]

    async def _with_vectors(self, texts: Sequence[NewText]) -> list[NewText]:
        """Read again, with their vectors, the points that search shows, and keep what is known of all others.

        A point that search shows may have changed while the text waited: the embedding lane wrote a vector, a sale
        window turned. Its vector goes on to serve until the new text has one, so both are carried over. From a point
        that was missing or hidden nothing is carried over, so it need not be read again. Another worker may have
        written either meanwhile, and the upsert is right all the same: it replaces the whole point where the stored
        version is lower, and does nothing where it is not.
        """
        shown = [text.pending.product_id for text in texts if text.stored and is_visible(text.stored.payload)]
        if not shown:
            return list(texts)
        stored = await self._until_available(lambda: self._index.stored(shown, vectors=True))
        again = set(shown)
        return [
            text._replace(stored=stored.get(text.pending.product_id)) if text.pending.product_id in again else text
            for text in texts
        ]

    async def _decisions(
        self, batch: Sequence[Each], decide: Callable[[Each], NewText | Decided]
    ) -> tuple[list[NewText | Decided], list[Refusal]]:
        """Run the pure stages, in turns between which others have theirs."""
        decisions: list[NewText | Decided] = []
        refusals, turns = [], CooperativeTurns(self._gate)
        for each in batch:
            try:
                decisions.append(decide(each))
            except Exception as error:
                pending = each.pending if isinstance(each, NewText) else each[0]  # type: ignore[index]
                refusals.append(Refusal(pending, error))
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
