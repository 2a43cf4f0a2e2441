"""The model of a trial: the index does not have its vectors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from schemas.points import point_id
from workers.index.ranking import in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.queries import Filters
    from workers.embedder.interface import ModelId, Vectors
    from workers.index.interface import Found, Index
    from workers.search.searcher import ServingIndex


class GivenCosines:
    """The embedder and the collection of a search whose cosines are given: its query has no vector to compute."""

    def __init__(self, collections: ServingIndex, cosines: Mapping[str, float], cosine_min: float) -> None:
        """`cosines`: those of the products that the vectors of the model find, by product_id."""
        self._collections = collections
        self._cosines = cosines
        self.cosine_min = cosine_min

    async def serving(self) -> Index:
        """Return the collection that serves, with these cosines. Raises Unavailable."""
        index = await self._collections.serving()
        points = {point_id(product_id): cosine for product_id, cosine in self._cosines.items()}
        visible = await index.traits(list(points))
        near = in_order((point, cosine) for point, cosine in points.items() if point in visible)
        return cast("Index", _NearGiven(index, near))

    def find_loaded(self, _: ModelId) -> GivenCosines:
        """Return this object, which stands for the embedder of every model."""
        return self

    def embed_query(self, _: str) -> asyncio.Task[Vectors]:
        """Return a vector that is never compared."""

        async def nothing() -> Vectors:
            return np.zeros(0, np.float32)

        return asyncio.create_task(nothing())


class _NearGiven:
    """An index whose ranking by vectors is given, and that is otherwise the one behind it."""

    is_remote = False
    """A request that ranks by words and by vectors at once would compare the vectors of the index."""

    def __init__(self, index: Index, near: list[Found]) -> None:
        self._index = index
        self._near = near

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    async def search_dense(self, _: Vectors, __: Filters, limit: int, score_min: float | None = None) -> list[Found]:
        near = self._near if score_min is None else [each for each in self._near if each.score >= score_min]
        return near[:limit]
