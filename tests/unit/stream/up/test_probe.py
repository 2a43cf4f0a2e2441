"""`up` says once that the stack does not answer, and once that it answers again."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stream.up.probe import SILENT, Probe
from tests.support.waiting import HANG_S

if TYPE_CHECKING:
    from collections.abc import Iterator

HANGS = "the broker at 127.0.0.1:9292 does not answer"


def well(_: httpx.Request) -> httpx.Response:
    return httpx.Response(HTTPStatus.OK, content=json.dumps({"lag_events": 0}))


def refuses(_: httpx.Request) -> httpx.Response:
    return httpx.Response(HTTPStatus.SERVICE_UNAVAILABLE, content=json.dumps({"error": {"message": HANGS}}))


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too long", request=request)


def starting(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def ending(_: httpx.Request) -> httpx.Response:
    return httpx.Response(HTTPStatus.INTERNAL_SERVER_ERROR, content=b"Internal Server Error")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([well, well], []),
        ([silent, silent, well, well], [SILENT, "all answers again"]),
        ([refuses, refuses, well], [HANGS, "all answers again"]),
        ([silent, refuses, silent, starting, well, refuses], [SILENT, HANGS, "all answers again", HANGS]),
        ([starting, starting, well], []),
        ([ending, starting, well], []),
    ],
)
async def test_each_trouble_is_said_once_and_the_end_of_all_once(answers: list[Any], said: list[str]) -> None:
    rest: Iterator[Any] = iter(answers)
    done, told, heard = asyncio.Event(), list[str](), list[dict[str, Any]]()

    async def answer(request: httpx.Request) -> httpx.Response:
        if (next_one := next(rest, None)) is None:
            done.set()
            await asyncio.Event().wait()
        return next_one(request)  # type: ignore[misc,no-any-return]

    async def note_status(status: dict[str, Any]) -> None:
        heard.append(status)

    probe = Probe("http://api")
    await probe.close()
    probe._http = httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(answer))
    task = asyncio.ensure_future(probe.watch(told.append, note_status, interval_s=0.0))
    await asyncio.wait_for(done.wait(), HANG_S)
    task.cancel()
    await probe.close()
    assert told == said
    assert heard == [{"lag_events": 0}] * answers.count(well)
