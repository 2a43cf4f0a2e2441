"""The items that the index must show after these events: the last writer wins, field by field. Written apart from the
product.

The events of one thing (a product, an offer, a review) are applied one after the other in the order of their stamps.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Body = dict[str, Any]
TEXTS = ("title", "description", "promotion")
PRODUCT_FIELDS = ("brand", "gtin", "availability")
CUT_MARK = "…"


class Thing(NamedTuple):
    """One thing after all its events."""

    at_ms: int
    """The time of the upsert that it stands on."""
    fields: dict[str, tuple[Any, int]]
    """The value and its time, by name or name/part."""


def expected(events: Iterable[tuple[str, Body]], now_ms: int) -> dict[str, Body]:
    """Return by product_id the fields that GET /items must show, as far as the oracle looks."""
    things: dict[str, dict[tuple[str, str], list[Body]]] = defaultdict(lambda: defaultdict(list))
    for topic, body in events:
        part = {"products": "", "prices": body.get("seller", "shop"), "reviews": body.get("review_id", "")}[topic]
        things[body["product_id"]][topic, part].append(body)
    return {product_id: _item(parts, now_ms) for product_id, parts in things.items()}


def _item(parts: dict[tuple[str, str], list[Body]], now_ms: int) -> Body:
    products = parts.get(("products", ""), [])
    deletes = [body for body in products if body.get("op") == "delete"]
    void_ms = max((body["updated_at"] for body in deletes), default=-1)
    # A null record, or another delete without a version, ends what is older than it by time, versions or not.
    ended_ms = max((body["updated_at"] for body in deletes if "version" not in body), default=-1)
    product = _applied([body for body in products if not (body in deletes and "version" not in body)])
    alive = product is not None and product.at_ms > ended_ms
    shown = {name: value for name, (value, _) in product.fields.items()} if product else {}
    offers = {
        seller: offer
        for (topic, seller), bodies in parts.items()
        if topic == "prices" and (offer := _offer(_applied(bodies), void_ms, now_ms)) is not None
    }
    ratings = [
        thing.fields["rating"][0]
        for (topic, _), bodies in parts.items()
        if topic == "reviews" and (thing := _applied(bodies)) is not None and "rating" in thing.fields
    ]
    return {
        "status": "visible" if alive else "delisted" if deletes else "parked",
        **(_product(shown) if alive else {}),
        "offers": offers,
        "price": min((offer["price"] for offer in offers.values()), default=None),
        "review_count": len(ratings),
        "rating": round(sum(100 * rating for rating in ratings) / len(ratings) / 100, 2) if ratings else None,
        "rating_histogram": [ratings.count(stars) for stars in range(1, 6)],
    }


def _product(shown: Body) -> Body:
    """Return the fields of a visible product; the oracle ignores a delisted one."""
    return {
        "titles": _parts(shown, "title"),
        "description": _preferred(_parts(shown, "description")),
        "attributes": _parts(shown, "attributes"),
        **{name: shown.get(name) for name in PRODUCT_FIELDS},
        "category": shown.get("category", []),
    }


def _applied(bodies: list[Body]) -> Thing | None:
    """Return the thing after its events; None if it is withdrawn, or was never written whole."""
    thing: Thing | None = None
    for body in sorted(bodies, key=_stamp):
        op, at_ms = body.get("op", "upsert"), body["updated_at"]
        fields = {name: (value, at_ms) for name, value in _flat(body).items()}
        if op == "upsert":
            thing = Thing(at_ms, fields)
        elif op == "delete":
            thing = None
        elif thing is not None:
            thing = Thing(thing.at_ms, thing.fields | fields)
    return thing


def _stamp(body: Body) -> tuple[bool, int, int]:
    return "version" in body, body.get("version", 0), body["updated_at"]


def _flat(body: Body) -> Body:
    """Return texts by language and attributes by name as fields of their own; fields that an upsert leaves out are
    absent."""
    flat: Body = {}
    for name, value in body.items():
        if name in TEXTS or name == "attributes":
            parts = value if isinstance(value, dict) else {"und": value}
            flat |= {f"{name}/{part}": text.strip() if isinstance(text, str) else text for part, text in parts.items()}
            if value is None:
                flat |= {f"{name}/{language}": None for language in ("en", "zh-Hant", "zh-Hans", "und")}
        else:
            flat[name] = value
    return flat


def _parts(fields: Body, name: str) -> Body:
    return {key.partition("/")[2]: v for key, v in fields.items() if key.startswith(f"{name}/") and v is not None}


def _preferred(texts: Body) -> str | None:
    return texts.get("en") or (texts[min(texts)] if texts else None)


def _offer(offer: Thing | None, void_ms: int, now_ms: int) -> Body | None:
    if offer is None or offer.at_ms <= void_ms:
        return None
    fields = {name: value for name, (value, at_ms) in offer.fields.items() if at_ms > void_ms and value is not None}
    if "price" not in fields:
        return None
    starts, ends = fields.get("sale_starts_at", 0), fields.get("sale_ends_at", now_ms + 1)
    on_sale = "sale_price" in fields and starts <= now_ms < ends
    price = float(fields["sale_price" if on_sale else "price"])
    return {"price": price, "regular_price": float(fields["price"]), "promotion": _parts(fields, "promotion")}


def differences(product_id: str, wanted: Body, shown: Body) -> list[str]:
    """Return a line for each field that differs."""
    offers = {offer["seller"]: offer for offer in shown.get("offers", [])}
    comparable = shown | {
        "offers": {
            seller: {name: offer[name] for name in ("price", "regular_price", "promotion")}
            for seller, offer in offers.items()
        }
    }
    return [
        f"{product_id}: {field} is {comparable.get(field)!r:.200}, should be {value!r:.200}"
        for field, value in wanted.items()
        if not _same(value, comparable.get(field))
    ]


def _same(wanted: Any, shown: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(shown, dict):
        return wanted.keys() == shown.keys() and all(map(_same, wanted.values(), map(shown.get, wanted)))
    if isinstance(wanted, str) and isinstance(shown, str) and shown.endswith(CUT_MARK):
        return wanted.startswith(shown.removesuffix(CUT_MARK))
    return bool(operator.eq(wanted, shown))
