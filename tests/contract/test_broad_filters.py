"""The nearest points with a filter are the same, whether it is asked as it is or checked on the nearest of all."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from schemas.queries import Filters
from tests.support.index_backends import MODEL, content, ids, planned, point_ids
from workers.index.edge.bounds import EdgeBounds
from workers.index.edge.nearest import BroadRange
from workers.index.edge.open import open_edge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.index.interface import Index

ITEMS = 400
FILTERS = (
    Filters(max_price=390.0),
    Filters(min_price=20.0, max_price=300.0),
    Filters(min_price=396.0),
    Filters(max_price=390.0, brand="acme"),
    Filters(availability="in_stock"),
    Filters(max_price=0.5),
    Filters(brand="nobody"),
)
"""Filters from those that nearly all items pass to one that none does."""


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float32]:
    drawn = np.random.default_rng(11).normal(size=(ITEMS, 4)).astype(np.float32)
    normalised: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return normalised


@asynccontextmanager
async def filled(folder: Path, rows: NDArray[np.float32], broad: BroadRange) -> AsyncIterator[Index]:
    edge = open_edge(folder, model=MODEL, bounds=EdgeBounds(broad=broad))
    items = [
        content(str(n), price=float(n), currency="EUR", brand="Acme", availability=("in_stock", None)[n % 2])
        for n in range(ITEMS)
    ]
    plans = [planned(item, 1, dense=rows[n]) for n, item in enumerate(items)]
    assert await edge.write([each.write for each in plans if each.write is not None]) == set()
    yield edge
    await edge.close()


def found_by(number: int, filters: Filters) -> bool:
    least, most = filters.min_price or 0.0, ITEMS if filters.max_price is None else filters.max_price
    return (
        least <= number <= most
        and filters.brand in (None, ("acme",))
        and (filters.availability is None or number % 2 == 0)
    )


@pytest.mark.parametrize("share_min", [0.0, 0.5])
@pytest.mark.parametrize("at_hand", [False, True], ids=["asked by their ids", "told by columns at hand"])
async def test_the_nearest_that_pass_are_found_either_way(
    tmp_path: Path, rows: NDArray[np.float32], share_min: float, at_hand: bool
) -> None:
    never, always = BroadRange(10**9, share_min), BroadRange(1, share_min)
    async with filled(tmp_path / "never", rows, never) as asked, filled(tmp_path / "always", rows, always) as checked:
        if at_hand:
            assert len((await checked.columns(ids(*map(str, range(ITEMS))))).places) == ITEMS
        await compare_rankings(asked, checked, rows)


async def compare_rankings(asked: Index, checked: Index, rows: NDArray[np.float32]) -> None:
    for filters in FILTERS:
        passing = set(ids(*(str(n) for n in range(ITEMS) if found_by(n, filters))))
        for query in rows[:5]:
            for limit in (1, 10, 150):
                as_it_is = await asked.search_dense(query, filters, limit)
                assert await checked.search_dense(query, filters, limit) == as_it_is, (filters, limit)
                for least in {each.score for each in as_it_is[:3]}:
                    reaching = [each for each in as_it_is if each.score >= least]
                    assert await checked.search_dense(query, filters, limit, least) == reaching, (filters, limit)
                assert set(point_ids(as_it_is)) <= passing and len(as_it_is) == min(limit, len(passing))
