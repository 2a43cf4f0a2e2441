"""The routes of watches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import QUERY_CHARS_MAX
from tests.support.api_client import api_client
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

SEARCH: dict[str, Any] = {"owner": "somebody", "q": "desk lamp"}
PRODUCT: dict[str, Any] = {"owner": "somebody", "product_id": "P1", "target_price": 9.5, "currency": "EUR"}


@pytest.fixture
def service() -> StandIn:
    return StandIn()


@pytest.fixture
async def client(service: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(service) as opened:
        yield opened


async def test_a_watch_is_set_shown_and_ended(client: httpx.AsyncClient, service: StandIn) -> None:
    answer = await client.post("/watch", json=SEARCH | {"max_price": 40, "currency": "EUR"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["filters"] == {"max_price": 40.0, "currency": "EUR"}
    [asked] = service.watches.asked
    assert asked.expires_in_seconds == 90 * 86_400
    for method in ("GET", "DELETE"):
        assert (await client.request(method, f"/watch/{made['id']}")).json() == made
    for method, path in (("GET", "/watch/w1"), ("DELETE", "/watch/w1"), ("GET", "/watch/w1/events")):
        gone = await client.request(method, path)
        assert (gone.status_code, gone.json()["error"]["message"]) == (404, "there is no watch w1")


async def test_a_target_price_is_the_highest_price_that_passes(client: httpx.AsyncClient) -> None:
    assert (await client.post("/watch", json=PRODUCT)).json()["filters"] == {"max_price": 9.5, "currency": "EUR"}


async def test_alerts_are_streamed_with_their_ids_after_the_last_one_that_a_client_had(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/watch", json=SEARCH)
    for headers, ids in (({}, ["a1", "a2"]), ({"Last-Event-ID": "a1"}, ["a2"])):
        streamed = (await client.get("/watch/w1/events", headers=headers)).text
        assert [line.removeprefix("id: ") for line in streamed.splitlines() if line.startswith("id:")] == ids
        assert streamed.count("event: alert") == len(ids) and '"product_id":"lamp-1"' in streamed


async def test_the_last_alert_of_a_client_may_be_of_a_product_in_any_script(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    await client.post("/watch", json=SEARCH)
    await client.get("/watch/w1/events", headers={b"Last-Event-ID": "w1:麵包:7".encode()})
    assert service.watches.after == ["w1:麵包:7"]


async def test_a_stream_too_many_is_refused(client: httpx.AsyncClient, service: StandIn) -> None:
    await client.post("/watch", json=SEARCH)
    service.watches.full = True
    assert (await client.get("/watch/w1/events")).status_code == 503


async def test_where_there_are_keys_each_request_needs_the_one_that_has_the_watch(
    client: httpx.AsyncClient, service: StandIn
) -> None:
    service.watches.keys = {"secret of the shop": "shop", "secret of the app": "app"}
    shop, app = ({"Authorization": f"Bearer {secret}"} for secret in service.watches.keys)
    made = (await client.post("/watch", json=SEARCH, headers=shop)).json()
    assert made["key"] == "shop"
    asked = (("POST", "/watch"), ("GET", "/watch/w1"), ("GET", "/watch/w1/events"), ("DELETE", "/watch/w1"))
    for wrong in ({}, {"Authorization": "Bearer else"}, {"Authorization": "Basic secret of the shop"}):
        for method, path in asked:
            refused = await client.request(method, path, json=SEARCH if method == "POST" else None, headers=wrong)
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer"), (method, path, wrong)
            assert refused.json()["error"]["message"] == "send a key"
    for method, path in asked[1:]:
        assert (await client.request(method, path, headers=app)).status_code == 404
    for method, path in asked[1:]:
        assert (await client.request(method, path, headers=shop)).status_code == 200


async def test_a_key_lists_its_watches(client: httpx.AsyncClient, service: StandIn) -> None:
    service.watches.keys = {"secret of the shop": "shop"}
    headers = {"Authorization": "Bearer secret of the shop"}
    made = [(await client.post("/watch", json=SEARCH | {"owner": each}, headers=headers)).json() for each in "ab"]
    assert (await client.get("/watches", headers=headers)).json() == {"watches": made, "next": None}
    assert (await client.get("/watches?owner=b&limit=1", headers=headers)).json()["watches"] == made[1:]
    assert (await client.get("/watches")).status_code == 401
    for wrong in ("limit=0", "limit=1001", "owner=", "key=shop"):
        assert (await client.get(f"/watches?{wrong}", headers=headers)).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "owner"),
        ({"owner": "", "q": "a"}, "owner"),
        ({"owner": "x" * 129, "q": "a"}, "owner"),
        ({"owner": "x"}, "q"),
        (SEARCH | {"q": "  "}, "q"),
        (SEARCH | {"q": "x" * (QUERY_CHARS_MAX + 1)}, "q"),
        (SEARCH | {"colour": "red"}, "colour"),
        (SEARCH | {"max_price": 4}, "currency"),
        (SEARCH | {"min_price": 4, "max_price": 3, "currency": "EUR"}, "min_price"),
        (SEARCH | {"max_price": -1, "currency": "EUR"}, "max_price"),
        (SEARCH | {"currency": "EURO"}, "currency"),
        (SEARCH | {"availability": "soon"}, "availability"),
        (SEARCH | {"min_rating": 9}, "min_rating"),
        (SEARCH | {"expires_in_seconds": 1}, "expires_in_seconds"),
        (SEARCH | {"target_price": 3, "currency": "EUR"}, "product_id"),
        (PRODUCT | {"q": "lamp"}, "q"),
        (PRODUCT | {"max_price": 3}, "max_price"),
        (PRODUCT | {"currency": None}, "currency"),
        (PRODUCT | {"target_price": None}, "target_price"),
        (PRODUCT | {"product_id": " "}, "product_id"),
        (PRODUCT | {"product_id": "gone"}, "product_id"),
    ],
)
async def test_a_wrong_watch_is_a_422_that_names_the_field(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/watch", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), answer.text
    assert answer.json()["error"]["message"].startswith(f"{field}: ")


@pytest.mark.parametrize("field", ["owner", "q", "seller", "brand", "category", "currency"])
async def test_half_a_character_is_no_text(client: httpx.AsyncClient, field: str) -> None:
    """JSON can write it, and no answer, record or index could have it."""
    body = json.dumps(SEARCH | {field: "\ud800"})
    answer = await client.post("/watch", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
