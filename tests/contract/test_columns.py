"""Columns say of each item what its traits say, on every backend, whatever is written meanwhile."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import Filters
from tests.support.index_backends import BACKENDS, MODEL, content, ids, opened, planned, put
from workers.index.columns import NUMBER_FIELDS, TEXT_FIELDS, is_told, texts_in
from workers.index.conditions import FiltersNow, conditions
from workers.index.edge.bounds import EdgeBounds
from workers.index.edge.index import EdgeIndex
from workers.index.edge.open import open_edge
from workers.index.writes import Patch, Reprice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from workers.index.interface import Index


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as made:
        yield made


async def said(index: Index, points: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the values that the columns have of each point."""
    found = await index.columns(points)
    texts = {field: [each.texts[code] for code in each.codes] for field, each in found.texts.items()}
    return {
        point: {
            **{field: texts[field][place] for field in TEXT_FIELDS},
            **{field: found.numbers[field][place] for field in NUMBER_FIELDS},
        }
        for point, place in found.places.items()
    }


async def said_by_traits(index: Index, points: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {
        point: {
            **{field: texts_in(item, field) for field in TEXT_FIELDS},
            **{field: pytest.approx(getattr(item, field) or math.nan, nan_ok=True) for field in NUMBER_FIELDS},
        }
        for point, item in (await index.traits(points)).items()
    }


async def test_columns_are_those_of_the_values_that_were_last_written(index: Index) -> None:
    a = content("a", brand="Garden", category=["Food", "Cakes"], sellers=["X", "Y"], price=5.0, currency="EUR")
    points = ids("a", "gone")
    await put(index, {**a, "rating": 4.5, "availability": "in_stock"}, 1)
    [values] = (await said(index, points)).values()
    assert values == {
        "brand": ("Garden",),
        "category": ("Food", "Cakes"),
        "sellers": ("X", "Y"),
        "availability": ("in_stock",),
        "currency": ("EUR",),
        "price": 5.0,
        "rating": 4.5,
    }
    await index.write([Patch("a", 1, 2, {"price": 6.0, "version": 2})])
    assert (await said(index, points))[points[0]]["price"] == 6.0
    await index.write([Reprice("a", 2, {"price": 4.0})])
    assert (await said(index, points))[points[0]]["price"] == 4.0
    await put(index, content("a", brand="Other"), 3)
    assert await said(index, points) == await said_by_traits(index, points)
    await put(index, content("a", status="delisted"), 4)
    assert await said(index, points) == await said(index, []) == {}
    await put(index, content("gone"), 5)
    assert list(await said(index, points)) == [points[1]]


async def test_a_value_of_a_wrong_type_is_in_no_column(index: Index) -> None:
    await put(index, content("a"), 1)
    broken = {"price": "cheap", "rating": True, "category": "Food", "brand": 7, "sellers": [1], "currency": 9}
    await index.write([Patch("a", 1, 2, {**broken, "version": 2})])
    assert await said(index, ids("a")) == await said_by_traits(index, ids("a"))
    [values] = (await said(index, ids("a"))).values()
    assert {values[field] for field in TEXT_FIELDS} == {()}


async def test_columns_of_many_points_are_right_whatever_is_written_while_they_are_read(index: Index) -> None:
    many = ids(*map(str, range(300)))
    first = [planned(content(str(n), price=float(n)), 1).write for n in range(300)]
    await index.write([write for write in first if write is not None])
    patches = [Patch(str(n), 1, 2, {"price": n + 0.5, "version": 2}) for n in range(0, 300, 7)]
    _, read = await asyncio.gather(index.write(patches), index.columns(many))
    assert list(read.places) == many
    assert [values["price"] for values in (await said(index, many)).values()] == [
        n + 0.5 if n % 7 == 0 else n for n in range(300)
    ]


FILTERS = [
    Filters(currency="EUR"),
    Filters(availability=("in_stock",)),
    Filters(availability=("in_stock", "preorder")),
    Filters(seller=("X",)),
    Filters(seller=("X", "Z")),
    Filters(min_price=5),
    Filters(max_price=5),
    Filters(min_price=4, max_price=5),
    Filters(min_rating=4),
    FiltersNow(max_price=5, turned=tuple(ids("0", "1", "2")), passing=tuple(ids("2"))),
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
async def test_the_columns_satisfy_a_condition_as_the_index_has_it(index: Index, filters: Filters) -> None:
    values: list[tuple[Any, ...]] = [
        (5.0, "EUR", ["X"], "in_stock", 4.0),
        (9.0, "USD", ["X", "Y"], None, None),
        (6.0, "EUR", ["Z"], "preorder", 5),
    ]
    values += [(None, None, [], "in_stock", 3.9), (4.0, "EUR", ["Y"], "out_of_stock", 4.5)]
    for number, (price, currency, sellers, availability, rating) in enumerate(values):
        item = content(str(number), price=price, currency=currency, sellers=sellers, availability=availability)
        await put(index, {**item, "rating": rating}, 1)
    found = await index.columns(ids(*map(str, range(len(values)))))
    passing = set(found.places)
    for condition in conditions(filters):
        assert is_told(condition)
        satisfying = found.satisfying(condition)
        passing &= {point for point, place in found.places.items() if satisfying[place]}
    assert passing == set(await index.browse(filters, 10, 0))


MANY = [str(number) for number in range(200)]
"""More items than an embedded index reads at once to check a ranking."""


async def write_many(index: Index, version: int = 1) -> None:
    await index.heads(MANY)
    writes = [planned(content(each, price=float(each)), version).write for each in MANY]
    assert await index.write([write for write in writes if write is not None]) == set()


async def test_the_embedded_index_knows_the_columns_of_what_it_wrote_and_of_what_it_scanned(tmp_path: Path) -> None:
    first = open_edge(tmp_path, model=MODEL)
    await write_many(first)
    written = first._columns.at_hand(ids(*MANY))
    await first.close()
    again = open_edge(tmp_path, model=MODEL)
    assert again._columns.at_hand(ids(*MANY)) is None
    assert sum([len(page) async for page in again.scan()]) == len(MANY)
    scanned = again._columns.at_hand(ids(*MANY))
    assert written is not None and scanned is not None
    for known in (written, scanned):
        assert list(known.places) == ids(*MANY)
        assert known.numbers["price"].tolist() == list(map(float, MANY))
    await again.close()


async def test_a_write_that_is_not_carried_out_or_is_followed_by_another_leaves_the_columns_right(index: Index) -> None:
    newest = planned(content("a", price=5.0), 5).write
    late = planned(content("a", price=3.0), 3).write
    assert newest is not None and late is not None
    await index.heads(["a"])
    await index.write([newest, Patch("a", 5, 6, {"price": 6.0, "version": 6})])
    assert (await said(index, ids("a")))[ids("a")[0]]["price"] == 6.0
    await index.write([late])
    assert await said(index, ids("a")) == await said_by_traits(index, ids("a"))
    assert (await said(index, ids("a")))[ids("a")[0]]["price"] == 6.0


@pytest.mark.parametrize("brand", ["Garden", "Other"], ids=["that has the same values", "that has others"])
@pytest.mark.parametrize("meanwhile", [None, 4.0], ids=["at once", "once its price has turned"])
async def test_the_columns_are_right_after_a_new_text(index: Index, brand: str, meanwhile: float | None) -> None:
    await put(index, content("a", "Lamp", brand="Garden", price=5.0), 1)
    stored = (await index.stored(["a"], vectors=True))["a"]
    if meanwhile is not None:
        await index.write([Reprice("a", 1, {"price": meanwhile})])
    assert (await said(index, ids("a")))[ids("a")[0]]["brand"] == ("Garden",)
    made = planned(content("a", "Desk", brand=brand, price=5.0), 2, stored=stored).write
    assert made is not None
    await index.write([made])
    values = await said(index, ids("a"))
    assert values == await said_by_traits(index, ids("a"))
    assert (values[ids("a")[0]]["brand"], values[ids("a")[0]]["price"]) == ((brand,), 5.0)


async def test_the_embedded_index_keeps_the_columns_of_a_new_text_that_has_the_same_values() -> None:
    async with opened("edge") as index:
        assert isinstance(index, EdgeIndex)
        await put(index, content("a", "Lamp", brand="Garden", price=5.0), 1)
        assert index._columns.at_hand(ids("a")) is not None
        stored = (await index.stored(["a"], vectors=True))["a"]
        made = planned(content("a", "Desk", brand="Garden", price=5.0), 2, stored=stored).write
        assert made is not None
        await index.write([made])
        assert index._columns._missing(ids("a")) == []


async def test_the_embedded_index_forgets_all_columns_once_it_knows_too_many(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=MODEL, bounds=EdgeBounds(columns_known=50))
    await write_many(index)
    assert index._columns.at_hand(ids(*MANY)) is None
    for several in (MANY, MANY[:20], MANY[10:]):
        assert (await index.columns(ids(*several))).numbers["price"].tolist() == list(map(float, several))
    await index.close()
