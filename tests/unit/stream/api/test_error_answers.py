"""Requests whose body or method the API does not read, as one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.api_client import api_client
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

JSON = {"content-type": "application/json"}
NESTED = b'{"q":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(StandIn(P1="Chiffon cake"), raises=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/watch", "/recommend", "/search/trial", "/dead-letters/resend"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"q":"\xff"}', "body: is not UTF-8 at its byte 6: encode it as UTF-8"),
        (NESTED, "body: is nested too deeply to be read: send it flatter"),
        (b'{"q":' + b"1" * 5_000 + b"}", "body: cannot be read (Exceeds the limit (4300 digits)"),
        (b"{", "body: is no JSON"),
    ],
    ids=["not UTF-8", "nested", "a number of 5,000 digits", "no JSON"],
)
async def test_a_body_that_cannot_be_read_is_a_422_that_says_why(
    client: httpx.AsyncClient, path: str, body: bytes, message: str
) -> None:
    answer = await client.post(path, content=body, headers=JSON)
    error = answer.json()["error"]
    assert answer.status_code == 422 and error["field"] == "body" and error["message"].startswith(message)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_type_than_json_is_told_the_header_to_send(
    client: httpx.AsyncClient, content_type: str
) -> None:
    answer = await client.post("/recommend", content=b'{"like": ["P1"]}', headers={"content-type": content_type})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == (
        "body: is not sent as JSON: add the header Content-Type: application/json"
    )


async def test_an_address_that_does_not_take_the_method_is_named_with_it(client: httpx.AsyncClient) -> None:
    for method, path in (("POST", "/search"), ("PUT", "/items/P1"), ("DELETE", "/watches"), ("GET", "/recommend")):
        answer = await client.request(method, path)
        assert answer.status_code == 405 and answer.headers["allow"]
        assert answer.json()["error"]["message"].startswith(f"{path} does not take {method}: ")


async def test_a_body_where_none_is_read_names_a_parameter_of_each_address(client: httpx.AsyncClient) -> None:
    answer = await client.post("/reconcile", json={"repair": True})
    assert answer.status_code == 422 and "POST /reconcile?repair=true" in answer.json()["error"]["message"]
