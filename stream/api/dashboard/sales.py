"""The sale calendar: prices that change without an event, since a sale window opens or closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.times import rfc3339
from stream.api.dashboard.models import ChangedPrice, ComingPrice
from workers.search.hits import preferred
from workers.state.prices import price_changes_at_ms, price_now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.points import Payload
    from stream.progress.recent_freshness import Turned
    from workers.search.hits import Shop

AHEAD_MS = 24 * 3_600_000
"""The time that the calendar looks ahead, in milliseconds."""
BACK_MS = 3_600_000
"""The time that it looks back, in milliseconds."""
READ_MAX = 1_000
"""The most items that are read for it; with more, the soonest of these are shown."""
SHOWN_MAX = 50


def coming_prices(payloads: Iterable[Payload], shop: Shop, until_ms: int) -> list[ComingPrice]:
    """Return the changes up to then, the soonest first, one an item: windows that change no price are passed over."""
    found = ((_next_change(payload, shop, until_ms), payload) for payload in payloads)
    changes = ((at_ms, payload) for at_ms, payload in found if at_ms is not None)
    soonest = sorted(changes, key=lambda each: (each[0], each[1]["product_id"]))
    return [_coming(payload, at_ms, shop) for at_ms, payload in soonest]


def _next_change(payload: Payload, shop: Shop, until_ms: int) -> int | None:
    """Return when the item has another price. A window may be that of a dearer offer, or never open."""
    at_ms = payload["price_changes_at_ms"]
    while at_ms is not None and at_ms <= until_ms:
        if price_now(payload["offers"], shop.currency, at_ms) != (payload["price"], payload["currency"]):
            return at_ms
        at_ms = price_changes_at_ms(payload["offers"], at_ms)
    return None


def _coming(payload: Payload, at_ms: int, shop: Shop) -> ComingPrice:
    then, _ = price_now(payload["offers"], shop.currency, at_ms)
    return ComingPrice(
        product_id=payload["product_id"],
        title=preferred(payload["title"], shop.languages),
        at=rfc3339(at_ms),
        price=payload["price"],
        then=then,
        currency=payload["currency"],
    )


def changed_prices(turned: Iterable[Turned], now_ms: int) -> list[ChangedPrice]:
    """Return the prices that changed in the last hour, at most `SHOWN_MAX`, the last first."""
    recent = [each for each in turned if each.at_ms > now_ms - BACK_MS]
    return [
        ChangedPrice(
            product_id=each.product_id,
            at=rfc3339(each.at_ms),
            late_seconds=max(0, each.shown_at_ms - each.at_ms) / 1000,
        )
        for each in reversed(recent[-SHOWN_MAX:])
    ]
