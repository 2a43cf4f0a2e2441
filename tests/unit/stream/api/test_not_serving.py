"""A request to a process that does not serve the API is answered with the reason, and never refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from schemas.errors import Gone, Unavailable
from stream.api.not_serving import STARTING, STOPPING, not_serving
from stream.api.server import serve_http
from stream.runtime.ports import free_port, listen
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from stream.api.not_serving import NotServing


async def ask(port: int, path: str = "/readyz", accept: str = "*/*") -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        return await http.get(path, headers={"Accept": accept})


def message(answer: httpx.Response) -> str:
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
    return str(answer.json()["error"]["message"])


async def end_with(answers: NotServing, error: BaseException) -> None:
    async with answers.paused():
        raise error


async def test_before_the_api_serves_and_after_it_the_reason_is_answered() -> None:
    listening = listen("127.0.0.1", port := free_port())
    async with not_serving(listening) as answers:
        assert message(await ask(port)) == STARTING
        async with answers.paused():
            serving = asyncio.ensure_future(serve_http(StandIn().services, listening))
            assert (await ask(port, "/openapi.json")).status_code == 200
            serving.cancel()
            await asyncio.wait([serving])
        assert message(await ask(port)) == STARTING


async def test_a_person_who_opens_a_page_meanwhile_reads_a_sentence_and_the_page_asks_again() -> None:
    async with not_serving(listen("127.0.0.1", port := free_port())) as answers:
        with pytest.raises(Gone):
            await end_with(answers, Gone("the alias <items> is gone"))
        answer = await ask(port, "/", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "the index worker starts again: the alias &lt;items&gt; is gone." in answer.text
    assert 'http-equiv="refresh"' in answer.text


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Gone("the alias is gone"), "the index worker starts again: the alias is gone"),
        (ExceptionGroup("tasks", [Gone("wiped"), ValueError()]), "the index worker starts again: wiped"),
        (RuntimeError("secret"), "the index worker starts again, after a bug"),
        (asyncio.CancelledError(), STOPPING),
    ],
)
async def test_the_error_that_ended_the_api_is_the_reason(error: BaseException, reason: str) -> None:
    async with not_serving(listen("127.0.0.1", port := free_port())) as answers:
        with pytest.raises(type(error)):
            await end_with(answers, error)
        assert message(await ask(port)) == reason


async def test_a_connection_waits_where_nobody_answers_yet() -> None:
    listening = listen("127.0.0.1", port := free_port())
    asked = asyncio.ensure_future(ask(port))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    assert not asked.done()
    async with not_serving(listening):
        assert message(await asked) == STARTING


def test_a_port_that_is_taken_is_said() -> None:
    with (
        listen("127.0.0.1", port := free_port()),
        pytest.raises(Unavailable, match="see FRESHLINE_API_HOST and"),
    ):
        listen("127.0.0.1", port)
