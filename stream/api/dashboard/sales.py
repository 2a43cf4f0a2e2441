"""The sale calendar: prices that change without an event, since a sale window opens or closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.times import rfc3339
from stream.api.dashboard.models import ChangedPrice, ComingPrice
from workers.search.hits import preferred
from workers.state.prices import price_changes_at_ms, price_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    """Return the changes up to then, the soonest first: the start of a sale as well as its end."""
    changes = [(at_ms, change) for payload in payloads for at_ms, change in _changes(payload, shop, until_ms)]
    return [change for _, change in sorted(changes, key=lambda each: (each[0], each[1].product_id))]


def _changes(payload: Payload, shop: Shop, until_ms: int) -> Iterator[tuple[int, ComingPrice]]:
    """Iterate over the times at which the item gets another price.

    A window changes none where it is that of a dearer offer, or never opens.
    """
    at_ms, before = payload["price_changes_at_ms"], (payload["price"], payload["currency"])
    while at_ms is not None and at_ms <= until_ms:
        then = price_now(payload["offers"], shop.currency, at_ms)
        if then != before:
            yield at_ms, _coming(payload, at_ms, before[0], then, shop)
        at_ms, before = price_changes_at_ms(payload["offers"], at_ms), then


def _coming(
    payload: Payload, at_ms: int, price: float | None, then: tuple[float | None, str | None], shop: Shop
) -> ComingPrice:
    return ComingPrice(
        product_id=payload["product_id"],
        title=preferred(payload["title"], shop.languages),
        at=rfc3339(at_ms),
        price=price,
        then=then[0],
        currency=then[1],
    )


def lately_turned(turned: Iterable[Turned], now_ms: int) -> list[Turned]:
    """Return the changes of the last hour, the last first."""
    return [each for each in turned if each.at_ms > now_ms - BACK_MS][::-1]


def changed_prices(turned: Iterable[Turned], payloads: Mapping[str, Payload], shop: Shop) -> list[ChangedPrice]:
    """Return the changes with the titles and prices of their items. `payloads`: the indexed items by product_id."""
    return [_changed(each, payloads.get(each.product_id), shop) for each in turned]


def _changed(turned: Turned, payload: Payload | None, shop: Shop) -> ChangedPrice:
    return ChangedPrice(
        product_id=turned.product_id,
        title=None if payload is None else preferred(payload["title"], shop.languages),
        price=None if payload is None else payload["price"],
        currency=None if payload is None else payload["currency"],
        at=rfc3339(turned.at_ms),
        late_seconds=max(0, turned.shown_at_ms - turned.at_ms) / 1000,
    )
