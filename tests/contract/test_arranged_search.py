"""Sorted, grouped and counted searches, over every backend."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest

from schemas.errors import RefusedRequest
from schemas.queries import SearchRequest
from tests.support.index_backends import BACKENDS, MODEL, content, opened, put, put_new, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.index.writes import Patch
from workers.search.browsing import listing
from workers.search.browsing.listing import BrowseBounds
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from schemas.refinements import Refinement
    from workers.index.interface import Index
    from workers.search.searcher import Results

NOW_MS = 1_000
SALE: dict[str, Any] = {"sale_price": 5.0, "sale_starts_at_ms": 900, "sale_ends_at_ms": 2_000}
ALL_FACETS = ("brand", "category", "seller", "availability", "price", "rating", "attributes.color")
OWN = {"price": {"min_price", "max_price"}, "rating": {"min_rating"}, "attributes.color": {"attribute"}}
ASKED: tuple[dict[str, Any], ...] = ({"q": "cake"}, {"currency": "EUR"})
"""A query, and a filter that all items pass."""


def offer(seller: str, price: float, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    no_sale = {"sale_price": None, "sale_starts_at_ms": None, "sale_ends_at_ms": None}
    return {
        "seller": seller,
        "price": price,
        "currency": currency,
        "promotion": {},
        "updated_at_ms": 1,
        **no_sale,
        **more,
    }


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


async def fill(index: Index) -> None:
    """Twelve cakes of three brands in a tree of categories, at prices from 1 to 12, four of them in two groups."""
    cakes = []
    for number in range(12):
        price = float(number + 1)
        sellers = ["A", "B"][: 1 + number % 2]
        cake = content(
            f"p{number:02}",
            f"cake {number}",
            brand=("Acme", "ACME", "Garden", "Other")[number % 4],
            category=["Food", ("Cakes", "Bread")[number % 2]],
            sellers=sellers,
            offers=[offer(seller, price) for seller in sellers],
            price=price,
            currency="EUR",
            availability=("in_stock", "out_of_stock", None)[number % 3],
            attributes={"color": ("red", "blue")[number % 2], "sold": number},
            item_group_id="g1" if number in (3, 4) else "g2" if number in (7, 8) else None,
            updated_at_ms={"product": 100 + number % 5, "price": None, "reviews": None},
        )
        rated = {**cake, "rating": (None, 5.0, 4.0, 3.5)[number % 4], "review_count": number}
        cakes.append((cast("Any", rated), vector(1, number / 100)))
    await put_new(index, cakes)


async def ask(
    index: Index, now_ms: int = NOW_MS, *, browse_bounds: BrowseBounds = listing.BOUNDS, **asked: Any
) -> Results:
    loaded = LoadedModel(at_once(lambda _: vector(1)), [MODEL])
    searcher = Searcher(OneIndex(index), loaded, Shop(None, ("en",)), browse_bounds=browse_bounds)
    return await searcher.search(SearchRequest(**asked), now_ms)


def names(results: Results) -> list[str]:
    return [hit.product_id for hit in results.hits]


def each(found: list[Refinement]) -> Iterator[Refinement]:
    for one in found:
        yield one
        yield from each(one.children)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("group", [False, True])
async def test_a_count_is_the_total_of_the_search_that_it_leads_to(
    index: Index, asked: dict[str, Any], group: bool
) -> None:
    await fill(index)
    await put(index, content("gone", "cake", brand="Acme", price=3.0, status="delisted"), 2)
    several: tuple[dict[str, Any], ...] = (
        {},
        {"brand": "acme"},
        {"min_price": 3, "max_price": 9, "min_rating": 4.0},
        {"seller": "B"},
        {"brand": ["Acme", "Other"], "availability": ["in_stock", "out_of_stock"]},
        {"attribute": ["color:Blue", "color:green"], "category": ["cakes", "bread"]},
    )
    for filters in several:
        base = asked | filters
        results = await ask(index, **base, group=group, facets=list(ALL_FACETS))
        assert list(results.facets) == list(ALL_FACETS) and results.facets_are_exact
        for name in ALL_FACETS:
            assert results.facets[name], (name, filters)
            for one in each(results.facets[name]):
                own = OWN.get(name, {name})
                led = {key: value for key, value in base.items() if key not in own} | one.filters
                assert one.count == (await ask(index, **led, group=group, limit=1)).total, (filters, name, one)


async def test_several_values_of_a_filter_are_alternatives_and_several_attributes_are_not(index: Index) -> None:
    await fill(index)
    one = [(await ask(index, q="cake", brand=brand, limit=20)).total for brand in ("acme", "garden")]
    assert (await ask(index, q="cake", brand=["Garden", "ACME", "none"], limit=20)).total == sum(one) == 9
    found = await ask(index, q="cake", attribute=["color:red", "color:blue", "size:M"], facets="attributes.color")
    assert found.total == 0
    blue = await ask(index, q="cake", attribute="color:BLUE", facets="attributes.color,brand")
    assert {each.value: each.count for each in blue.facets["attributes.color"]} == {"red": 6, "blue": 6}
    assert sum(each.count for each in blue.facets["brand"]) == blue.total == 6


async def test_its_own_filter_does_not_narrow_a_facet_and_the_others_do(index: Index) -> None:
    await fill(index)
    results = await ask(index, q="cake", brand="Garden", availability="in_stock", facets="brand,availability,category")
    assert {one.value: one.count for one in results.facets["brand"]} == {"ACME": 2, "Garden": 1, "Other": 1}
    assert {one.value: one.count for one in results.facets["availability"]} == {"in_stock": 1, "out_of_stock": 1}
    assert sum(one.count for one in results.facets["category"]) == results.total == 1


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("price_asc", "p00", "p11"),
        ("price_desc", "p11", "p00"),
        ("rating", "p09", None),
        ("newest", None, None),
        ("attributes.sold", "p11", "p00"),
    ],
)
async def test_every_page_of_an_order_goes_on_where_the_one_before_ended(
    index: Index, asked: dict[str, Any], sort: str, first: str | None, last: str | None
) -> None:
    await fill(index)
    await put(index, content("none", "none, cake", currency="EUR", updated_at_ms={"product": None}), 1)
    whole = names(await ask(index, **asked, sort=sort, limit=100))
    assert len(whole) == 13 and whole[-1] == "none"
    assert first in (None, whole[0]) and last in (None, whole[-2])
    pages = [await ask(index, **asked, sort=sort, limit=5, offset=offset) for offset in (0, 5, 10, 15)]
    assert [name for page in pages for name in names(page)] == whole
    assert [(page.total, len(page.hits)) for page in pages] == [(13, 5), (13, 5), (13, 3), (13, 0)]


async def test_both_backends_order_equal_items_alike(index: Index) -> None:
    for number in range(9):
        await put(index, content(f"p{number}", "cake", price=1.0, currency="EUR"), 1, dense=vector(1))
    relevant = names(await ask(index, q="cake", limit=9))
    for sort in ("price_asc", "price_desc", "rating", "newest"):
        assert names(await ask(index, q="cake", sort=sort, limit=9)) == relevant


@pytest.mark.parametrize("asked", ASKED)
async def test_of_each_group_the_best_item_is_shown_with_its_variants(index: Index, asked: dict[str, Any]) -> None:
    await fill(index)
    results = await ask(index, **asked, sort="price_desc", group=True, limit=100)
    assert (results.total, len(results.hits)) == (10, 10)
    shown = {hit.product_id: hit.variants for hit in results.hits}
    assert "p03" not in shown and "p07" not in shown and shown["p00"] is None
    assert shown["p04"] is not None and (shown["p04"].count, shown["p04"].product_ids) == (2, ["p04", "p03"])
    cheapest = await ask(index, **asked, sort="price_asc", group=True, limit=100)
    assert "p03" in names(cheapest) and "p04" not in names(cheapest)


async def test_a_sale_that_has_just_begun_counts_for_filter_order_and_range_as_it_is_shown(index: Index) -> None:
    """The sale lane has not repriced it yet."""
    await fill(index)
    sale = {"price": 50.0, "currency": "EUR", "price_changes_at_ms": 900, "offers": [offer("A", 50.0, **SALE)]}
    await put(index, content("sale", "cake on sale", **sale), 1, dense=vector(1))
    for asked in ASKED:
        before = await ask(index, 899, **asked, max_price=5, limit=100)
        assert "sale" not in names(before)
        assert names(await ask(index, 899, **asked, sort="price_desc"))[0] == "sale"
        now = await ask(index, **asked, max_price=5, sort="price_desc", facets="price", limit=100)
        assert names(now)[:2] == ["p04", "sale"] or names(now)[:2] == ["sale", "p04"]
        assert (now.hits[0].price, now.hits[1].price, now.total) == (5.0, 5.0, 6)
        assert "sale" not in names(await ask(index, **asked, min_price=6, limit=100))
        assert all(float(bound) <= 12 for one in now.facets["price"] for bound in one.filters.values())
        assert sum(one.count for one in now.facets["price"]) == 13
    shown = next(hit for hit in now.hits if hit.product_id == "sale")
    assert (shown.regular_price, shown.discount_percent, shown.offers[0].discount_percent) == (50.0, 90, 90)


async def test_a_point_that_no_answer_can_show_costs_the_others_nothing(index: Index) -> None:
    await fill(index)
    await put(index, content("bad", "cake", price=3.0, price_changes_at_ms=1), 1, dense=vector(1))
    await index.write([Patch("bad", 1, 2, {"offers": [{"seller": "A"}], "price": "low", "version": 2})])
    results = await ask(index, q="cake", max_price=5, sort="price_asc", group=True, facets=list(ALL_FACETS))
    assert "bad" not in names(results) and len(results.hits) >= 4


@pytest.mark.parametrize("asked", [{"sort": "price_asc"}, {"sort": "price_desc"}, {"facets": ["price"]}])
async def test_prices_of_several_currencies_are_not_compared(index: Index, asked: dict[str, Any]) -> None:
    await put(index, content("eur", "cake", price=5.0, currency="EUR"), 1, dense=vector(1))
    await put(index, content("usd", "cake", price=4.0, currency="USD"), 1, dense=vector(1))
    with pytest.raises(RefusedRequest, match="name a currency") as refused:
        await ask(index, q="cake", **asked)
    assert refused.value.field in asked
    assert names(await ask(index, q="cake", currency="EUR", **asked)) == ["eur"]
    assert len(names(await ask(index, q="cake", sort="rating", facets="brand"))) == 2


async def test_more_items_than_can_be_arranged_without_a_query_are_refused(index: Index) -> None:
    await fill(index)
    few = BrowseBounds(items_max=11)
    for field, asked in (("sort", {"sort": "newest"}), ("group", {"group": True}), ("facets", {"facets": "brand"})):
        with pytest.raises(RefusedRequest, match="more than 11 items") as refused:
            await ask(index, currency="EUR", browse_bounds=few, **asked)
        assert refused.value.field == field
        garden: dict[str, Any] = {"brand": "Garden", **asked, "facets": []}
        assert (await ask(index, currency="EUR", browse_bounds=few, **garden)).total == 3
        assert (await ask(index, q="cake", browse_bounds=few, **asked)).total > 0
    for sort in ("price_asc", "price_desc", "rating"):  # The index has their order, however many items there are.
        assert (await ask(index, currency="EUR", browse_bounds=few, sort=sort)).total == 12


async def test_nothing_is_found_and_nothing_is_counted(index: Index) -> None:
    results = await ask(index, q="cake", sort="price_asc", group=True, facets=list(ALL_FACETS))
    assert (results.hits, results.total, results.facets) == ([], 0, {name: [] for name in ALL_FACETS})


async def fill_unevenly(index: Index) -> None:
    """Forty items: many of one price or rating, some without, one with a price that no release writes."""
    chosen, cakes = Random(7), []
    for number in range(40):
        price = chosen.choice([None, 1.0, 1.0, 2.5, 2.5, 2.5, 9.99, float(number)])
        rated = {"rating": chosen.choice([None, 5.0, 5.0, 4.5, 1.0]), "review_count": chosen.randrange(4)}
        plain = content(
            f"p{number:02}",
            "cake",
            price=price,
            currency="EUR",
            brand=("Acme", "ACME", "Garden")[number % 3],
            item_group_id=f"g{number // 5}" if number % 2 else None,
            availability=("in_stock", "out_of_stock")[number % 2],
            updated_at_ms={"product": chosen.randrange(5), "price": None, "reviews": None},
        )
        cakes.append((cast("Any", {**plain, **rated}), None))
    await put_new(index, cakes)
    await index.write([Patch("p07", 1, 2, {"price": "low", "version": 2})])


async def pages(index: Index, **asked: Any) -> list[str]:
    """Return the items of all pages, each with its total."""
    found = [await ask(index, **asked, limit=7, offset=offset) for offset in range(0, 49, 7)]
    return [f"{name} of {page.total}" for page in found for name in names(page)]


async def test_the_order_of_the_index_is_that_of_all_items_read_one_by_one(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One catalogue for all orders: deleted points stay in the statistics of words that Qdrant Edge has.
    await fill_unevenly(index)
    several: tuple[dict[str, Any], ...] = ({}, {"availability": "in_stock"}, {"max_price": 9.99, "min_rating": 1.0})
    for filters in several:
        for sort in ("price_asc", "price_desc", "rating"):
            asked = {"currency": "EUR", **filters, "sort": sort}
            with monkeypatch.context() as patched:
                patched.setattr(listing, "is_indexed", lambda *_: False)
                whole = await ask(index, **asked, limit=100)
            wanted = [f"{name} of {whole.total}" for name in names(whole)]
            assert len(wanted) == whole.total >= 15
            assert await pages(index, **asked) == wanted, asked
            assert await pages(index, browse_bounds=BrowseBounds(equal_max=2), **asked) == wanted, asked


@pytest.mark.parametrize("backend", BACKENDS)
async def test_items_that_are_read_in_many_parts_are_arranged_as_those_of_one(backend: str) -> None:
    async with opened(backend) as index, opened(backend, browsed_points=7) as in_parts:
        for each in (index, in_parts):
            await fill_unevenly(each)
        await compare_arrangements(index, in_parts)


async def compare_arrangements(index: Index, in_parts: Index) -> None:
    facets = "brand,availability,price,rating"
    for sort, group in product(("relevance", "price_asc", "rating", "newest"), (False, True)):
        asked: dict[str, Any] = {"currency": "EUR", "brand": "acme", "sort": sort, "facets": facets, "group": group}
        whole = await ask(index, **asked, limit=100)
        parts = [await ask(in_parts, **asked, limit=8, offset=offset) for offset in range(0, 32, 8)]
        assert [hit for part in parts for hit in part.hits] == whole.hits and len(whole.hits) == whole.total > 8
        assert all((part.total, part.facets) == (whole.total, whole.facets) for part in parts)
        assert sum(one.count for one in whole.facets["brand"]) > whole.total
