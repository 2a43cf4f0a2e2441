"""What the stack's own API tells `up`."""

from __future__ import annotations

import asyncio

import httpx

POLL_S = 0.1
ANSWER_SECONDS_MAX = 5.0


class Probe:
    """Asks the API; whatever goes wrong means "not yet"."""

    def __init__(self, api: str) -> None:
        self.api = api
        self._http = httpx.AsyncClient(base_url=api, timeout=ANSWER_SECONDS_MAX, trust_env=False)

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def until_ready(self) -> None:
        """Returns once it can serve; without a bound, since a person waits and reads why it takes so long."""
        while not await self._is_ready():  # noqa: ASYNC110 (it is another process that gets ready)
            await asyncio.sleep(POLL_S)

    async def _is_ready(self) -> bool:
        try:
            return (await self._http.get("/readyz")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def lag_events(self) -> int | None:
        """Events that wait anywhere; None if it does not say."""
        try:
            answer = await self._http.get("/status")
            return int(answer.raise_for_status().json()["lag_events"])
        except (httpx.HTTPError, ValueError, KeyError):
            return None
