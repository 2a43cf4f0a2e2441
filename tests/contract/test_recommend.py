"""Recommendations, over every index backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import RefusedRequest
from schemas.points import point_id
from schemas.recommendations import RecommendRequest, SimilarRequest
from tests.support.index_backends import BACKENDS, content, opened, put, put_new, vector
from tests.support.queries import OneIndex
from workers.index.writes import Patch
from workers.recommend.recommender import Recommender
from workers.recommend.taste import Given
from workers.search.hits import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index
    from workers.recommend.recommender import Recommended


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


async def fill(index: Index) -> None:
    """Lamps near to one axis, cakes near to another, and a kettle near to a third."""
    items = [(content("kettle", "Kettle"), vector(0, 0, 1))]
    for number in range(4):
        items.append((content(f"lamp{number}", f"Desk lamp {number}", brand="Acme"), vector(1, number / 20)))
        items.append((content(f"cake{number}", f"Walnut cake {number}"), vector(number / 20, 1)))
    await put_new(index, items)


async def similar(index: Index, product_id: str, now_ms: int = 1_000, **asked: Any) -> Recommended:
    recommender = Recommender(OneIndex(index), Shop(None, ("en",)))
    found = await recommender.similar(product_id, SimilarRequest(**asked), now_ms)
    assert found is not None
    return found


async def recommend(index: Index, now_ms: int = 1_000, **asked: Any) -> Recommended:
    request = RecommendRequest(**({"diversity": 0.0} | asked))
    given = Given(tuple(request.liked), tuple(request.viewed), tuple(request.disliked))
    return await Recommender(OneIndex(index), Shop(None, ("en",))).recommend(given, request, now_ms)


def names(found: Recommended) -> list[str]:
    return [hit.product_id for hit in found.hits]


async def test_the_nearest_items_come_first_and_never_the_item_itself(index: Index) -> None:
    await fill(index)
    found = await similar(index, "lamp0", limit=4)
    assert names(found) == ["lamp1", "lamp2", "lamp3", "cake3"]
    assert found.by == "vectors" and found.without_vector == []
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True) and scores[0] == pytest.approx(1 / (1 + 1 / 400) ** 0.5, abs=1e-3)


async def test_an_item_that_the_index_never_heard_of_has_none(index: Index) -> None:
    await fill(index)
    for product_id in ("no", "\0positions"):  # The second one is the id of the hidden point.
        assert await Recommender(OneIndex(index), Shop(None, ())).similar(product_id, SimilarRequest(), 1_000) is None


async def test_an_item_that_was_listed_a_moment_ago_is_recommended_by_its_words(index: Index) -> None:
    await fill(index)
    await put(index, content("new", "Desk lamp of today"), 1)
    found = await similar(index, "lamp0", limit=9)
    assert "new" in names(found)
    [hit] = [hit for hit in found.hits if hit.product_id == "new"]
    assert not hit.vector_is_current and 0 < hit.score <= found.hits[0].score
    assert "new" not in names(await similar(index, "cake0", limit=9)), "it says no word of that title"
    await put(index, content("new", "Desk lamp of today", brand="Acme"), 2, dense=vector(0.99, 0.1))
    assert "new" in names(await similar(index, "lamp0", limit=3))


async def test_an_item_that_barely_shares_a_word_is_no_nearer_because_filters_leave_no_other(index: Index) -> None:
    await fill(index)
    await put(index, content("new", "Desk calendar with stickers, large", brand="Oak"), 1)
    await put(index, content("given", "Desk lamp of brass", brand="Acme"), 1)
    for product_id in ("lamp0", "given"):
        [share] = [hit.score for hit in (await similar(index, product_id, limit=20)).hits if hit.product_id == "new"]
        [hit] = (await similar(index, product_id, brand="Oak")).hits
        assert hit.product_id == "new"
        assert hit.score == pytest.approx(share, abs=1e-3) and share < 0.7


async def test_an_item_without_a_vector_is_looked_for_by_the_words_of_its_title(index: Index) -> None:
    await fill(index)
    await put(index, content("new", "Walnut cake of today"), 1)
    found = await similar(index, "new", limit=4)
    assert (found.by, found.without_vector) == ("words", ["new"])
    assert sorted(names(found)) == ["cake0", "cake1", "cake2", "cake3"]
    assert all(0 < hit.score <= 1 for hit in found.hits)


async def test_a_delisted_item_is_never_recommended_and_can_be_asked_about(index: Index) -> None:
    await fill(index)
    await put(index, content("lamp1", "Desk lamp 1", status="delisted"), 2)
    for found in (await similar(index, "lamp0", limit=9), await recommend(index, liked=["lamp0"], limit=9)):
        assert "lamp1" not in names(found) and "lamp2" in names(found)
    gone = await similar(index, "lamp1", limit=9)
    assert (gone.by, gone.without_vector) == ("words", ["lamp1"])
    assert {"lamp0", "lamp2", "lamp3"} <= {*names(gone)}
    await put(index, content("lamp1", "Desk lamp 1"), 3, dense=vector(1, 0.05))
    assert names(await similar(index, "lamp0"))[0] == "lamp1"


async def test_an_item_that_is_hidden_while_the_answer_is_made_is_left_out(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(index)
    read = index.payloads

    async def hide_first(points: Any) -> Any:
        await put(index, content("lamp1", "Desk lamp 1", status="delisted"), 2)
        return await read(points)

    monkeypatch.setattr(index, "payloads", hide_first)
    assert names(await similar(index, "lamp0", limit=2)) == ["lamp2"]


async def test_a_canary_is_neither_recommended_nor_known(index: Index) -> None:
    await fill(index)
    await put(index, content("freshline-canary-0", "Desk lamp", status="canary"), 1)
    assert "freshline-canary-0" not in names(await similar(index, "lamp0", limit=20))
    with pytest.raises(RefusedRequest, match="freshline-canary-0"):
        await recommend(index, liked=["freshline-canary-0"])


async def test_no_given_item_is_recommended_and_the_last_view_counts_most(index: Index) -> None:
    await fill(index)
    lately_cake = await recommend(index, viewed=["lamp0", "cake0"], limit=9)
    lately_lamp = await recommend(index, viewed=["cake0", "lamp0"], limit=9)
    assert not {"lamp0", "cake0"} & {*names(lately_cake), *names(lately_lamp)}
    assert names(lately_cake)[0].startswith("cake") and names(lately_lamp)[0].startswith("lamp")
    assert len(names(lately_cake)) == 7


async def test_a_dislike_turns_recommendations_away(index: Index) -> None:
    await fill(index)
    await put(index, content("both", "Lamp like a cake"), 1, dense=vector(1, 1))
    liked = await recommend(index, liked=["lamp0", "cake0"], limit=3)
    assert names(liked)[0] == "both"
    turned = await recommend(index, liked=["lamp0", "cake0"], disliked=["both"], limit=9)
    assert "both" not in names(turned)
    liked = await recommend(index, liked=["lamp2"], limit=2)
    assert set(names(liked)) == {"lamp1", "lamp3"}
    away = await recommend(index, liked=["lamp2"], disliked=["cake1"], limit=2)
    assert names(away) == ["lamp0", "lamp1"]


async def test_diverse_recommendations_take_the_place_of_those_that_hardly_differ(index: Index) -> None:
    await fill(index)
    alike = await recommend(index, liked=["lamp0"], viewed=["cake0"], limit=3)
    diverse = await recommend(index, liked=["lamp0"], viewed=["cake0"], limit=3, diversity=0.6)
    assert all(name.startswith("lamp") for name in names(alike))
    assert names(diverse)[0] == names(alike)[0] and any(name.startswith("cake") for name in names(diverse))


async def test_filters_narrow_recommendations_by_the_price_now(index: Index) -> None:
    await fill(index)
    sale = {"seller": "A", "price": 50.0, "currency": "EUR", "promotion": {}, "updated_at_ms": 1}
    sale |= {"sale_price": 5.0, "sale_starts_at_ms": 900, "sale_ends_at_ms": 2_000}
    fields: dict[str, Any] = {"price": 50.0, "currency": "EUR", "price_changes_at_ms": 900, "offers": [sale]}
    await put(index, content("sale", "Desk lamp on sale", **fields), 1, dense=vector(1))
    assert names(await similar(index, "lamp0", max_price=10)) == ["sale"], "its sale began at 900"
    assert names(await similar(index, "lamp0", 899, max_price=10)) == []
    assert "sale" not in names(await similar(index, "lamp0", brand="acme", limit=9))
    await put(index, content("usd", "Lamp", price=1.0, currency="USD"), 1, dense=vector(1))
    with pytest.raises(RefusedRequest, match="name a currency"):
        await similar(index, "lamp0", max_price=10)


async def test_unknown_ids_are_refused_by_the_field_that_has_them(index: Index) -> None:
    await fill(index)
    for field in ("liked", "viewed", "disliked"):
        asked: dict[str, Any] = {"liked": ["lamp0"]} | {field: ["x", "lamp1", "y"]}
        with pytest.raises(RefusedRequest, match="no item x, y was ever heard of") as refused:
            await recommend(index, **asked)
        assert refused.value.field == field


async def test_a_point_that_no_answer_can_show_costs_the_others_nothing(index: Index) -> None:
    await fill(index)
    await index.write([Patch("lamp1", 1, 2, {"offers": [{"seller": "A"}], "version": 2})])
    found = await similar(index, "lamp0", limit=3)
    assert names(found) == ["lamp2", "lamp3"] and found.left_out == [point_id("lamp1")]
