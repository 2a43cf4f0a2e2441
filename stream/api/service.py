"""What the HTTP API needs of the process it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from schemas.queries import IndexedItem, SearchAnswer, SearchRequest
    from schemas.tokens import Token
    from stream.api.models import StatusReport
    from stream.runtime.jobs import JobReport


class Service(Protocol):
    """Answers requests. Methods may raise Unavailable (503), Refused (422) or Conflict (409); none blocks the loop."""

    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        """Answers once the event `after` is searchable, or with `fresh=False` when `wait_ms` have passed."""

    async def item(self, product_id: str) -> IndexedItem | None:
        """The point of an item, visible or not; None if there is none."""

    def placed(self, after: Token) -> Token:
        """The token with the id of this log. Raises Refused if it is of another one."""

    async def progress(self, after: Token, wait_ms: int) -> bool:
        """Waits at most `wait_ms` for the event; whether everything up to it is searchable (or in the dead letters)."""

    def start_rebuild(self, model: str | None, *, dry_run: bool) -> JobReport:
        """Begins one with this model, None: that of the settings, or the present one. Raises Conflict."""

    async def roll_back(self) -> dict[str, Any]:
        """The collection before the last rebuild serves again. Raises Conflict: none, or a rebuild runs."""

    async def finish_rebuild(self) -> dict[str, Any]:
        """Drops it. Raises Conflict: as `roll_back`."""

    def start_reconcile(self, *, repair: bool) -> JobReport:
        """Compares the index with the item state, and with `repair` mends it. Raises Conflict while that runs."""

    def job(self, kind: str) -> JobReport | None:
        """The last long work of this kind; None: there was none since the process started."""

    async def status(self) -> StatusReport:
        """All of it, computed now."""

    def ready(self) -> list[str]:
        """Why it cannot serve: a sentence each; empty when it can."""

    def metrics(self) -> bytes:
        """The Prometheus text format."""
