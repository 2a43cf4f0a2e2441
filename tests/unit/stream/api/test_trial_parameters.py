"""The route of trials: what it passes on, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stream.api.trial_parameters import TRIAL_RULES_MAX
from tests.support.api_client import api_client
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

RULE = {"id": "r", "pin": {"product_id": "P1", "position": 1}}
NEAR = {"cosines": {"P1": 0.5}, "cosine_min": 0.2}


@pytest.fixture
def service() -> StandIn:
    return StandIn(P1="Chiffon cake", P2="Walnut cake")


@pytest.fixture
async def client(service: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(service) as opened:
        yield opened


async def test_a_trial_is_answered_as_a_search_is(client: httpx.AsyncClient, service: StandIn) -> None:
    body = {"q": "cake", "rules": [RULE], "weights": {"weights": {"rating": {"strength": 1}}}, "understand": False}
    answer = await client.post("/search/trial", json={**body, "near": NEAR})
    assert [hit["product_id"] for hit in answer.json()["hits"]] == ["P1", "P2"]
    [tried] = service.tried
    assert tried.near is not None and tried.near.cosines == {"P1": 0.5} and tried.weights is not None


@pytest.mark.parametrize(
    ("more", "field", "message"),
    [
        ({"q": None}, "q", "q: give a query"),
        ({"weights": {"weights": {"ratings": {}}}}, "weights", "weights: weights.ratings: there is no such key"),
        (
            {"weights": {"weights": {"rating": {"strength": -1}}}},
            "weights",
            "weights: weights.rating.strength: should be",
        ),
        ({"rules": [{**RULE, "starts_at": "2026-12-02T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}]}, "rules", "rul"),
        ({"rules": [RULE] * (TRIAL_RULES_MAX + 1)}, "rules", "rules: should have at most"),
        ({"near": NEAR}, "understand", "understand: must be false with near"),
        ({"near": NEAR, "understand": False, "brand": "Garden"}, "near", "near: is for a query without filters"),
        ({"near": {**NEAR, "cosine_min": 2}, "understand": False}, "near", "near: cosine_min: "),
        (
            {"near": {**NEAR, "cosines": {str(n): 0 for n in range(201)}}, "understand": False},
            "near",
            "near: cosines: ",
        ),
        ({"colour": "red"}, "colour", "colour: there is no such parameter"),
    ],
)
async def test_a_trial_that_cannot_be_is_a_422_that_names_the_field(
    client: httpx.AsyncClient, service: StandIn, more: dict[str, Any], field: str, message: str
) -> None:
    answer = await client.post("/search/trial", json={"q": "cake", **more})
    error = answer.json()["error"]
    assert (answer.status_code, error["field"], service.tried) == (422, field, [])
    assert error["message"].startswith(message)
