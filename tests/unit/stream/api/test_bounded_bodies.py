from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from stream.api.app import create_app
from stream.api.bounded_bodies import BODY_BYTES_MAX, BoundedBodies
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

JSON = {"content-type": "application/json"}
PATHS = ("/watch", "/recommend", "/search/trial", "/dead-letters/resend", "/rebuild", "/reconcile")


async def chunks() -> AsyncIterator[bytes]:
    """Yield a body of 2,000 bytes, whose length no header tells."""
    for _ in range(20):
        yield b" " * 100


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://freshline")


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_is_too_large_is_a_413_whether_its_length_is_told_or_not(path: str) -> None:
    async with client_of(BoundedBodies(create_app(StandIn().services), bytes_max=1_000)) as client:
        for body in (b" " * 1_001, chunks()):
            answer = await client.post(path, content=body, headers=JSON)
            message = "the body takes more than 1,000 bytes: send less at a time"
            assert answer.status_code == 413 and answer.json()["error"] == {"field": None, "message": message}


async def test_a_body_of_just_the_bound_is_read() -> None:
    async with client_of(BoundedBodies(create_app(StandIn(P1="Cake").services), bytes_max=1_000)) as client:
        answer = await client.post("/recommend", content=b'{"like": "P1"}'.ljust(1_000), headers=JSON)
    assert answer.json()["error"]["field"] == "like"


async def test_the_api_has_the_bound() -> None:
    async with client_of(create_app(StandIn().services)) as client:
        answer = await client.post("/watch", content=b" " * (BODY_BYTES_MAX + 1), headers=JSON)
    assert answer.status_code == 413
