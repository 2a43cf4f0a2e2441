"""Searches for canaries over HTTP, through the server of this process, as a client on this machine does."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Self

import httpx
from pydantic import ValidationError

from schemas.errors import Unavailable
from stream.api.canary.models import ShownCanary
from stream.runtime.ports import url_of

if TYPE_CHECKING:
    import socket


class LoopbackSearch:
    """The API at an address, as a context manager. The probe bounds how long it waits for an answer."""

    def __init__(self, address: str) -> None:
        self._client = httpx.AsyncClient(base_url=address, timeout=None, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def shown_stamp_ms(self, number: int) -> int:
        """Return the `updated_at` of the change that a search for the canary of a partition shows; -1 if it shows none.

        Raises Unavailable if there is no answer, or another one.
        """
        try:
            answer = await self._client.get(f"/canary/{number}")
            shown = ShownCanary.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise Unavailable(f"the API at {self._client.base_url} does not answer a search: {error!r}") from error
        return -1 if shown.updated_at_ms is None else shown.updated_at_ms


def address_of(listening: socket.socket) -> str:
    """Return the URL at which this machine reaches a socket, which may listen on all addresses."""
    host, port, *_ = listening.getsockname()
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return url_of(str(address), port)
