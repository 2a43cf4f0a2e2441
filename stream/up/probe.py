"""The probe: `up` asks the HTTP API of its own stack whether it is ready, and for its status."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stream.up.child_process import Say

READY_INTERVAL_S = 0.1
WATCH_INTERVAL_S = 2.0
ANSWER_SECONDS_MAX = 10.0
"""The longest wait for an answer. The API waits less for a broker that hangs."""
SILENT = "the index worker runs but does not answer: it hangs, or the machine is overloaded; killed, it starts anew"


class Probe:
    """Asks the API. A failed request counts as "not yet"."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.trouble: str | None = None
        """The reason why the last request failed although the index worker runs: the error that it answered, or its
        silence."""
        self._http = httpx.AsyncClient(base_url=api, timeout=ANSWER_SECONDS_MAX, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def until_ready(self) -> None:
        """Wait until the API can serve.

        The wait has no bound, because the person who waits can read why it takes long.
        """
        while not await self._is_ready():  # noqa: ASYNC110 (another process gets ready)
            await asyncio.sleep(READY_INTERVAL_S)

    async def _is_ready(self) -> bool:
        return await self._get("/readyz") is not None

    async def inputs_waiting(self) -> int | None:
        """Return the number of events that no items worker has acked; None if the API does not say."""
        status = await self.status()
        return None if status is None else sum(status["lag"]["inputs"].values())

    async def status(self) -> dict[str, Any] | None:
        """Return the answer of /status; None if there is none."""
        answer = await self._get("/status")
        return None if answer is None else dict(answer.json())

    async def watch(
        self,
        say: Say,
        note_status: Callable[[dict[str, Any]], Awaitable[None]],
        interval_s: float = WATCH_INTERVAL_S,
    ) -> None:
        """Ask for /status until cancelled, and pass each answer to `note_status`.

        Print one line for each reason for which /status fails or does not answer, and one when it answers again.
        """
        said = set[str]()
        while True:
            await asyncio.sleep(interval_s)
            status = await self.status()
            if self.trouble and self.trouble not in said:
                said.add(self.trouble)
                say(self.trouble)
            elif said and status is not None:
                said.clear()
                say("all answers again")
            if status is not None:
                await note_status(status)

    async def _get(self, path: str) -> httpx.Response | None:
        self.trouble = None
        try:
            return (await self._http.get(path)).raise_for_status()
        except httpx.TimeoutException:
            self.trouble = SILENT
        except httpx.HTTPStatusError as error:
            self.trouble = _message(error.response)
        except httpx.HTTPError:  # The index worker is being started; `keep_running` says so.
            pass
        return None


def _message(refusal: httpx.Response) -> str | None:
    """Return the error message of an answer.

    None if the answer is not Freshline's JSON, as from the HTTP server of a worker that is just ending.
    """
    try:
        return str(refusal.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return None
