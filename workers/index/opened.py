"""The part of an open index that the backends share: what it is, and how its rankings become answers."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING

from typing_extensions import override

from schemas.points import Status, point_id
from schemas.queries import Filters
from workers.index import lexical
from workers.index.columns import columns_of
from workers.index.conditions import FiltersOfOffers
from workers.index.interface import CURRENCIES_MAX, SELLERS_MAX, Index
from workers.index.ranking import best, in_order
from workers.words.identity import may_be_canary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from workers.embedder.interface import ModelId
    from workers.index.columns import Columns
    from workers.index.interface import Found
    from workers.index.lexical import Sparse
    from workers.index.metadata import Metadata

EXACT_POINTS_MAX = 256


class OpenedIndex(Index):
    """An index that is open: its name and metadata, and the searches that are made of `_nearest`."""

    def __init__(self, name: str, metadata: Metadata) -> None:
        self._name = name
        self._metadata = metadata

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def collection(self) -> str:
        return self._metadata.collection

    @property
    @override
    def metadata(self) -> Metadata:
        return self._metadata

    @property
    @override
    def model(self) -> ModelId:
        return self._metadata.model

    @property
    @override
    def is_remote(self) -> bool:
        return False

    @override
    async def payloads_ahead(
        self, terms: Mapping[str, float], vector: NDArray[np.float32] | None, filters: Filters, points: int
    ) -> dict[str, Payload]:
        return {}

    @override
    async def columns(self, point_ids: Sequence[str]) -> Columns:
        return columns_of(await self.traits(point_ids))

    @override
    async def search_dense(
        self, vector: NDArray[np.float32], filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        return await best(lambda *asked: self._nearest(vector, filters, *asked), limit, score_min)

    @override
    async def search_terms(
        self, terms: Mapping[str, float], filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        return await self._with_terms(lexical.weighted(terms), filters, limit, score_min)

    @override
    async def best_by_terms(self, terms: Mapping[str, float]) -> float:
        return await self._best_with(lexical.weighted(terms))

    @override
    async def find_exact(self, identifier: str, filters: Filters) -> list[str]:
        found = await self._identified(identifier, filters)
        if not may_be_canary(identifier):
            return found
        payloads = await self.payloads(found)
        return [point for point in found if point in payloads and payloads[point]["status"] != Status.CANARY]

    @override
    async def find_canary(self, product_id: str) -> Payload | None:
        point = point_id(product_id)
        found = await self._identified(product_id, Filters())
        return (await self.payloads([point])).get(point) if point in found else None

    async def _identified(self, identifier: str, filters: Filters) -> list[str]:
        by_id = point_id(identifier)
        found = await self._with_terms(lexical.identity(identifier), filters, EXACT_POINTS_MAX)
        return sorted((point.point_id for point in found), key=lambda point: point != by_id)

    @override
    async def has_brand(self, text: str) -> bool:
        return await self._best_with(lexical.brand(text)) > 0

    @override
    async def has_name(self, text: str) -> bool:
        return await self._best_with(lexical.names(text)) > 0

    @override
    async def currencies(self) -> list[str]:
        return await self._values("currency", CURRENCIES_MAX)

    @override
    async def offered_currencies(self) -> list[str]:
        return await self._values("currencies", CURRENCIES_MAX)

    @override
    async def sellers(self) -> list[str]:
        return await self._values("sellers", SELLERS_MAX)

    @override
    async def has_other_prices(self, currency: str) -> bool:
        offered, priced = FiltersOfOffers(currency=currency), Filters(currency=currency)
        counts = await asyncio.gather(self.count(offered), self.count(priced))
        return counts[0] != counts[1]

    @abstractmethod
    async def _values(self, field: str, limit: int) -> list[str]:
        """Return the values of a field that visible items have, the most frequent first."""

    @abstractmethod
    async def _nearest(
        self, query: NDArray[np.float32] | Sparse, filters: Filters, limit: int, score_min: float | None = None
    ) -> list[tuple[str, float]]:
        """Return the ids and scores of the points nearest to a dense vector, float32 `(dimension,)`, or to a lexical
        one, in the order of the backend. `score_min`: the least score of a point; None for any."""

    async def _with_terms(
        self, terms: Sparse, filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        if not terms.indices:
            return []
        return await best(lambda *asked: self._nearest(terms, filters, *asked), limit, score_min)

    async def _best_with(self, terms: Sparse) -> float:
        """Return the best score of all points; 0.0 if none has a term."""
        found = await self._nearest(terms, Filters(), 1) if terms.indices else []
        return in_order(found)[0].score if found else 0.0
