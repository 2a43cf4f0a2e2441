"""The routes that recommend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.recommendations import GIVEN_MAX, RecommendRequest
from tests.support.api_client import api_client
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


@pytest.fixture
def service() -> StandIn:
    return StandIn(P1="Chiffon cake", P2="Walnut cake", **{"a/b": "Desk lamp"})


@pytest.fixture
async def client(service: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(service) as opened:
        yield opened


async def test_similar_items_are_listed_with_filters(client: httpx.AsyncClient, service: StandIn) -> None:
    answer = (await client.get("/items/P1/similar?limit=1&max_price=9&currency=HKD&diversity=0.5")).json()
    assert [hit["product_id"] for hit in answer["hits"]] == ["P2"] and answer["by"] == "vectors"
    [asked] = service.recommended
    assert (asked.limit, asked.max_price, asked.diversity, asked.currency) == (1, 9.0, 0.5, "HKD")


async def test_an_id_may_have_a_slash_and_an_item_is_shown_as_before(client: httpx.AsyncClient) -> None:
    assert (await client.get("/items/a%2Fb/similar")).status_code == 200
    assert (await client.get("/items/a%2Fb")).json()["product_id"] == "a/b"


async def test_an_unknown_item_is_a_404_that_names_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/items/P9/similar")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "no item P9 was ever heard of"


async def test_each_id_counts_once_where_it_stands_last(client: httpx.AsyncClient, service: StandIn) -> None:
    body = {"liked": ["P1", " P1 "], "viewed": ["P2", "a/b", "P2"], "disliked": []}
    answer = await client.post("/recommend", json=body)
    assert answer.status_code == 200, answer.text
    [asked] = service.recommended
    assert isinstance(asked, RecommendRequest)
    assert (asked.liked, asked.viewed, asked.diversity) == (["P1"], ["a/b", "P2"], 0.3)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "liked", "liked: give an item that is liked"),
        ({"disliked": ["P1"]}, "liked", "liked: give an item that is liked"),
        ({"viewed": ["P1"], "disliked": ["P2", "P1"]}, "liked", "liked: give an item that is liked"),
        ({"liked": ["P1"], "disliked": ["P1"]}, "disliked", "disliked: P1 is among liked as well"),
        ({"liked": ["P9"]}, "liked", "liked: no item P9 was ever heard of"),
        ({"liked": [""]}, "liked", "liked: "),
        ({"liked": [7]}, "liked", "liked: "),
        ({"liked": ["x"] * (GIVEN_MAX + 1)}, "liked", "liked: "),
        ({"liked": ["P1"], "limit": 0}, "limit", "limit: "),
        ({"liked": ["P1"], "diversity": 2}, "diversity", "diversity: "),
        ({"liked": ["P1"], "min_price": 9, "max_price": 1}, "min_price", "min_price: 9.0 is above"),
        ({"liked": ["P1"], "colour": "red"}, "colour", "colour: there is no such parameter"),
    ],
)
async def test_a_wrong_body_is_a_422_that_names_the_field(
    client: httpx.AsyncClient, body: Any, field: str, message: str
) -> None:
    answer = await client.post("/recommend", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (422, field)
    assert error["message"].startswith(message)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"P1"'])
async def test_a_body_that_is_no_object_is_a_422(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/recommend", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["error"]["message"]


async def test_parameters_in_the_url_of_a_post_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/recommend?limit=3", json={"liked": ["P1"]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "limit")
