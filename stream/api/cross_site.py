"""Refuses requests that change something and that a page of another site makes in a browser.

Such a page needs no answer: a form that posts to a stack on the same machine would roll an index back all the same.
Clients that are no browsers send neither header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from stream.api.error_answers import error_answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FORBIDDEN = 403
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})
"""The values of Sec-Fetch-Site of a page of the API itself, and of a person who typed the address."""


class SameOriginChanges:
    """Lets a request through if it reads, or if no page of another origin made it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, as ASGI has it."""
        if scope["type"] == "http" and scope["method"] not in _READING and is_foreign(Headers(scope=scope)):
            message = (
                "a page of another origin may not change anything here: open the dashboard at the API's own address"
            )
            await error_answer(FORBIDDEN, message)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_foreign(headers: Headers) -> bool:
    """Return whether a page of another origin makes a request with these headers.

    Browsers say `Sec-Fetch-Site` to https and to the machine itself, also through a proxy. To other addresses they say
    where the page is from (`Origin`), and where the request goes (`Host`).
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OWN
    origin = headers.get("origin")
    return origin is not None and _host(origin) != headers.get("host")


def _host(origin: str) -> str | None:
    """Return the host and port of an origin; None of one that has none, such as that of a file (`null`)."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None
