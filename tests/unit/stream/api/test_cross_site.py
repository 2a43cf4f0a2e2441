"""A page of another site cannot change anything through the browser of somebody who can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from stream.api.app import create_app
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = "127.0.0.1:8765"
CHANGES = [
    ("POST", "/rebuild"),
    ("POST", "/rebuild/rollback"),
    ("POST", "/rebuild/finish"),
    ("POST", "/reconcile?repair=true"),
    ("POST", "/dead-letters/resend"),
    ("POST", "/watch"),
    ("DELETE", "/watch/w1"),
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://[bad"},
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(StandIn().services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as asking:
        yield asking


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: ", ".join(headers.values()))
async def test_a_page_of_another_origin_changes_nothing(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = await client.request(method, path, headers=headers)
    assert answer.status_code == 403
    assert "another origin" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://fresh.example"}, {"Origin": f"http://{HOST}"}],
    ids=["no browser", "the dashboard behind a proxy", "the dashboard over http"],
)
async def test_the_dashboard_and_clients_that_are_no_browsers_may_change(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post("/reconcile", headers=headers)).status_code == 202
    assert (await client.get("/status", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200
