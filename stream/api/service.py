"""What the HTTP API needs of the process it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from schemas.errors import FreshlineError

if TYPE_CHECKING:
    from schemas.queries import IndexedItem, SearchAnswer, SearchRequest
    from schemas.tokens import Token
    from stream.api.models import StatusReport


class Refused(FreshlineError):
    """A request that only the service can see is wrong, such as a partition that does not exist: HTTP 422."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Busy(FreshlineError):
    """What was asked for cannot begin while something else runs: HTTP 409."""


class Service(Protocol):
    """Answers requests. Methods may raise Unavailable (HTTP 503), Refused (422) or Busy (409); none blocks the loop."""

    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        """Answers once the event `after` is searchable, or with `fresh=False` when `wait_ms` have passed."""

    async def item(self, product_id: str) -> IndexedItem | None:
        """The point of an item, visible or not; None if there is none."""

    async def progress(self, after: Token, wait_ms: int) -> bool:
        """Waits at most `wait_ms` for the event; whether everything up to it is searchable (or in the dead letters)."""

    async def status(self) -> StatusReport:
        """All of it, computed now."""

    def ready(self) -> list[str]:
        """Why it cannot serve: a sentence each; empty when it can."""

    def metrics(self) -> bytes:
        """The Prometheus text format."""
