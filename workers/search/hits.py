"""Renders points as hits: prices and offers are computed for the moment of the answer, times are RFC 3339."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.answers import Hit, IndexedItem, SearchableAt, ShownOffer, Variants
from schemas.times import rfc3339
from workers.state.prices import offers_by, offers_now, price_now, regular_price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.explanations import HitExplanation
    from schemas.points import Offer, Payload
    from schemas.queries import Filters

FIELDS_AS_STORED = (
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

VARIANTS_MAX = 100
"""The most ids of variants that a hit lists."""
UNSHOWABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""The errors of rendering a payload with a value that no answer can have. Freshline writes none; the index may hold one
that an older release or a foreign writer wrote."""


class Shop(NamedTuple):
    """The settings of the shop that a rendered hit depends on."""

    currency: str | None
    """The currency of an item's price; None: that of the shop's own offer, else of most offers."""
    languages: tuple[str, ...]
    """The languages of titles and descriptions, the preferred one first."""
    sellers: tuple[str, ...] | None = None
    """The sellers whose lowest price is that of an item; None: all."""

    def asked_for(self, filters: Filters, currency: str | None) -> Shop:
        """Return the shop with the sellers, and the currency, whose prices a search asks for."""
        return self._replace(currency=currency, sellers=filters.seller)


class Shown(NamedTuple):
    """The facts that put a hit where it is, besides its score."""

    pinned: str | None = None
    """The rule that pins it."""
    team: str | None = None
    """The ranking that it came from, where two are compared."""


BY_SCORE = Shown()


def hit(
    payload: Payload,
    score: float,
    shop: Shop,
    now_ms: int,
    product_ids: Sequence[str] = (),
    by: Shown = BY_SCORE,
    explanation: HitExplanation | None = None,
) -> Hit:
    """Render a visible item that was found. `product_ids`: the found items of its group, if the search groups."""
    listed = list(product_ids[:VARIANTS_MAX])
    variants = Variants(count=len(product_ids), product_ids=listed) if listed else None
    return Hit(
        **_rendered(payload, shop, now_ms), score=score, variants=variants, explanation=explanation, **by._asdict()
    )


def indexed_item(payload: Payload, shop: Shop, now_ms: int) -> IndexedItem:
    """Render a point, visible or not, as the index holds it."""
    return IndexedItem(
        **_rendered(payload, shop, now_ms),
        status=payload["status"],
        version=payload["version"],
        updated_at=_times(payload["updated_at_ms"]),
        vector_failed=payload["vector_failed"],
    )


def why_unshowable(payload: Payload, now_ms: int) -> str:
    """Return why no answer can show a point; empty if one can."""
    try:
        indexed_item(payload, Shop(None, ()), now_ms).model_dump_json()
    except UNSHOWABLE as error:
        return repr(error)
    return ""


def preferred(texts: Mapping[str, str], languages: Sequence[str]) -> str | None:
    """Return the text in the first of these languages or a variant of it (zh: zh-Hant), else in any language."""
    for language in languages:
        for candidate in sorted(texts):
            if candidate == language or candidate.startswith(f"{language}-"):
                return texts[candidate]
    return texts[min(texts)] if texts else None


def discount_percent(price: float, regular_price: float) -> int:
    """Return how much lower the price is, in whole percent of the regular price, rounded down; 0 if it is not lower."""
    if price >= regular_price:
        return 0
    regular = Decimal(repr(regular_price))
    return int(100 * (regular - Decimal(repr(price))) / regular)


def _rendered(payload: Payload, shop: Shop, now_ms: int) -> dict[str, Any]:
    offers = offers_now(payload["offers"], now_ms)
    counting = offers_by(payload["offers"], shop.sellers)
    price, currency = price_now(counting, shop.currency, now_ms)
    regular = regular_price(counting, price, currency, now_ms)
    stored: Mapping[str, Any] = payload
    return {
        **{field: stored[field] for field in FIELDS_AS_STORED},
        "left_out": stored.get("left_out") or [],
        "title": preferred(payload["title"], shop.languages),
        "titles": payload["title"],
        "description": preferred(payload["description"], shop.languages),
        "price": price,
        "regular_price": regular,
        "discount_percent": 0 if price is None or regular is None else discount_percent(price, regular),
        "currency": currency,
        "offers": [_rendered_offer(offer, pays) for offer, pays in offers],
        "searchable_at": _times(payload["searchable_at_ms"]),
        "vector_is_current": payload["vector_fingerprint"] == payload["fingerprint"],
    }


def _rendered_offer(offer: Offer, price: float) -> ShownOffer:
    return ShownOffer(
        seller=offer["seller"],
        price=price,
        regular_price=offer["price"],
        discount_percent=discount_percent(price, offer["price"]),
        currency=offer["currency"],
        sale_ends_at=rfc3339(offer["sale_ends_at_ms"]) if price != offer["price"] else None,
        promotion=offer["promotion"],
        updated_at=rfc3339(offer["updated_at_ms"]) or "",
    )


def _times(times_ms: Mapping[str, int | None]) -> SearchableAt:
    return SearchableAt(**{facet: rfc3339(time_ms) for facet, time_ms in times_ms.items()})
