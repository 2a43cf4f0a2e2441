"""The sets that a search counts are those that each of its filters would find, however far the rankings go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from schemas.queries import Filters, SearchRequest
from workers.index.columns import columns_of
from workers.index.conditions import conditions
from workers.index.interface import Found
from workers.index.traits import Traits, traits_of
from workers.search.facets.drill_down import ALL_FILTERS, filters_to_count, found_sets, retrieved_sets
from workers.search.facets.found_items import FoundItems
from workers.search.retrieval.fusion import HEAD_POINTS
from workers.search.retrieval.retrievers import Retrieval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.index.columns import Columns
    from workers.index.interface import Index

COUNTED_POINTS = 1_000


class Shop:
    """An index of lamps with different scores, every third in stock, that notes the filters it is asked with."""

    is_remote = False

    def __init__(self, items: int) -> None:
        self.traits = {f"{number:04}": lamp(number) for number in range(items)}
        self.asked: list[Filters] = []

    def passing(self, filters: Filters) -> list[str]:
        return [
            point
            for point, item in self.traits.items()
            if all(condition.holds(item.__getattribute__, point) for condition in conditions(filters))
        ]

    async def search_terms(
        self, _: object, filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        self.asked.append(filters)
        ranked = [Found(point, 10.0 - int(point) / 1_000) for point in self.passing(filters)]
        return [each for each in ranked if score_min is None or each.score >= score_min][:limit]

    async def columns(self, points: Sequence[str]) -> Columns:
        return columns_of({point: self.traits[point] for point in points})

    async def find_exact(self, *_: object) -> list[str]:
        return []

    async def has_brand(self, _: str) -> bool:
        return False

    async def best_by_terms(self, _: object) -> float:
        return 10.0


def lamp(number: int) -> Traits:
    traits = traits_of(
        {
            "status": "visible",
            "product_id": f"{number:04}",
            "price": float(number),
            "availability": "in_stock" if number % 3 == 0 else "out_of_stock",
        }
    )
    assert traits is not None
    return traits


async def counted(shop: Shop, request: SearchRequest) -> dict[str, list[str]]:
    retrieval = Retrieval(cast("Index", shop), "lamp", {"lamp": 1.0}, None)
    several = filters_to_count(request, {})
    sets = await found_sets(retrieval.asked, await retrieved_sets(retrieval, several, COUNTED_POINTS, 0), [])
    assert all(each.is_exact for each in sets.counted.values())
    items, points = FoundItems(columns_of(shop.traits), shop.traits), list(shop.traits)
    return {
        name: sorted(points[place] for place in items.places_in(each).tolist()) for name, each in sets.counted.items()
    }


@pytest.mark.parametrize("items", [HEAD_POINTS - 50, COUNTED_POINTS - 100, COUNTED_POINTS + 100])
def test_each_set_is_what_its_own_filters_find(items: int) -> None:
    shop = Shop(items)
    request = SearchRequest(q="lamp", max_price=900, availability="in_stock", facets=["price", "availability", "brand"])
    found = asyncio.run(counted(shop, request))
    assert found == {
        ALL_FILTERS: shop.passing(request.filters),
        "price": shop.passing(Filters(availability=("in_stock",))),
        "availability": shop.passing(Filters(max_price=900)),
    }


def test_results_that_end_within_the_counted_points_are_read_once_for_all_counts() -> None:
    shop = Shop(HEAD_POINTS - 50)
    request = SearchRequest(q="lamp", max_price=100, availability="in_stock", facets=["price", "availability"])
    asyncio.run(counted(shop, request))
    assert shop.asked == [request.filters, Filters()]


@pytest.mark.parametrize(("items", "questions"), [(COUNTED_POINTS - 100, 3), (COUNTED_POINTS + 100, 6)])
def test_what_goes_on_beyond_a_head_is_asked_once_where_all_results_are_read(items: int, questions: int) -> None:
    shop = Shop(items)
    request = SearchRequest(q="lamp", max_price=850, availability="in_stock", facets=["price"])
    found = asyncio.run(counted(shop, request))
    in_stock = shop.passing(Filters(availability=("in_stock",)))
    assert found == {ALL_FILTERS: shop.passing(request.filters), "price": in_stock}
    assert len(shop.asked) == questions
