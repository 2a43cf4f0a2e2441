"""The traits of the points of a shard, remembered from one search to the next until their point is written."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any

from qdrant_edge import PayloadSelector

from workers.index.edge.offers_text import offers_in
from workers.index.edge.operations import decoded, id_of
from workers.index.price_lists import price_list
from workers.index.traits import SALE_FIELDS, TRAIT_FIELDS, EncodedAttributes, traits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qdrant_edge import EdgeShard, Record

    from workers.index.price_lists import PriceList
    from workers.index.traits import Traits

TRAITS_KNOWN_MAX = 100_000
"""The most points whose traits are remembered, about 1 KB each. Reading one from the shard takes 11 us."""
FORGOTTEN_SHARE = 4
"""If too many are remembered, one in this many is forgotten: those that were read first."""
READ_POINTS = 128
"""The points that are read before the event loop runs something else. They take about 1.5 ms."""
OFFERS = PayloadSelector.Include(["offers"])
SELECTED = PayloadSelector.Include([*TRAIT_FIELDS, *SALE_FIELDS])
_WAYS: Mapping[str, Callable[[str], Any]] = {"offers": offers_in, "attributes": EncodedAttributes}


class KnownTraits:
    """Traits and prices by point id. The only process that writes to the shard calls `forget` after each write."""

    def __init__(self, shard: EdgeShard) -> None:
        self._shard = shard
        self._known: dict[str, Traits | None] = {}
        self._prices: dict[str, PriceList] = {}
        """The prices of offers, some 100 bytes each: only of points that were asked for."""

    def forget(self, point_ids: Iterable[str]) -> None:
        """Forget the traits and prices of points that were just written."""
        for point in point_ids:
            self._known.pop(point, None)
            self._prices.pop(point, None)

    def prices(self, point_ids: Sequence[str]) -> dict[str, PriceList]:
        """Return the prices of the offers of points."""
        if len(self._prices) > TRAITS_KNOWN_MAX:
            self._prices.clear()
        known = self._prices
        missing = [point for point in point_ids if point not in known]
        if missing:
            records = self._shard.retrieve(list(missing), OFFERS, False)
            known |= {id_of(record): price_list(offers_in(_offers(record))) for record in records}
        return {point: known[point] for point in point_ids if point in known}

    async def of(self, point_ids: Sequence[str]) -> dict[str, Traits]:
        """Return the traits of the visible points among these."""
        if len(self._known) > TRAITS_KNOWN_MAX:
            self.forget(list(islice(self._known, TRAITS_KNOWN_MAX // FORGOTTEN_SHARE)))
        found: dict[str, Traits | None] = {}
        for start in range(0, len(point_ids), READ_POINTS):
            asked = point_ids[start : start + READ_POINTS]
            missing = [point for point in asked if point not in self._known]
            self._read(missing)
            found |= {point: self._known[point] for point in asked}
            if missing:
                await asyncio.sleep(0)
        return {point: traits for point, traits in found.items() if traits is not None}

    def _read(self, point_ids: Sequence[str]) -> None:
        if point_ids:
            self._known |= dict.fromkeys(point_ids)
            records = self._shard.retrieve(list(point_ids), SELECTED, False)
            self._known |= {id_of(record): traits_of(decoded(record, _WAYS)) for record in records}


def _offers(record: Record) -> str:
    offers: str = (record.payload or {}).get("offers", "[]")
    return offers
