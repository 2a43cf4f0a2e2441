"""Points as search shows them: prices and offers computed for the moment of the answer, times as RFC 3339."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.queries import Hit, IndexedItem, SearchableAt, ShownOffer
from schemas.times import rfc3339
from workers.state.projection import offers_now, price_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.points import Offer, Payload

SHOWN_AS_STORED = (
    "product_id",
    "brand",
    "category",
    "attributes",
    "link",
    "image_link",
    "gtin",
    "item_group_id",
    "availability",
    "rating",
    "review_count",
    "rating_histogram",
)


class Shop(NamedTuple):
    """The shop's settings that decide what is shown."""

    currency: str | None
    """Of an item's price; None: that of most of its offers."""
    languages: tuple[str, ...]
    """In which order titles are preferred."""


def hit(payload: Payload, score: float, shop: Shop, now_ms: int) -> Hit:
    """A visible item that was found."""
    return Hit(**_shown(payload, shop, now_ms), score=score)


def indexed_item(payload: Payload, shop: Shop, now_ms: int) -> IndexedItem:
    """A point, visible or not, as it stands in the index."""
    return IndexedItem(
        **_shown(payload, shop, now_ms),
        status=payload["status"],
        version=payload["version"],
        updated_at=_times(payload["updated_at_ms"]),
        vector_failed=payload["vector_failed"],
    )


def preferred(texts: Mapping[str, str], languages: Sequence[str]) -> str | None:
    """The text in the first of these languages, or in a variant of it (zh: zh-Hant); else in any."""
    for language in languages:
        for candidate in sorted(texts):
            if candidate == language or candidate.startswith(f"{language}-"):
                return texts[candidate]
    return texts[min(texts)] if texts else None


def _shown(payload: Payload, shop: Shop, now_ms: int) -> dict[str, Any]:
    price, currency = price_now(payload["offers"], shop.currency, now_ms)
    stored: Mapping[str, Any] = payload
    return {
        **{field: stored[field] for field in SHOWN_AS_STORED},
        "title": preferred(payload["title"], shop.languages),
        "titles": payload["title"],
        "description": preferred(payload["description"], shop.languages),
        "price": price,
        "currency": currency,
        "offers": [_offer(offer, price) for offer, price in offers_now(payload["offers"], now_ms)],
        "searchable_at": _times(payload["searchable_at_ms"]),
        "vector_is_current": payload["vector_fingerprint"] == payload["fingerprint"],
    }


def _offer(offer: Offer, price: float) -> ShownOffer:
    return ShownOffer(
        seller=offer["seller"],
        price=price,
        regular_price=offer["price"],
        currency=offer["currency"],
        sale_ends_at=rfc3339(offer["sale_ends_at_ms"]) if price != offer["price"] else None,
        promotion=offer["promotion"],
        updated_at=rfc3339(offer["updated_at_ms"]) or "",
    )


def _times(times_ms: Mapping[str, int | None]) -> SearchableAt:
    return SearchableAt(**{facet: rfc3339(time_ms) for facet, time_ms in times_ms.items()})
