"""Searches by the prices of one seller, or in a currency that an item's own price is not in, over every backend."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest

from schemas.errors import RefusedRequest
from schemas.queries import SearchRequest
from schemas.recommendations import SimilarRequest
from tests.support.contents import offer
from tests.support.index_backends import BACKENDS, MODEL, content, ids, opened, point_ids, put_new, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.index.writes import Patch
from workers.merchandising.rule_records import read_rule
from workers.merchandising.rules import Rules
from workers.recommend.recommender import Recommender
from workers.search.browsing.sellers_order import sellers_page
from workers.search.explain import explain
from workers.search.hits import Shop
from workers.search.searcher import Searcher
from workers.search.understood import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.points import Content
    from workers.index.interface import Index
    from workers.search.prices.offer_prices import OfferPrices
    from workers.search.searcher import Results

NOW_MS = 1_000
SALE: dict[str, Any] = {"sale_price": 6.0, "sale_starts_at_ms": 1_000, "sale_ends_at_ms": 2_000}
ASKED: tuple[dict[str, Any], ...] = ({"q": "cake"}, {})
"""A query, and filters alone."""


def cake(number: int, *offers: dict[str, Any], turns_at_ms: int | None = None) -> tuple[Content, Any]:
    """Return a cake whose own price is the lowest in euros before any sale."""
    euros = [each["price"] for each in offers if each["currency"] == "EUR"]
    sellers = [each["seller"] for each in offers]
    wanted = content(
        f"c{number}",
        f"cake {number}",
        brand=("Acme", "Garden")[number % 2],
        offers=list(offers),
        sellers=sellers,
        price=min(euros, default=None),
        currency="EUR" if euros else None,
        price_changes_at_ms=turns_at_ms,
    )
    return wanted, vector(1, number / 10)


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        await put_new(
            opened_index,
            [
                cake(0, offer("shop", 10.0), offer("B", 12.0, "USD")),
                cake(1, offer("shop", 8.0), offer("B", 9.0)),
                cake(2, offer("shop", 9.0), offer("B", 20.0, **SALE), turns_at_ms=1_000),
                cake(3, offer("shop", 5.0), offer("C", 7.0, "USD")),
                cake(4, offer("shop", 11.0)),
                cake(5, offer("B", 30.0), offer("C", 31.0, "USD")),
            ],
        )
        yield opened_index


async def ask(index: Index, now_ms: int = NOW_MS, shop_currency: str | None = None, **asked: Any) -> Results:
    return await searcher(index, shop_currency).search(SearchRequest(**asked), now_ms)


def searcher(index: Index, shop_currency: str | None = None, rules: Rules | None = None) -> Searcher:
    loaded = LoadedModel(at_once(lambda _: vector(1)), [MODEL])
    return Searcher(OneIndex(index), loaded, Shop(shop_currency, ("en",)), rules=rules)


def shown(results: Results) -> dict[str, tuple[float | None, str | None]]:
    return {hit.product_id: (hit.price, hit.currency) for hit in results.hits}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("shop_currency", [None, "EUR"])
async def test_a_currency_finds_shows_and_orders_by_the_lowest_offer_in_it(
    index: Index, asked: dict[str, Any], shop_currency: str | None
) -> None:
    several = await ask(index, shop_currency=shop_currency, **asked, currency="USD")
    prices = {"c0": (12.0, "USD"), "c3": (7.0, "USD"), "c5": (31.0, "USD")}
    assert (shown(several), several.total, several.total_is_exact) == (prices, 3, True)
    for sort, order in (("price_asc", ["c3", "c0", "c5"]), ("price_desc", ["c5", "c0", "c3"])):
        ordered = await ask(index, shop_currency=shop_currency, **asked, currency="USD", sort=sort)
        assert list(shown(ordered)) == order
    bounded = await ask(index, shop_currency=shop_currency, **asked, currency="USD", min_price=8, max_price=12)
    assert (list(shown(bounded)), bounded.total) == (["c0"], 1)


@pytest.mark.parametrize("asked", ASKED)
async def test_a_price_of_one_seller_is_that_sellers(index: Index, asked: dict[str, Any]) -> None:
    found = await ask(index, **asked, seller="B", currency="EUR", max_price=9)
    assert shown(found) == {"c1": (9.0, "EUR"), "c2": (6.0, "EUR")} and found.total == 2
    sold = await ask(index, **asked, seller="B", currency="EUR", min_price=9)
    assert shown(sold) == {"c1": (9.0, "EUR"), "c5": (30.0, "EUR")}
    ordered = await ask(index, **asked, seller="B", currency="EUR", sort="price_desc")
    assert list(shown(ordered).items()) == [("c5", (30.0, "EUR")), ("c1", (9.0, "EUR")), ("c2", (6.0, "EUR"))]
    assert shown(await ask(index, **asked, seller="B", currency="USD")) == {"c0": (12.0, "USD")}
    either = await ask(index, **asked, seller=["B", "C"], currency="USD", sort="price_asc")
    assert list(shown(either).items()) == [("c3", (7.0, "USD")), ("c0", (12.0, "USD")), ("c5", (31.0, "USD"))]


@pytest.mark.parametrize("asked", ASKED)
async def test_the_price_of_a_seller_is_that_of_the_moment(index: Index, asked: dict[str, Any]) -> None:
    bounds: dict[str, Any] = {"seller": "B", "currency": "EUR", "max_price": 6}
    assert shown(await ask(index, 999, **asked, **bounds)) == {}
    on_sale = await ask(index, 1_000, **asked, **bounds)
    [hit] = on_sale.hits
    assert (hit.product_id, hit.price, hit.regular_price, hit.discount_percent) == ("c2", 6.0, 20.0, 70)
    assert shown(await ask(index, 2_000, **asked, **bounds)) == {}


@pytest.mark.parametrize("first_points", [4, 256])
async def test_the_cheapest_of_a_seller_first_are_as_if_all_were_read(index: Index, first_points: int) -> None:
    rng = Random(7)
    sold = [[offer("shop", 20.0 + rng.randrange(8)), offer("B", 28.0 + rng.randrange(30))] for _ in range(40)]
    await put_new(index, [cake(number, *offers) for number, offers in enumerate(sold, start=100)])
    by_page = []
    for offset in (0, 7, 30, 41):
        request = SearchRequest(seller="B", sort="price_asc", limit=5, offset=offset)
        # A count of all items by brand reads each of them.
        whole = await ask(index, NOW_MS - 1, "EUR", **request.model_dump(exclude={"facets"}), facets="brand")
        page = await ask(index, NOW_MS - 1, "EUR", **request.model_dump())
        assert shown(page) == shown(whole) and page.total == whole.total == 44
        offers, *_ = await searcher(index, "EUR").priced(index, request, NOW_MS - 1)
        listing = await sellers_page(cast("OfferPrices", offers), request, request.filters, first_points)
        by_page.append(None if listing is None else len(listing.groups))
        assert listing is None or list(point_ids(group.best for group in listing.groups)) == ids(*shown(whole))
    assert by_page == [5, 5, 5, None]  # The last page shows an item without such a price.


async def test_while_a_sale_has_turned_the_order_of_the_index_is_none_of_a_seller(index: Index) -> None:
    ordered = await ask(index, seller="B", sort="price_asc", shop_currency="EUR")
    assert list(shown(ordered)) == ["c2", "c1", "c5", "c0"]


async def test_a_price_that_was_compared_before_is_the_new_one_once_it_is_written(index: Index) -> None:
    asked: dict[str, Any] = {"q": "cake", "seller": "B", "max_price": 9, "shop_currency": "EUR"}
    assert list(shown(await ask(index, **asked))) == ["c1", "c2"]
    offers = [offer("B", 9.5), offer("shop", 8.0)]
    await index.write([Patch("c1", 1, 2, {"offers": offers, "version": 2})])
    assert list(shown(await ask(index, **asked))) == ["c2"]


@pytest.mark.parametrize("more", [{}, {"sort": "price_asc"}, {"max_price": 9}, {"seller": "B", "max_price": 9}])
async def test_a_search_asks_for_the_currencies_once_at_most(
    index: Index, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    asked: list[None] = []
    currencies = index.currencies

    async def counted() -> list[str]:
        asked.append(None)
        return await currencies()

    monkeypatch.setattr(index, "currencies", counted)
    await ask(index, q="cake", **more)
    assert len(asked) == bool(more)


async def test_a_currency_that_no_item_has_beside_another_one_has_no_other_prices(index: Index) -> None:
    assert [await index.has_other_prices(each) for each in ("EUR", "USD", "HKD")] == [False, True, False]


async def test_a_hit_shows_the_price_that_was_compared(index: Index) -> None:
    both = cake(9, offer("B", 5.0, "CHF"), offer("B", 9.0), offer("shop", 9.0))
    await put_new(index, [both])
    found = await ask(index, q="cake", seller="B", min_price=9)
    assert shown(found)["c9"] == (9.0, "EUR")


async def test_a_seller_alone_is_shown_by_its_own_price(index: Index) -> None:
    found = await ask(index, q="cake", seller="B")
    assert shown(found) == {"c0": (12.0, "USD"), "c1": (9.0, "EUR"), "c2": (6.0, "EUR"), "c5": (30.0, "EUR")}


@pytest.mark.parametrize("asked", ASKED)
async def test_without_a_currency_sellers_are_compared_in_the_one_of_all_prices(
    index: Index, asked: dict[str, Any]
) -> None:
    found = await ask(index, **asked, seller="B", max_price=12, facets="seller")
    assert shown(found) == {"c1": (9.0, "EUR"), "c2": (6.0, "EUR")}
    assert {one.value: one.count for one in found.facets["seller"]} == {"B": 2, "shop": 5}
    assert list(shown(await ask(index, **asked, seller="B", sort="price_asc"))) == ["c2", "c1", "c5", "c0"]
    await put_new(index, [cake(9, offer("B", 9.0, "USD"))])
    await index.write([Patch("c9", 1, 2, {"price": 9.0, "currency": "USD", "version": 2})])
    with pytest.raises(RefusedRequest, match="name a currency"):
        await ask(index, **asked, seller="B", max_price=12)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("bounds", [{"max_price": 40}, {"min_price": 9}, {"min_price": 8, "max_price": 12}])
@pytest.mark.parametrize("filters", [{}, {"currency": "USD"}, {"currency": "EUR", "seller": "B"}, {"seller": "C"}])
async def test_a_count_of_offers_is_the_total_of_the_search_that_it_leads_to(
    index: Index, asked: dict[str, Any], filters: dict[str, Any], bounds: dict[str, Any]
) -> None:
    base = {"shop_currency": "EUR", **asked, **filters, **bounds}
    found = await ask(index, **base, facets="brand,seller,price")
    for name, own in (("brand", {"brand"}), ("seller", {"seller"}), ("price", {"min_price", "max_price"})):
        for one in found.facets[name]:
            again_asked: dict[str, Any] = {key: each for key, each in base.items() if key not in own} | one.filters
            again = await ask(index, **again_asked)
            assert again.total == one.count, (name, one)


@pytest.mark.parametrize("asked", ASKED)
async def test_rankings_are_read_on_until_a_page_is_full(index: Index, asked: dict[str, Any]) -> None:
    dear = [cake(number, offer("shop", 1.0), offer("D", float(number))) for number in range(100, 140)]
    await put_new(index, dear)
    page = await ask(index, **asked, seller="D", currency="EUR", min_price=130, max_price=138, limit=2, offset=4)
    assert (len(page.hits), page.total, page.total_is_exact) == (2, 9, True)


@pytest.mark.parametrize("asked", ASKED)
async def test_an_item_with_an_offer_that_cannot_be_read_has_no_price(index: Index, asked: dict[str, Any]) -> None:
    for version, offers in enumerate(([{"seller": "B"}], [offer("B", 1.0) | {"price": "low"}], None), start=2):
        await index.write([Patch("c1", version - 1, version, {"offers": offers, "version": version})])
        found = await ask(index, **asked, seller="B", currency="EUR", min_price=0, facets="seller,price")
        assert sorted(shown(found)) == ["c2", "c5"]
        assert {one.value: one.count for one in found.facets["seller"]}["B"] == 2


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("more", [{}, {"max_price": 40}, {"sort": "relevance", "currency": "EUR", "min_price": 1}])
async def test_rules_compare_the_own_price_of_an_item_whatever_price_is_asked_for(
    index: Index, asked: dict[str, Any], more: dict[str, Any]
) -> None:
    rules = Rules()
    rules.put(read_rule(b'{"id": "dear", "bury": {"max_price": 9, "currency": "EUR"}}'))
    asks = searcher(index, "EUR", rules)
    found = await asks.search(SearchRequest(**asked, seller="B", **more), NOW_MS - 1)
    buried = {"c1", "c2"}  # At 8 and 9 from the shop, at 9 and 20 from B.
    last = [hit.product_id for hit in found.hits][-2:]
    assert set(last) == buried, shown(found)


async def test_recommended_items_have_the_price_that_is_asked_for(index: Index) -> None:
    near = SimilarRequest(currency="USD", max_price=12, limit=5, diversity=0)
    found = await Recommender(OneIndex(index), Shop("EUR", ("en",))).similar("c1", near, NOW_MS)
    assert found is not None
    assert {hit.product_id: (hit.price, hit.currency) for hit in found.hits} == {
        "c0": (12.0, "USD"),
        "c3": (7.0, "USD"),
    }


async def test_an_explanation_compares_the_price_that_was_asked_for(index: Index) -> None:
    request, asks = SearchRequest(q="cake", seller="B", currency="EUR", max_price=8, understand=False), searcher(index)
    answer = Answer(await asks.search(request, NOW_MS), None, None, [], request)
    for product_id, price, passes in (("c1", 9.0, False), ("c2", 6.0, True)):
        found = await explain(asks, index, "cake", answer, product_id, NOW_MS)
        [bound] = [check for check in found.filters if check.name == "max_price"]
        assert (bound.has, bound.passes, found.answered.rank is not None) == (price, passes, passes)
