"""What the stack's own API tells `up`."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

POLL_S = 0.1
ANSWER_SECONDS_MAX = 10.0
"""Longer than the API waits for a broker that hangs."""
SILENT = "the index worker runs but does not answer: it hangs, or the machine is overloaded; killed, it starts anew"


class Probe:
    """Asks the API; whatever goes wrong means "not yet"."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.trouble: str | None = None
        """What the last question met where the index worker is there: its refusal, or silence."""
        self._http = httpx.AsyncClient(base_url=api, timeout=ANSWER_SECONDS_MAX, trust_env=False)

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def until_ready(self) -> None:
        """Returns once it can serve; without a bound, since a person waits and reads why it takes so long."""
        while not await self._is_ready():  # noqa: ASYNC110 (it is another process that gets ready)
            await asyncio.sleep(POLL_S)

    async def _is_ready(self) -> bool:
        return await self._get("/readyz") is not None

    async def inputs_waiting(self) -> int | None:
        """Events that no items worker has finished; None if it does not say."""
        status = await self.status()
        return None if status is None else sum(status["lag"]["inputs"].values())

    async def status(self) -> dict[str, Any] | None:
        """The answer of /status; None if it does not say."""
        answer = await self._get("/status")
        return None if answer is None else dict(answer.json())

    async def _get(self, path: str) -> httpx.Response | None:
        self.trouble = None
        try:
            return (await self._http.get(path)).raise_for_status()
        except httpx.TimeoutException:
            self.trouble = SILENT
        except httpx.HTTPStatusError as error:
            self.trouble = _message(error.response)
        except httpx.HTTPError:  # It is being started: who starts it tells of that.
            pass
        return None


def _message(refusal: httpx.Response) -> str | None:
    """What it says; None of a worker that is just ending, whose HTTP server breaks off in words of its own."""
    try:
        return str(refusal.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return None
