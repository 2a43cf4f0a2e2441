"""The test-only server fails as it is told to: what the scenarios on a server stand on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from httpx import ASGITransport, AsyncClient

from tests.qdrant_front.app import create_app
from tests.qdrant_front.store import Store
from tests.support.waiting import HANG_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DENSE = {"vectors": {"dense": {"size": 2, "distance": "Cosine"}}}


@asynccontextmanager
async def front() -> AsyncIterator[AsyncClient]:
    """One of its own, with an empty collection c."""
    async with AsyncClient(transport=ASGITransport(create_app(Store())), base_url="http://front") as client:
        (await client.put("/collections/c", json=DENSE)).raise_for_status()
        yield client


def upsert(number: int) -> dict[str, Any]:
    return {"upsert": {"points": [{"id": number, "vector": {}, "payload": {"n": number}}]}}


async def points(client: AsyncClient) -> int:
    await client.post("/_faults", json={})
    count: int = (await client.post("/collections/c/points/count", json={})).json()["result"]["count"]
    return count


async def test_requests_fail_before_half_way_and_after_they_were_applied() -> None:
    async with front() as client:
        held = []
        for first in (1, 3, 5):
            await client.post("/_faults", json={"fail_every": 1})
            batch = {"operations": [upsert(first), upsert(first + 1)]}
            assert (await client.post("/collections/c/points/batch?wait=true", json=batch)).status_code >= 500
            held.append(await points(client))
        assert held == [0, 1, 3]
        assert (await client.get("/_faults")).json()["failed"] == 3


async def test_a_batch_stops_at_its_first_error_and_keeps_what_came_before() -> None:
    async with front() as client:
        missing = {"update_vectors": {"points": [{"id": 9, "vector": {"dense": [1.0, 0.0]}}]}}
        batch = {"operations": [upsert(1), missing, upsert(2)]}
        answer = await client.post("/collections/c/points/batch", json=batch)
        assert (answer.status_code, await points(client)) == (404, 1)


async def test_an_order_needs_an_index_as_on_the_server() -> None:
    async with front() as client:
        ordered = {"order_by": {"key": "n"}, "limit": 5}
        assert (await client.post("/collections/c/points/scroll", json=ordered)).status_code == 400
        await client.put("/collections/c/index", json={"field_name": "n", "field_schema": "integer"})
        assert (await client.post("/collections/c/points/scroll", json=ordered)).status_code == 200


@pytest.mark.parametrize("path", ["/collections/other", "/collections/c"])
async def test_after_a_wipe_nothing_is_there(path: str) -> None:
    async with front() as client:
        await client.post("/_wipe")
        assert (await client.get(path)).status_code == 404


async def test_what_is_slow_comes_all_the_same() -> None:
    async with front() as client:
        await client.post("/_faults", json={"delay_seconds": 0.01})
        async with asyncio.timeout(HANG_S):
            assert (await client.get("/collections/c")).status_code == 200
