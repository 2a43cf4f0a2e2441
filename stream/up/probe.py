"""What the stack's own API tells `up`."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

POLL_S = 0.1
ANSWER_SECONDS_MAX = 10.0
"""Longer than the API waits for a broker that hangs."""


class Probe:
    """Asks the API; whatever goes wrong means "not yet"."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.is_silent = False
        """Whether the last question was taken, or queued, and not answered in time."""
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
        try:
            answer = await self._http.get(path)
            self.is_silent = False
            return answer.raise_for_status()
        except httpx.HTTPError as error:
            self.is_silent = isinstance(error, httpx.TimeoutException)
            return None
