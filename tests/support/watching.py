"""Watches for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.queries import Filters
from schemas.watches import WatchRecord
from workers.watches.watch import Watch, watch_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload

FAR_MS = 2**50


def watch(
    watch_id: str = "w",
    q: str | None = None,
    product_id: str | None = None,
    *,
    expires_at_ms: int = FAR_MS,
    owner: str = "somebody",
    **filters: Any,
) -> Watch:
    """Return a watch on a search, or on a product."""
    record = WatchRecord(
        owner=owner,
        q=q,
        product_id=product_id,
        filters=Filters(**filters),
        created_at_ms=0,
        expires_at_ms=expires_at_ms,
    )
    return watch_of(watch_id, record)


class RememberedAlerts:
    """Remembers the ids of the alerts that it is given, by item."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
        self.sent += [(point["product_id"], alert_id) for _, alert_id in raised]
