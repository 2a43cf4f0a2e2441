"""The queues in which items wait for the index: one for each priority, keyed by item, all of them bounded.

Records that wait for the same item are joined, and written as one.

This module enforces docs/invariants.md#4 and docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.lanes.pending_item import PendingItem, Projected

T = TypeVar("T")


class LaneBounds(NamedTuple):
    """The bounds of a collection's lanes: the items that may wait, and the items that are written at once."""

    pending_items_max: int = 5_000
    """The most items that wait: at this bound the input waits too."""
    batch_items_max: int = 64
    """Arrived items written at once, in some 10 ms and turns of two: a search waits for one of these turns."""
    texts_max: int = 16
    """New texts written between two looks at the queues ahead of them: some 5 ms."""
    backfill_items_max: int = 64
    """Items that may wait in the last queue, which is filled from the item log."""


BOUNDS = LaneBounds()
"""The bounds of the product."""


class PriorityQueues:
    """The queues of the lanes, by falling priority: `vanishing`, `arrived`, `texts`, `backfill`."""

    def __init__(self, bounds: LaneBounds) -> None:
        self._bounds = bounds
        self._vanishing: dict[str, PendingItem] = {}
        """Items that are delisted or out of stock now: search must stop offering them."""
        self._arrived: dict[str, PendingItem] = {}
        self._texts: dict[str, Projected] = {}
        self._backfill: dict[str, PendingItem] = {}
        self._in_hand: list[PendingItem] = []
        """Items that were taken last, and may not be written yet."""
        self._abandoned = False
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self.records_put = 0
        """The number of records ever put, without those of the backfill."""

    def __len__(self) -> int:
        """Return how many items wait, without those of the backfill."""
        return len(self._vanishing) + len(self._arrived) + len(self._texts)

    @property
    def depths(self) -> dict[str, int]:
        """The number of items that wait in each queue, by falling priority."""
        return {
            "vanishing": len(self._vanishing),
            "arrived": len(self._arrived),
            "texts": len(self._texts),
            "backfill": len(self._backfill),
        }

    @property
    def arrived(self) -> bool:
        """True if items wait that have priority over new texts."""
        return bool(self._vanishing or self._arrived)

    @property
    def texts(self) -> bool:
        """True if new texts wait."""
        return bool(self._texts)

    @property
    def backfill(self) -> bool:
        """True if records of the backfill wait."""
        return bool(self._backfill)

    async def put(self, pending: PendingItem) -> None:
        """Add an item; wait while the queues are full."""
        while len(self) >= self._bounds.pending_items_max:
            self._room.clear()
            await self._room.wait()
        self.records_put += 1
        if self._abandoned:
            pending.ack()
        else:
            self.put_now(pending)

    def put_now(self, pending: PendingItem) -> None:
        """Add an item even beyond the bound, such as an item that was taken and must be planned again.

        The queue is chosen again wherever the item waited: the newer record may delist it, or only the older record may
        have had a new text. An item is in two queues if its first record reached the texts after its second arrived.
        """
        product_id = pending.product_id
        if (text := self._texts.pop(product_id, None)) is not None:
            text.pending.join(pending)
            pending = text.pending
        holding = [queue for queue in (self._vanishing, self._arrived) if product_id in queue]
        for queue in holding:
            queue[product_id].join(pending)
            pending = queue[product_id]
        wanted = self._vanishing if pending.vanishes else self._arrived
        for queue in holding:
            if queue is not wanted:
                del queue[product_id]
        wanted[product_id] = pending
        self._filled.set()

    def put_texts(self, texts: Iterable[Projected]) -> None:
        """Add new texts, which were taken as arrived items."""
        self._texts.update((text.pending.product_id, text) for text in texts)

    async def put_backfill(self, pending: PendingItem) -> None:
        """Add a record of the backfill, which is not urgent; wait while its queue is full."""
        while len(self._backfill) >= self._bounds.backfill_items_max:
            self._room.clear()
            await self._room.wait()
        if self._abandoned:
            pending.ack()
            return
        waiting = self._backfill.setdefault(pending.product_id, pending)
        if waiting is not pending:
            waiting.join(pending)
        self._filled.set()

    async def filled(self) -> None:
        """Return once something was put since the last call."""
        await self._filled.wait()
        self._filled.clear()

    def take_arrived(self) -> list[PendingItem]:
        """Take a batch of arrived items, vanishing ones first. Half of the batch is for the others: none starves.

        A text that waits for the same item comes from an older record. It is joined, and the item is planned again from
        its newer record.
        """
        batch_max = self._bounds.batch_items_max
        vanishing_max = max(batch_max // 2, batch_max - len(self._arrived))
        taken = _pop(self._vanishing, vanishing_max)
        taken += _pop(self._arrived, batch_max - len(taken))
        for pending in taken:
            if (older := self._texts.pop(pending.product_id, None)) is not None:
                pending.join(older.pending)
        self._in_hand = taken
        return taken

    def take_texts(self) -> list[Projected]:
        """Take a few new texts."""
        taken = _pop(self._texts, self._bounds.texts_max)
        self._in_hand = [text.pending for text in taken]
        return taken

    def take_backfill(self) -> list[PendingItem]:
        """Take a few records of the backfill."""
        self._in_hand = _pop(self._backfill, self._bounds.texts_max)
        return self._in_hand

    def made_room(self) -> None:
        """Wake the callers that wait for room."""
        self._room.set()

    def abandon(self) -> None:
        """Ack every record that waits or comes, without writing it, since the collection is gone (some twice)."""
        self._abandoned = True
        texts = [text.pending for text in self._texts.values()]
        queues = (self._vanishing, self._arrived, self._backfill)
        for pending in [*self._in_hand, *texts, *(each for queue in queues for each in queue.values())]:
            pending.ack()
        for queue in (*queues, self._texts):
            queue.clear()
        self._in_hand = []
        self._room.set()


def _pop(queue: dict[str, T], items_max: int) -> list[T]:
    """Remove and return the first items, `items_max` at most."""
    return [queue.pop(product_id) for product_id in list(islice(queue, items_max))]
