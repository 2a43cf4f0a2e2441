"""The interface between the routes of watches and the process that they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.watches import Alert, ShownWatch, WatchesRequest, WatchList, WatchRequest


class WatchApi(Protocol):
    """Keeps watches. Methods may raise RefusedRequest (422), NotFound (404), Conflict (409) or Unavailable (503)."""

    def key_of(self, secret: str | None) -> str | None:
        """Return the name of a key; None where the stack has no keys. Raises Unauthorized for a wrong key, or none."""

    @property
    def full(self) -> bool:
        """True if a further stream of alerts must be refused."""

    async def watch(self, request: WatchRequest, key: str | None) -> ShownWatch:
        """Set a watch, which belongs to the key and is in force once this returns."""

    def listed(self, request: WatchesRequest, key: str | None) -> WatchList:
        """Return watches of the key. Raises Conflict where the stack has no keys."""

    def shown(self, watch_id: str, key: str | None) -> ShownWatch:
        """Return a watch. Raises NotFound if the key has no such watch, or none any longer."""

    async def unwatch(self, watch_id: str, key: str | None) -> ShownWatch:
        """End a watch, and return it as it was."""

    def alerts(self, watch_id: str, after: str | None) -> AsyncIterator[Alert]:
        """Iterate over the alerts of a watch as they come, first those after the one with the id `after`."""

    def close(self) -> None:
        """End all streams of alerts, because the process ends. Idempotent."""
