"""Searches under the rules of a shop, over every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.points import point_id
from schemas.queries import Filters, SearchRequest
from schemas.rules import Target
from tests.support.index_backends import BACKENDS, MODEL, content, ids, opened, put, put_new, vector
from tests.support.queries import LoadedModel, OneIndex, at_once, explained_as_typed
from workers.merchandising.rule_records import read_rule
from workers.merchandising.rules import Rules, is_about
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index
    from workers.search.searcher import Results

NOW_MS = 1_790_000_000_000
ASKED: tuple[dict[str, Any], ...] = ({"q": "cake"}, {"currency": "EUR"})


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


async def fill(index: Index) -> None:
    """Eight cakes, and a lamp that no query for cakes finds."""
    cakes = []
    for number in range(8):
        cake = content(
            f"p{number}",
            "cake " + "and more " * number,
            brand=("Acme", "Garden")[number % 2],
            category=["Food", "Cakes"],
            price=float(number),
            currency="EUR",
            sellers=["A", "B"][: 1 + number % 2],
            availability=("in_stock", "out_of_stock")[number % 2],
            rating=(None, 4.0)[number % 2],
            item_group_id="g" if number in (2, 5) else None,
        )
        cakes.append((cake, vector(1, number / 10)))
    lamp = content("lamp", "brass lamp", brand="Acme", price=9.0, currency="EUR", availability="in_stock")
    await put_new(index, [*cakes, (lamp, vector(0, 0, 1))])


def searcher(index: Index, *rules: dict[str, Any]) -> Searcher:
    loaded = LoadedModel(at_once(lambda _: vector(1)), [MODEL])
    in_force = Rules()
    for number, said in enumerate(rules):
        in_force.put(read_rule(orjson.dumps({"id": f"r{number}", **said})))
    return Searcher(OneIndex(index), loaded, Shop("EUR", ("en",)), rules=in_force)


async def ask(index: Index, *rules: dict[str, Any], **asked: Any) -> Results:
    request = SearchRequest(**{"limit": 50, **asked})
    return await searcher(index, *rules).search(request, NOW_MS)


def names(results: Results) -> list[str]:
    return [hit.product_id for hit in results.hits]


def pin(product_id: str, position: int = 1, **more: Any) -> dict[str, Any]:
    return {"pin": {"product_id": product_id, "position": position}, **more}


@pytest.mark.parametrize("asked", ASKED)
async def test_a_pinned_product_is_at_its_position_on_every_page(index: Index, asked: dict[str, Any]) -> None:
    await fill(index)
    plain = names(await ask(index, **asked))
    moved = plain[5]
    whole = await ask(index, pin(moved, 2), **asked)
    others = [name for name in plain if name != moved]
    assert names(whole) == [others[0], moved, *others[1:]]
    assert [hit.pinned for hit in whole.hits[:3]] == [None, "r0", None]
    pages = [names(await ask(index, pin(moved, 2), **asked, limit=3, offset=offset)) for offset in (0, 3, 6, 9)]
    assert [name for page in pages for name in page] == names(whole)


async def test_a_product_that_the_query_does_not_find_is_pinned_all_the_same(index: Index) -> None:
    await fill(index)
    results = await ask(index, pin("lamp", 3, query="cakes"), q="cake")
    assert (names(results)[2], results.total) == ("lamp", 9)
    assert "lamp" not in names(await ask(index, pin("lamp", 3, query="cakes"), q="cake plate"))
    counted = await ask(index, pin("lamp", 3), q="cake", facets=["brand"])
    assert names(counted) == names(results) and counted.total == 9
    assert {one.value: one.count for one in counted.facets["brand"]} == {"Acme": 5, "Garden": 4}


@pytest.mark.parametrize("asked", ASKED)
async def test_a_pin_shows_nothing_that_is_hidden_or_fails_a_filter(index: Index, asked: dict[str, Any]) -> None:
    await fill(index)
    await put(index, content("gone", "cake", status="delisted", currency="EUR"), 2)
    plain = await ask(index, **asked)
    for product_id in ("gone", "never", "p"):
        found = await ask(index, pin(product_id), **asked)
        assert (names(found), found.total) == (names(plain), plain.total)
    for filters in ({"brand": "garden"}, {"max_price": 8}, {"availability": "out_of_stock"}, {"min_rating": 4}):
        assert names(await ask(index, pin("lamp"), **asked, **filters)) == names(await ask(index, **asked, **filters))
    await put(index, content("lamp", "brass lamp", status="delisted"), 2)
    assert names(await ask(index, pin("lamp"), **asked)) == [name for name in names(plain) if name != "lamp"]


async def test_an_exact_match_goes_before_a_pin_and_an_order_knows_no_rules(index: Index) -> None:
    await fill(index)
    assert names(await ask(index, pin("p5"), q="p3"))[:2] == ["p3", "p5"]
    sorted_by_price = names(await ask(index, q="cake", sort="price_desc"))
    bury = {"bury": {"brand": "Garden"}}
    assert names(await ask(index, pin("lamp"), bury, q="cake", sort="price_desc")) == sorted_by_price


async def test_a_pinned_variant_is_the_one_that_its_group_shows(index: Index) -> None:
    await fill(index)
    results = await ask(index, pin("p5", 1), q="cake", group=True)
    assert names(results)[0] == "p5" and "p2" not in names(results)
    assert results.hits[0].variants is not None and results.hits[0].variants.product_ids == ["p5", "p2"]


@pytest.mark.parametrize("asked", ASKED)
async def test_buried_items_come_behind_the_others_and_boosted_ones_move_up(
    index: Index, asked: dict[str, Any]
) -> None:
    await fill(index)
    plain = names(await ask(index, **asked))
    buried = names(await ask(index, {"bury": {"brand": "Acme"}}, **asked))
    acme = [name for name in plain if name == "lamp" or int(name[1:]) % 2 == 0]
    assert buried == [name for name in plain if name not in acme] + acme
    boosted = names(await ask(index, {"boost": {"items": {"availability": "out_of_stock"}, "by": 50}}, **asked))
    out = [name for name in plain if name not in acme]
    assert boosted == out + acme
    lowered = names(await ask(index, {"boost": {"items": {"brand": "acme"}, "by": 0.01}}, **asked))
    assert lowered == boosted
    pages = [names(await ask(index, {"bury": {"brand": "Acme"}}, **asked, limit=4, offset=at)) for at in (0, 4, 8)]
    assert [name for page in pages for name in page] == buried


@pytest.mark.parametrize("asked", ASKED)
async def test_a_search_without_rules_shows_what_they_do(index: Index, asked: dict[str, Any]) -> None:
    await fill(index)
    rules = (pin("lamp", 2), {"bury": {"brand": "Garden"}})
    plain, ruled = await ask(index, **asked), await ask(index, *rules, **asked)
    assert names(ruled) != names(plain) == names(await ask(index, *rules, **asked, ranking="unruled"))
    with pytest.raises(ValueError, match="compare: a pin has one place"):
        SearchRequest(**asked, compare="unruled")


async def test_an_explanation_names_the_rules_that_moved_a_hit(index: Index) -> None:
    await fill(index)
    rules: list[dict[str, Any]] = [
        pin("p7"), {"bury": {"product_id": "p0"}}, {"boost": {"items": {"brand": "Garden"}, "by": 2}},
    ]  # fmt: skip
    hits = {hit.product_id: hit for hit in (await ask(index, *rules, q="cake", explain=True)).hits}
    said = {
        name: [(each.id, each.action, each.factor) for each in hit.explanation.rules]
        for name, hit in hits.items()
        if hit.explanation is not None
    }
    assert said["p7"] == [("r0", "pin", 1.0), ("r2", "boost", 1.0)]
    assert said["p0"] == [("r1", "bury", 1.0), ("r2", "boost", 0.5)]
    for rank, name in enumerate(hits, start=1):
        found = await explained_as_typed(searcher(index, *rules), index, "cake", name, NOW_MS)
        assert found.answered.rank == rank
        assert [(each.id, each.action, each.factor) for each in found.rules] == said[name]
    why = (await explained_as_typed(searcher(index, *rules), index, "cake", "p7", NOW_MS)).why
    assert why[:3] == [
        "It is number 1 of 8 that the query finds.",
        "By relevance alone it would be number 8.",
        "The rule r0 pins it where it is.",
    ]
    found = await explained_as_typed(searcher(index, pin("lamp")), index, "cake", "lamp", NOW_MS)
    assert found.fused.rank is None and found.answered.rank == 1 and "None" not in " ".join(found.why)


@pytest.mark.parametrize(
    "said",
    [
        {"brand": "ACME"}, {"category": "cakes"}, {"category": "FOOD"}, {"seller": "B"}, {"seller": "b"},
        {"availability": "in_stock"}, {"currency": "EUR"}, {"currency": "USD"}, {"min_rating": 4.0},
        {"min_price": 2, "max_price": 5, "currency": "EUR"}, {"min_price": 2.5, "currency": "EUR"},
    ],
)  # fmt: skip
async def test_a_rule_is_about_the_items_that_the_filter_of_a_search_lets_pass(
    index: Index, said: dict[str, Any]
) -> None:
    await fill(index)
    await put(index, content("bare", "cake"), 1)
    passing = set(await index.browse(Filters(**said), 50, 0))
    traits = await index.traits(ids(*(f"p{number}" for number in range(8)), "lamp", "bare"))
    assert {point for point, item in traits.items() if is_about(Target(**said), item)} == passing
    assert point_id("bare") not in passing
