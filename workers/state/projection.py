"""The content that search shows of an item: a pure function of (state, reviews, now) that applies all masks.

This module enforces docs/invariants.md#5 and docs/invariants.md#6.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from schemas.canaries import is_canary
from schemas.items import SHOP
from schemas.offer_columns import OfferColumns
from schemas.points import Content, Facets, Offer, Status
from schemas.texts import attribute_key, attribute_values, field_key
from workers.state.left_out import offers_left_out, parts_left_out
from workers.state.limits import OFFERS_MAX
from workers.state.prices import currencies_of, currency_of, price_changes_at_ms, price_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from schemas.items import Entity, ItemState, ReviewSummary
    from schemas.logged_item import LoggedItem
    from workers.state.left_out import OfferState

PROJECTION_VERSION = 3
"""The version of the fields that `content` makes of a product. It rises whenever it makes others of the same state."""
DIGEST_BYTES = 12
OUT_OF_STOCK = "out_of_stock"


def content(
    state: ItemState, reviews: ReviewSummary, *, partition: int, now_ms: int, shop_currency: str | None
) -> Content:
    """Return the content of the item's point.

    Without a `shop_currency` the currency of the shop's own offer counts, else that of most offers.
    """
    values, parts = _shown(state.product)
    title = _sorted(parts["title"])
    of_facets = facets(_offers(state), reviews, now_ms=now_ms, shop_currency=shop_currency)
    return Content(
        **of_facets,
        product_id=state.product_id,
        partition=partition,
        status=_status(state, titled=bool(title)),
        title=title,
        description=_sorted(parts["description"]),
        brand=values.get("brand"),
        category=values.get("category", []),
        attributes=_sorted(parts["attributes"]),
        link=values.get("link"),
        image_link=values.get("image_link"),
        gtin=values.get("gtin"),
        item_group_id=values.get("item_group_id"),
        availability=values.get("availability"),
        name_keys=name_keys(values.get("brand"), values.get("category", []), parts["attributes"]),
        left_out=parts_left_out(state) + offers_left_out(state, of_facets),
        updated_at_ms=updated_at_ms(_time(state.product.latest_ms), state, reviews),
    )


def facets(on_offer: Sequence[Offer], reviews: ReviewSummary, *, now_ms: int, shop_currency: str | None) -> Facets:
    """Return the fields of the item's offers, all that are valid, sorted by seller, and of its reviews."""
    offers = _shown_offers(on_offer, shop_currency)
    price, currency = price_now(offers, shop_currency, now_ms)
    return Facets(
        offers=offers,
        sellers=on_offer.sellers if isinstance(on_offer, OfferColumns) else [offer["seller"] for offer in on_offer],
        currencies=sorted(currencies_of(on_offer)),
        price=price,
        currency=currency,
        price_changes_at_ms=price_changes_at_ms(offers, now_ms),
        rating=round(reviews.sum_hundredths / reviews.count / 100, 2) if reviews.count else None,
        review_count=reviews.count,
        rating_histogram=list(reviews.histogram),
    )


def updated_at_ms(product_ms: int | None, state: OfferState, reviews: ReviewSummary) -> dict[str, int | None]:
    """Return the greatest time at the source by facet."""
    return {"product": product_ms, "price": _time(state.price_latest_ms), "reviews": _time(reviews.latest_ms)}


def product_digest(item: LoggedItem) -> str:
    """Return the digest of the state that `content` makes the fields of the product from. The fields may be equal where
    the digest differs, since a record may say the same in other bytes."""
    digest = hashlib.blake2b(item.product_json, digest_size=DIGEST_BYTES).hexdigest()
    return f"{PROJECTION_VERSION}.{item.deleted_unversioned_ms}.{digest}"


def on_offer(state: ItemState) -> bool:
    """Return whether search may show the product and the product is not out of stock."""
    facts = state.product.facts
    titled = any(key.startswith("title/") and fact.value is not None for key, fact in facts.items())
    available = "availability" not in facts or facts["availability"].value != OUT_OF_STOCK
    return available and _status(state, titled=titled) is Status.VISIBLE


def shown_facts(state: ItemState, seller: str | None) -> dict[str, Any] | None:
    """Return the shown facts of the product (seller None) or of one offer, keyed as in an Entity.

    Return None if the product is not visible, or the offer is withdrawn, void or incomplete.
    """
    if seller is None:
        titled = bool(_shown(state.product)[1]["title"])
        visible = _status(state, titled=titled) is Status.VISIBLE
        return _values(state.product, -1) if visible else None
    offer = state.offers.get(seller)
    if offer is None or _offer(seller, offer, state.void_at_ms) is None:
        return None
    return _values(offer, state.void_at_ms)


def _status(state: ItemState, *, titled: bool) -> Status:
    if is_canary(state.product_id):
        return Status.CANARY
    floor = state.product.floor
    if floor is None:
        never_deleted = state.product.deleted is None and state.deleted_unversioned_ms < 0
        return Status.PARKED if never_deleted else Status.DELISTED
    if floor.updated_at_ms <= state.deleted_unversioned_ms:
        return Status.DELISTED
    return Status.VISIBLE if titled else Status.PARKED


def _shown(entity: Entity, void_at_ms: int = -1) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return (value by field, {name: {language or attribute: value}}) of facts not cleared and after the void."""
    values: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, (stamp, value) in entity.facts.items():
        if value is None or stamp.updated_at_ms <= void_at_ms:
            continue
        name, slash, part = key.partition("/")
        if slash:
            parts[name][part] = value
        else:
            values[name] = value
    return values, parts


def _values(entity: Entity, void_at_ms: int) -> dict[str, Any]:
    return {
        key: value
        for key, (stamp, value) in entity.facts.items()
        if value is not None and stamp.updated_at_ms > void_at_ms
    }


def _sorted(parts: dict[str, Any]) -> dict[str, Any]:
    return {part: parts[part] for part in sorted(parts)}


def _offers(state: ItemState) -> list[Offer]:
    offers = (_offer(seller, state.offers[seller], state.void_at_ms) for seller in sorted(state.offers))
    return [offer for offer in offers if offer is not None]


def _shown_offers(on_offer: Sequence[Offer], shop_currency: str | None) -> Sequence[Offer]:
    """Return the offers if there are few, else the shop's own and the cheapest ones in the currency of the item."""
    if len(on_offer) <= OFFERS_MAX:
        return on_offer
    currency = shop_currency or currency_of(on_offer)

    def rank(offer: Offer) -> tuple[bool, bool, float, str]:
        sale_price = offer["sale_price"]
        lowest = offer["price"] if sale_price is None else min(offer["price"], sale_price)
        return offer["seller"] != SHOP, offer["currency"] != currency, lowest, offer["seller"]

    return sorted(sorted(on_offer, key=rank)[:OFFERS_MAX], key=lambda offer: offer["seller"])


def name_keys(brand: str | None, category: Iterable[str], attributes: Mapping[str, Any]) -> list[str]:
    """Return the keys that the filters `brand`, `category` and `attribute` compare."""
    keys = [] if brand is None else [field_key("brand", brand)]
    said = {attribute_key(name, text) for name, value in attributes.items() for text in attribute_values(value)}
    return keys + sorted({field_key("category", level) for level in category}) + sorted(said)


def _offer(seller: str, offer: Entity, void_at_ms: int) -> Offer | None:
    """Return the offer; None if it is withdrawn, void, only patched, or has no price."""
    if offer.floor is None or offer.floor.updated_at_ms <= void_at_ms:
        return None
    values, parts = _shown(offer, void_at_ms)
    if "price" not in values or "currency" not in values:
        return None
    return Offer(
        seller=seller,
        price=values["price"],
        currency=values["currency"],
        sale_price=values.get("sale_price"),
        sale_starts_at_ms=values.get("sale_starts_at_ms"),
        sale_ends_at_ms=values.get("sale_ends_at_ms"),
        promotion=_sorted(parts["promotion"]),
        updated_at_ms=max([offer.floor.updated_at_ms, *(fact.stamp.updated_at_ms for fact in offer.facts.values())]),
    )


def _time(latest_ms: int) -> int | None:
    return None if latest_ms < 0 else latest_ms
