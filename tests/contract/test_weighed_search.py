"""Searches in the order of relevance and weights, over every backend."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, cast

import pytest

from schemas.errors import RefusedRequest
from schemas.points import point_id
from schemas.queries import SearchRequest
from tests.support.index_backends import BACKENDS, MODEL, content, opened, put, put_new, vector
from tests.support.queries import LoadedModel, OneIndex, at_once, explained_as_typed
from workers.merchandising.weights import NO_WEIGHTS, Ranking, read_ranking
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index
    from workers.search.searcher import Results

NOW_MS = 1_000
RANKING = read_ranking(
    """
weights:
  rating: {strength: 2, prior: 3, prior_reviews: 2}
  availability: {strength: 4}
  price_drop: {strength: 3}
  boost: {strength: 1, attribute: margin, most: 10}
queries:
  part_number:
    {rating: {strength: 0}, availability: {strength: 0}, price_drop: {strength: 0}, boost: {strength: 0}}
  filters: {sellers: {strength: 50}}
alternatives:
  stock-alone: {weights: {availability: {strength: 50}}}
""",
    "ranking.yaml",
)
ASKED: tuple[dict[str, Any], ...] = ({"q": "cake"}, {"currency": "EUR"})


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


def offer(seller: str, price: float, sale_price: float | None = None) -> dict[str, Any]:
    ends_at_ms = None if sale_price is None else 2 * NOW_MS
    return {
        "seller": seller,
        "price": price,
        "currency": "EUR",
        "sale_price": sale_price,
        "sale_starts_at_ms": None,
        "sale_ends_at_ms": ends_at_ms,
        "promotion": {},
        "updated_at_ms": 1,
    }


async def fill(index: Index) -> None:
    """Twelve cakes that match more or less, and have all that a shop may weigh, or lack it."""
    cakes = []
    for number in range(12):
        sellers = ["A", "B", "C"][: 1 + number % 3]
        cake = content(
            f"p{number:02}",
            "cake " + "and more " * number,
            offers=[offer(seller, 10.0, 6.0 if number % 4 == 1 else None) for seller in sellers],
            sellers=sellers,
            price=6.0 if number % 4 == 1 else 10.0,
            currency="EUR",
            availability=("in_stock", "out_of_stock", None)[number % 3],
            attributes={"margin": number} if number % 2 else {},
        )
        rated = {**cake, "rating": (None, 5.0, 2.0)[number % 3], "review_count": number % 5}
        cakes.append((cast("Any", rated), vector(1, number / 10)))
    await put_new(index, cakes)


def searcher(index: Index, ranking: Ranking) -> Searcher:
    loaded = LoadedModel(at_once(lambda _: vector(1)), [MODEL])
    return Searcher(OneIndex(index), loaded, Shop("EUR", ("en",)), ranking=lambda: ranking)


async def ask(index: Index, in_force: Ranking = RANKING, now_ms: int = NOW_MS, **asked: Any) -> Results:
    return await searcher(index, in_force).search(SearchRequest(**asked), now_ms)


def names(results: Results) -> list[str]:
    return [hit.product_id for hit in results.hits]


@pytest.mark.parametrize("asked", ASKED)
async def test_a_hit_stands_where_its_relevance_and_its_factors_say(index: Index, asked: dict[str, Any]) -> None:
    await fill(index)
    plain = await ask(index, NO_WEIGHTS, **asked, limit=50, explain=True)
    weighed = await ask(index, **asked, limit=50, explain=True)
    assert weighed.total == plain.total == 12
    assert names(weighed) != names(plain) and sorted(names(weighed)) == sorted(names(plain))
    relevance = {hit.product_id: hit.score if "q" in asked else 1.0 for hit in plain.hits}
    for hit in weighed.hits:
        why = hit.explanation
        assert why is not None
        assert why.weight == prod(each.factor for each in why.factors.values())
        assert hit.score == relevance[hit.product_id] * why.weight
    assert [hit.score for hit in weighed.hits] == sorted((hit.score for hit in weighed.hits), reverse=True)
    assert all(hit.explanation and hit.explanation.factors == {} for hit in plain.hits)


async def test_every_leg_of_a_hit_is_told(index: Index) -> None:
    await fill(index)
    hits = {hit.product_id: hit for hit in (await ask(index, q="cake", limit=50, explain=True)).hits}
    why = hits["p00"].explanation
    assert why is not None and not why.exact
    assert (why.by_words.rank, why.by_vectors.rank, why.fused.rank) == (1, 1, 1)
    assert why.by_vectors.score == pytest.approx(1.0) and why.fused.ranked == 12
    assert hits["p00"].score == pytest.approx((why.fused.score or 0) * why.weight, abs=1e-4)
    browsed = (await ask(index, currency="EUR", explain=True)).hits[0].explanation
    assert browsed is not None and browsed.fused.rank is None and "sellers" in browsed.factors


@pytest.mark.parametrize("asked", ASKED)
async def test_pages_go_on_where_the_one_before_ended_and_facets_leave_the_order_as_it_is(
    index: Index, asked: dict[str, Any]
) -> None:
    await fill(index)
    whole = names(await ask(index, **asked, limit=50))
    pages = [names(await ask(index, **asked, limit=5, offset=offset)) for offset in (0, 5, 10)]
    assert [name for page in pages for name in page] == whole
    assert names(await ask(index, **asked, limit=50, facets=["availability"])) == whole


async def test_the_place_that_explain_gives_is_the_place_in_the_search(index: Index) -> None:
    await fill(index)
    search = searcher(index, RANKING)
    for rank, name in enumerate(names(await ask(index, q="cake", limit=50)), start=1):
        found = await explained_as_typed(search, index, "cake", name, NOW_MS)
        assert found.answered.rank == rank
        [hit] = [each for each in (await ask(index, q="cake", limit=50, explain=True)).hits if each.product_id == name]
        assert hit.explanation is not None
        assert (found.factors, found.fused, found.by_words) == (
            hit.explanation.factors,
            hit.explanation.fused,
            hit.explanation.by_words,
        )


async def test_an_explanation_says_what_weighs_an_item_down(index: Index) -> None:
    for name, availability in (("a", "out_of_stock"), ("b", "in_stock")):
        title = "round cake" if name == "a" else "round cake and more"
        await put(index, content(name, title, availability=availability), 1, dense=vector(1))
    ranking = read_ranking("weights: {availability: {strength: 3}}", "ranking.yaml")
    why = (await explained_as_typed(searcher(index, ranking), index, "cake", "a", NOW_MS)).why
    assert why[:3] == [
        "It is number 2 of 2 that the query finds.",
        "By relevance alone it would be number 1.",
        "Its weight is 0.25, and availability takes the most from it.",
    ]


async def test_an_order_that_is_asked_for_and_an_exact_match_know_no_weights(index: Index) -> None:
    await fill(index)
    for sort in ("price_asc", "rating", "newest"):
        asked: dict[str, Any] = {"q": "cake", "sort": sort, "limit": 50}
        assert names(await ask(index, **asked)) == names(await ask(index, NO_WEIGHTS, **asked))
    exact = await ask(index, q="p01")
    assert names(exact)[0] == "p01" and exact.hits[0].score == 1.0


async def test_a_kind_of_query_has_weights_of_its_own(index: Index) -> None:
    await fill(index)
    for number in range(3):
        await put(index, content(f"n{number}", f"toner tn-2110 no {number}", availability="out_of_stock"), 1)
    asked: dict[str, Any] = {"q": "toner tn-2110", "limit": 50}
    assert names(await ask(index, **asked)) == names(await ask(index, NO_WEIGHTS, **asked))


async def test_a_price_drop_counts_from_the_moment_on_at_which_its_window_opens(index: Index) -> None:
    ranking = read_ranking("weights: {price_drop: {strength: 9}}", "ranking.yaml")
    opening = {**offer("A", 10.0, 5.0), "sale_starts_at_ms": 1_500}
    for name, offers in (("p1", [offer("A", 10.0)]), ("p2", [opening])):
        await put(index, content(name, "cake", offers=offers, price=10.0, currency="EUR"), 1, dense=vector(1))
    before, after = [await ask(index, ranking, now_ms, q="cake") for now_ms in (1_499, 1_500)]
    assert names(before) == sorted(["p1", "p2"], key=point_id)  # Equal ones go by the ids of their points.
    assert names(after) == ["p2", "p1"]


async def test_items_without_what_is_weighed_are_found_all_the_same(index: Index) -> None:
    for number in range(3):
        await put(index, content(f"p{number}", "cake"), 1, dense=vector(1))
    assert names(await ask(index, q="cake")) == names(await ask(index, NO_WEIGHTS, q="cake"))


@pytest.mark.parametrize("asked", ASKED)
async def test_a_search_by_another_ranking_is_that_of_a_file_with_it_alone(index: Index, asked: dict[str, Any]) -> None:
    await fill(index)
    stock = read_ranking("weights: {availability: {strength: 50}}", "ranking.yaml")
    assert names(await ask(index, **asked, ranking="stock-alone", limit=50)) == names(
        await ask(index, stock, **asked, limit=50)
    )
    assert names(await ask(index, **asked, ranking="none", limit=50)) == names(
        await ask(index, NO_WEIGHTS, **asked, limit=50)
    )
    assert names(await ask(index, **asked, ranking="current", limit=50)) == names(await ask(index, **asked, limit=50))
    for field in ("ranking", "compare"):
        with pytest.raises(
            RefusedRequest, match=f"{field}: there is no ranking other: use current, none, unruled, stock-alone"
        ):
            await ask(index, **{**asked, field: "other"})
    itself: tuple[dict[str, Any], ...] = ({"compare": "current"}, {"ranking": "none", "compare": "none"})
    for given in itself:
        with pytest.raises(RefusedRequest, match=r"compare: .* would be compared with itself"):
            await ask(index, **asked, **given)


@pytest.mark.parametrize("asked", ASKED)
async def test_two_rankings_are_interleaved_and_every_hit_says_which_it_came_from(
    index: Index, asked: dict[str, Any]
) -> None:
    await fill(index)
    of = {name: names(await ask(index, **asked, ranking=name, limit=50)) for name in ("current", "none")}
    begins = set()
    for seed in ("a", "b", "c", "d", "e"):
        compared = {**asked, "compare": "none", "seed": seed}
        results = await ask(index, **compared, limit=50, explain=True)
        assert sorted(names(results)) == sorted(of["current"]) and results.total == 12
        for team, ranking in of.items():
            picks = [hit.product_id for hit in results.hits if hit.team == team]
            assert len(picks) == 6 and picks == [name for name in ranking if name in picks]
        for hit in results.hits:
            assert hit.explanation is not None and bool(hit.explanation.factors) is (hit.team == "current")
        pages = [names(await ask(index, **compared, limit=5, offset=offset)) for offset in (0, 5, 10)]
        assert [name for page in pages for name in page] == names(results)
        assert names(await ask(index, **compared, limit=50, facets=["availability"])) == names(results)
        begins.add(results.hits[0].team)
    assert begins == {"current", "none"}


async def test_an_exact_match_comes_from_no_team(index: Index) -> None:
    await fill(index)
    hits = (await ask(index, q="p01", compare="none")).hits
    assert (hits[0].product_id, hits[0].team) == ("p01", None)
    compared_and_sorted: dict[str, Any] = {"sort": "rating", "compare": "none"}
    for wrong in (compared_and_sorted, {"sort": "rating", "ranking": "none"}, {"seed": "x"}):
        with pytest.raises(ValueError, match=r"sort knows no rankings|nothing to compare"):
            SearchRequest(q="cake", **wrong)
    with pytest.raises(ValueError, match=r"group: compare drafts single items"):
        SearchRequest(q="cake", group=True, compare="none")


async def test_a_price_drop_counts_beside_facets_too(index: Index) -> None:
    ranking = read_ranking("weights: {price_drop: {strength: 9}}", "ranking.yaml")
    await fill(index)
    found = names(await ask(index, ranking, q="cake", facets=["brand"]))
    assert found == names(await ask(index, ranking, q="cake")) != names(await ask(index, NO_WEIGHTS, q="cake"))
