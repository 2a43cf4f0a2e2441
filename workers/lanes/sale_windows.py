"""The sale lane: a price changes on time with no event."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Unavailable
from workers.point.plan import reprice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from workers.index.interface import Index

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.2
BATCH_ITEMS_MAX = 256


class SaleWindows:
    """Patches the points whose window opened or closed, in the partitions this worker owns."""

    def __init__(
        self,
        index: Index,
        *,
        partitions: Callable[[], Collection[int]],
        shop_currency: str | None,
        clock_ms: Callable[[], int],
        repriced: Callable[[int], None],
    ) -> None:
        self._index = index
        self._partitions = partitions
        self._shop_currency = shop_currency
        self._clock_ms = clock_ms
        self._repriced = repriced

    async def run(self) -> None:
        """Looks for ever, several times a second."""
        while True:
            try:
                turned = await self.turn()
            except Unavailable as error:
                log.warning("index away", error=str(error))
                turned = 0
            if turned < BATCH_ITEMS_MAX:
                await asyncio.sleep(LOOK_INTERVAL_S)

    async def turn(self) -> int:
        """Patches one batch; how many were due."""
        partitions, now_ms = self._partitions(), self._clock_ms()
        if not partitions:
            return 0
        due = await self._index.price_due(partitions, now_ms, BATCH_ITEMS_MAX)
        writes = [reprice(payload, self._shop_currency, now_ms) for payload in due]
        if writes:
            await self._index.write(writes)
            self._repriced(len(writes))
        return len(writes)
