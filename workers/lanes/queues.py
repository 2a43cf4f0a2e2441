"""Item records into the index, by lanes: hide and out of stock, price and stock, new text, backfill. Embedding is a
lane apart.

An item record is finished once its point is in the index with payload and lexical vector. Records that wait for the
same item are written as one; new texts are written in small chunks, so that a price never waits for many of them.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import structlog

from schemas.errors import Unavailable
from workers.linger import linger_until_quiet, rest_after
from workers.point.plan import Action, Plan, plan
from workers.priority import CooperativeTurns
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from workers.index.interface import Index, Stored
    from workers.lanes.pending_item import Observer, PendingItem
    from workers.point.plan import Cached
    from workers.priority import QueryGate

log = structlog.get_logger(__name__)
T = TypeVar("T")

PENDING_ITEMS_MAX = 5_000
"""At the bound the input waits."""
BATCH_ITEMS_MAX = 64
"""Written at once, in some 10 ms and turns of two: a search waits for one of these."""
TEXTS_MAX = 16
"""New texts written between two looks at the lanes ahead of them: some 5 ms."""
BACKFILL_ITEMS_MAX = 64
"""That wait in the last lane, which is filled from the item log."""
BEHIND_SECONDS = 0.5
"""A flood comes in waves: between two of them the lanes are behind all the same."""
RETRY_SECONDS_MIN = 0.1
RETRY_SECONDS_MAX = 5.0


class Lanes:
    """The lanes of one index worker."""

    def __init__(
        self,
        index: Index,
        *,
        cached: Cached,
        shop_currency: str | None,
        clock_ms: Callable[[], int],
        observer: Observer,
        gate: QueryGate,
    ) -> None:
        """`gate`: queries that are answered on this event loop, to which the lanes give way."""
        self._index = index
        self._cached = cached
        self._shop_currency = shop_currency
        self._clock_ms = clock_ms
        self._observer = observer
        self._gate = gate
        self._vanishing: dict[str, PendingItem] = {}
        self._arrived: dict[str, PendingItem] = {}
        self._texts: dict[str, PendingItem] = {}
        self._backfill: dict[str, PendingItem] = {}
        self._in_hand: dict[str, PendingItem] = {}
        self._abandoned = False
        self._taken_in = 0
        self._behind_until = 0.0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()

    def __len__(self) -> int:
        """Items that wait, those of the backfill left out."""
        return len(self._vanishing) + len(self._arrived) + len(self._texts)

    @property
    def behind(self) -> bool:
        """More waits than is written at once, or did a moment ago."""
        return _now_s() < self._behind_until

    async def caught_up(self) -> None:
        """Returns once that is so no more."""
        while self.behind:  # noqa: ASYNC110 -- time alone ends it
            await asyncio.sleep(self._behind_until - _now_s())

    async def put(self, pending: PendingItem) -> None:
        """Takes a record; waits while the lanes are full."""
        while len(self) >= PENDING_ITEMS_MAX:
            self._room.clear()
            await self._room.wait()
        self._taken_in += 1
        if self._abandoned:
            pending.done()
        else:
            self._put(pending)

    async def put_backfill(self, pending: PendingItem) -> None:
        """Takes a record that nobody waits for; waits while its lane is full."""
        while len(self._backfill) >= BACKFILL_ITEMS_MAX:
            self._room.clear()
            await self._room.wait()
        if self._abandoned:
            pending.done()
            return
        waiting = self._backfill.setdefault(pending.record.state.product_id, pending)
        if waiting is not pending:
            waiting.join(pending)
        self._wake.set()

    def abandon(self) -> None:
        """Finishes all that waits or comes, unwritten, some of it twice: the collection is no more, and `run` ended."""
        self._abandoned = True
        for lane in (self._in_hand, self._vanishing, self._arrived, self._texts, self._backfill):
            for pending in lane.values():
                pending.done()
            lane.clear()
        self._room.set()

    def _put(self, pending: PendingItem) -> None:
        product_id = pending.record.state.product_id
        # A newer record is looked at afresh: it may delist the item, or only the first of them be of new text.
        # Several lanes may hold one: the first came to the texts while the second had arrived already.
        holding = [lane for lane in (self._texts, self._vanishing, self._arrived) if product_id in lane]
        for lane in holding:
            lane[product_id].join(pending)
            pending = lane[product_id]
        wanted = self._vanishing if pending.vanishes else self._arrived
        for lane in holding:
            if lane is not wanted:
                del lane[product_id]
        wanted[product_id] = pending
        self._wake.set()

    async def run(self) -> None:
        """Writes for ever. Raises what only a restart can mend."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while len(self) or self._backfill:
                items = await self._step()
                self._observer.wrote()
                self._room.set()
                # What is left is written as soon as it may: a longer pause is for more to come.
                if self._vanishing or self._arrived:
                    await asyncio.sleep(0)
                else:
                    await rest_after(0 if self._texts or self._backfill else items)

    async def _step(self) -> int:
        """Something of each lane that has the right of way; of how many items that had just arrived."""
        if 0 < len(self) < BATCH_ITEMS_MAX and not self._texts:
            await linger_until_quiet(lambda: self._taken_in)
        if len(self) > BATCH_ITEMS_MAX:
            self._behind_until = _now_s() + BEHIND_SECONDS
        if arrived := self._take((self._vanishing, self._vanishing_max), (self._arrived, BATCH_ITEMS_MAX)):
            await self._write_arrived(arrived)
        if self._texts:
            await self._write_texts(self._take((self._texts, TEXTS_MAX)))
        elif self._backfill:
            await self._write_texts(self._take((self._backfill, TEXTS_MAX)))
        return len(arrived)

    @property
    def _vanishing_max(self) -> int:
        """Half of a batch is for the others: none starves."""
        return max(BATCH_ITEMS_MAX // 2, BATCH_ITEMS_MAX - len(self._arrived))

    def _take(self, *lanes: tuple[dict[str, PendingItem], int]) -> dict[str, PendingItem]:
        """The first of each lane, until there are as many as its number."""
        self._in_hand = {}
        for lane, items_max in lanes:
            for product_id in list(islice(lane, items_max - len(self._in_hand))):
                self._in_hand[product_id] = lane.pop(product_id)
        return self._in_hand.copy()

    async def _write_arrived(self, batch: dict[str, PendingItem]) -> None:
        """Payload changes are written; new texts wait in their lane."""
        plans = await self._plans(batch, await self._until_available(lambda: self._index.stored(batch)))
        texts = {p: batch[p] for p, planned in plans.items() if planned.action in (Action.EMBED, Action.UPSERT)}
        for product_id, pending in texts.items():
            del plans[product_id]
            # While the index was read, an older record of the item may have come to wait there.
            waiting = self._texts.setdefault(product_id, pending)
            if waiting is not pending:
                waiting.join(pending)
        await self._carry_out(batch, plans)

    async def _write_texts(self, batch: dict[str, PendingItem]) -> None:
        stored = await self._until_available(lambda: self._index.stored(batch, vectors=True))
        await self._carry_out(batch, await self._plans(batch, stored))

    async def _plans(self, batch: dict[str, PendingItem], stored: dict[str, Stored]) -> dict[str, Plan]:
        plans, turns = {}, CooperativeTurns(self._gate)
        for product_id, pending in batch.items():
            try:
                plans[product_id] = self._plan(pending, stored.get(product_id))
            except Exception as error:
                log.exception("bug", item=product_id)
                self._observer.refused(pending, error)
            await turns.yield_if_over()
        return plans

    def _plan(self, pending: PendingItem, stored: Stored | None) -> Plan:
        now_ms = self._clock_ms()
        wanted = content(
            pending.record.state,
            pending.record.reviews,
            partition=pending.partition,
            now_ms=now_ms,
            shop_currency=self._shop_currency,
        )
        text = pending.changes.get("product")
        return plan(
            stored,
            wanted,
            version=pending.version,
            model=self._index.model,
            cached=self._cached,
            now_ms=now_ms,
            # A record may carry no timestamp, and then says -1.
            text_arrived_at_ms=None if text is None else max(0, text.first_arrived_at_ms),
            mend=pending.mend,
            serving=pending.serving,
        )

    async def _carry_out(self, batch: dict[str, PendingItem], plans: dict[str, Plan]) -> None:
        writes = [planned.write for planned in plans.values() if planned.write is not None]
        again = await self._until_available(lambda: self._index.write(writes)) if writes else set()
        now_ms = self._clock_ms()
        for product_id, planned in plans.items():
            if product_id in again:
                self._put(batch[product_id])
            else:
                self._finish(batch[product_id], planned, now_ms)

    def _finish(self, pending: PendingItem, planned: Plan, now_ms: int) -> None:
        self._observer.planned(planned.action)
        if planned.action is Action.EMBED:
            self._observer.vectors_owed()
        for facet in planned.became_searchable:
            if facet in pending.changes:
                self._observer.searchable(facet, pending.changes[facet], now_ms)
        pending.done()

    async def _until_available(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Repeats with bounded backoff: meanwhile the lanes fill, and the input waits.

        An index in this process lets nobody have a turn while it answers: others have theirs before and after.
        """
        wait_seconds = RETRY_SECONDS_MIN
        while True:
            await self._gate.yield_to_queries()
            try:
                answer = await ask()
                await self._gate.yield_to_queries()
                return answer
            except Unavailable as error:
                log.warning("index away", error=str(error), wait_seconds=wait_seconds)
                self._observer.retried(error)
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, RETRY_SECONDS_MAX)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
