"""The nearest points with a filter are the same, whether it is asked as it is or checked on the nearest of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from schemas.queries import Filters
from tests.support.index_backends import content, ids, opened, planned, point_ids
from workers.index.edge import nearest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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


@pytest.fixture
async def index(rows: NDArray[np.float32]) -> AsyncIterator[Index]:
    async with opened("edge") as edge:
        items = [
            content(str(n), price=float(n), currency="EUR", brand="Acme", availability=("in_stock", None)[n % 2])
            for n in range(ITEMS)
        ]
        plans = [planned(item, 1, dense=rows[n]) for n, item in enumerate(items)]
        assert await edge.write([each.write for each in plans if each.write is not None]) == set()
        yield edge


def found_by(number: int, filters: Filters) -> bool:
    least, most = filters.min_price or 0.0, ITEMS if filters.max_price is None else filters.max_price
    return (
        least <= number <= most
        and filters.brand in (None, ("acme",))
        and (filters.availability is None or number % 2 == 0)
    )


@pytest.mark.parametrize("share_min", [0.0, 0.5])
async def test_the_nearest_that_pass_are_found_either_way(
    index: Index, rows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch, share_min: float
) -> None:
    monkeypatch.setattr(nearest, "BROAD_SHARE_MIN", share_min)
    for filters in FILTERS:
        passing = set(ids(*(str(n) for n in range(ITEMS) if found_by(n, filters))))
        for query in rows[:5]:
            for limit in (1, 10, 150):
                monkeypatch.setattr(nearest, "BROAD_POINTS_MIN", 10**9)
                as_it_is = await index.search_dense(query, filters, limit)
                monkeypatch.setattr(nearest, "BROAD_POINTS_MIN", 1)
                assert await index.search_dense(query, filters, limit) == as_it_is, (filters, limit)
                assert set(point_ids(as_it_is)) <= passing and len(as_it_is) == min(limit, len(passing))
