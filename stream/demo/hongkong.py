"""The Consumer Council's Online Price Watch (rows of hk_snapshot_* and hk_events) as product and price events.

product_id                     the same
name                           title, by language: en, tc -> zh-Hant, sc -> zh-Hans
brand.en, cat1-3.en            brand, category
brand, cat1-3 in Chinese       description, by language, so that search finds them, too
store                          seller
price newly listed             upsert of the offer; changed: patch of its price; price null: delete
offer                          patch of the promotion; null clears it
product_delete                 delete of the product, which voids its offers
ts, seq                        updated_at, version (a row of a snapshot has version 0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent

CURRENCY = "HKD"
_LANGUAGES = {"en": "en", "tc": "zh-Hant", "sc": "zh-Hans"}
_CATEGORIES = ("cat1", "cat2", "cat3")


def snapshot(rows: Iterable[dict[str, Any]]) -> Iterator[DemoEvent]:
    """Yield a product and its offers for each row of a snapshot."""
    for row in rows:
        stamp = {"updated_at": row["ts"], "version": 0}
        product_id = row["product_id"]
        yield _product(product_id, row, stamp)
        for seller, price in row["prices"].items():
            offer = {"price": price, "currency": CURRENCY, "promotion": _by_language(row["offers"].get(seller))}
            yield _offer(product_id, seller, offer, stamp)


def changes(rows: Iterable[dict[str, Any]]) -> Iterator[DemoEvent]:
    """Yield an event for each row of changes."""
    for row in rows:
        product_id, stamp = row["product_id"], {"updated_at": row["ts"], "version": row["seq"]}
        match row["event"]:
            case "product_upsert":
                yield _product(product_id, row["product"], stamp)
            case "product_delete":
                yield "products", product_id, {"product_id": product_id, "op": "delete", **stamp}
            case "price":
                yield _offer(product_id, row["store"], _price(row), stamp)
            case "offer":
                yield _offer(product_id, row["store"], {"op": "patch", "promotion": _promotion(row["offer"])}, stamp)


def _product(product_id: str, texts: dict[str, Any], stamp: dict[str, Any]) -> DemoEvent:
    category = [level["en"] for level in (texts.get(name) for name in _CATEGORIES) if level and level["en"]]
    product = {
        "product_id": product_id,
        "title": _by_language(texts["name"]),
        "brand": (texts["brand"] or {}).get("en"),
        "category": category,
        "description": _in_chinese([texts.get(name) for name in ("brand", *_CATEGORIES)]),
        **stamp,
    }
    return "products", product_id, product


def _offer(product_id: str, seller: str, offer: dict[str, Any], stamp: dict[str, Any]) -> DemoEvent:
    return "prices", product_id, {"product_id": product_id, "seller": seller, **offer, **stamp}


def _price(row: dict[str, Any]) -> dict[str, Any]:
    if row["price"] is None:
        return {"op": "delete"}
    return {"op": "upsert" if row["old_price"] is None else "patch", "price": row["price"], "currency": row["currency"]}


def _promotion(texts: dict[str, str | None] | None) -> dict[str, str | None] | None:
    """Return every language, with null for those that the new promotion lacks, so that a patch clears them."""
    return {language: texts.get(code) or None for code, language in _LANGUAGES.items()} if texts else None


def _by_language(texts: dict[str, str | None] | None) -> dict[str, str] | None:
    return {_LANGUAGES[code]: text for code, text in texts.items() if text} if texts else None


def _in_chinese(texts: list[dict[str, str | None] | None]) -> dict[str, str]:
    """Return the Chinese texts that are not empty, joined, by language."""
    joined: dict[str, str | None] = {
        code: "，".join(dict.fromkeys(part for text in texts if text and (part := text.get(code))))
        for code in ("tc", "sc")
    }
    return _by_language(joined) or {}
