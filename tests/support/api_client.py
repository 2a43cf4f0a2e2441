"""A client of the API in the process of the test, without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from stream.api.app import create_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.standing_in import StandIn


def api_client(service: StandIn, *, raises: bool = True, cors_origins: Sequence[str] = ()) -> httpx.AsyncClient:
    """Return a client of the API over a stand-in. Without `raises` an error that nobody handles is an answer of 500."""
    app = create_app(service.services, cors_origins=cors_origins)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=raises), base_url="http://freshline"
    )
