"""Watches for the API that are kept in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import NotFound, RefusedRequest, Unauthorized
from schemas.watches import Alert, ShownWatch, WatchesRequest, WatchList, WatchRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = "2026-11-21T12:00:00.000Z"


def alert(watch_id: str, alert_id: str) -> Alert:
    """Return an alert of a lamp."""
    return Alert(
        id=alert_id,
        watch_id=watch_id,
        owner="somebody",
        q="lamp",
        target_price=None,
        product_id="lamp-1",
        title="Brass desk lamp",
        price=39.9,
        currency="EUR",
        availability=None,
        link=None,
        image_link=None,
        at=NOW,
    )


class StandInWatches:
    """Watches `w1`, `w2` and so on, each with two alerts; the product `gone` is unknown."""

    full = False
    closed = False

    def __init__(self) -> None:
        self.kept: dict[str, ShownWatch] = {}
        self.asked: list[WatchRequest] = []
        self.after: list[str | None] = []
        """After which alert each stream was to begin."""
        self.keys: dict[str, str] = {}
        """The names of the keys, if there are any."""

    def key_of(self, secret: str | None) -> str | None:
        if self.keys and secret not in self.keys:
            raise Unauthorized("send a key")
        return self.keys.get(secret or "")

    async def watch(self, request: WatchRequest, key: str | None) -> ShownWatch:
        if request.product_id == "gone":
            raise RefusedRequest("product_id", "no item gone was ever heard of")
        self.asked.append(request)
        watch_id = f"w{len(self.asked)}"
        self.kept[watch_id] = ShownWatch(
            id=watch_id,
            owner=request.owner,
            key=key,
            q=request.q,
            words=(request.q or "").split(),
            product_id=request.product_id,
            filters=request.filters.model_dump(exclude_none=True),
            matches_now=None,
            created_at=NOW,
            expires_at=NOW,
        )
        return self.kept[watch_id]

    def listed(self, request: WatchesRequest, key: str | None) -> WatchList:
        found = [each for each in self.kept.values() if each.key == key and request.owner in (None, each.owner)]
        return WatchList(watches=found[: request.limit], next=None)

    def shown(self, watch_id: str, key: str | None) -> ShownWatch:
        if watch_id not in self.kept or self.kept[watch_id].key != key:
            raise NotFound(f"there is no watch {watch_id}")
        return self.kept[watch_id]

    async def unwatch(self, watch_id: str, key: str | None) -> ShownWatch:
        ended = self.shown(watch_id, key)
        del self.kept[watch_id]
        return ended

    async def alerts(self, watch_id: str, after: str | None) -> AsyncIterator[Alert]:
        self.after.append(after)
        for alert_id in ("a1", "a2"):
            if after is None or alert_id > after:
                yield alert(watch_id, alert_id)

    def close(self) -> None:
        self.closed = True
