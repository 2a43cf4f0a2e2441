"""The real oracle: three years of Hong Kong's price changes, folded in any order, give the source's own last snapshot.

Run over everything with `python tests/oracle/hongkong.py [FOLDER]` (default ../shared/data); exits 1 on a difference.
"""

from __future__ import annotations

import gzip
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemState
from schemas.texts import CUT_MARK
from stream.demo import hongkong
from workers.state.fold import fold
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent

Row = dict[str, Any]
Item = dict[str, Any]
"""{"title", "prices": {seller: price}, "promotions": {seller: {language: text}}} of a visible product."""

NOW_MS = 1_800_000_000_000


def rows(path: Path) -> Iterator[Row]:
    """Yield the objects of a gzip-compressed file of JSON lines."""
    with gzip.open(path, "rb") as lines:
        yield from map(orjson.loads, lines)


def folded(events: Iterable[DemoEvent]) -> dict[str, Item]:
    """Return the items that Freshline shows after the events, by product_id of the visible products."""
    states: dict[str, ItemState] = {}
    for topic, product_id, body in events:
        event = parse(topic, product_id.encode(), orjson.dumps(body), arrived_at_ms=NOW_MS, event_time_ms=None)
        states[product_id] = fold(states.get(product_id) or ItemState(product_id), event)
    shown = (content(s, NO_REVIEWS, partition=0, now_ms=NOW_MS, shop_currency=None) for s in states.values())
    return {
        item["product_id"]: {
            "title": item["title"],
            "prices": {offer["seller"]: offer["price"] for offer in item["offers"]},
            "promotions": {offer["seller"]: offer["promotion"] for offer in item["offers"] if offer["promotion"]},
        }
        for item in shown
        if item["status"] == "visible"
    }


def snapshot(products: Iterable[Row]) -> dict[str, Item]:
    """Return the items of a snapshot in the same form; promotions of stores that list no price are left out."""
    languages = {"en": "en", "tc": "zh-Hant", "sc": "zh-Hans"}

    def text(source: Row) -> Row:
        return {languages[code]: said.strip() for code, said in source.items() if said and said.strip()}

    return {
        row["product_id"]: {
            "title": text(row["name"]),
            "prices": row["prices"],
            "promotions": {store: text(row["offers"][store]) for store in row["offers"] if store in row["prices"]},
        }
        for row in products
    }


def with_cuts(wanted: dict[str, Item], found: dict[str, Item]) -> dict[str, Item]:
    """Return `wanted`, its promotions cut where `found` says that it cut a longer text that begins so."""

    def as_cut(should: str, shown: str) -> str:
        return shown if shown.endswith(CUT_MARK) and should.startswith(shown.removesuffix(CUT_MARK)) else should

    return {
        product_id: item
        | {
            "promotions": {
                store: {code: as_cut(text, shown.get(store, {}).get(code, "")) for code, text in texts.items()}
                for store, texts in item["promotions"].items()
            }
        }
        for product_id, item in wanted.items()
        for shown in [found.get(product_id, {}).get("promotions", {})]
    }


def applied(start: Iterable[Row], changes: Iterable[Row]) -> list[Row]:
    """Apply the source's changes one after the other to the rows of a snapshot, which is the source's own meaning of
    them."""
    items = {row["product_id"]: {**row, "prices": {**row["prices"]}, "offers": {**row["offers"]}} for row in start}
    for row in changes:
        product_id = row["product_id"]
        empty: Row = {"product_id": product_id, "prices": {}, "offers": {}}
        if row["event"] == "product_delete":
            items.pop(product_id, None)
        elif row["event"] == "product_upsert":
            items[product_id] = items.get(product_id, empty) | row["product"]
        else:
            field, value = ("prices", row["price"]) if row["event"] == "price" else ("offers", row["offer"])
            held = items.setdefault(product_id, empty)[field]
            held.pop(row["store"], None) if value is None else held.update({row["store"]: value})
    return list(items.values())


def differences(found: dict[str, Item], wanted: dict[str, Item], field: str) -> list[str]:
    """Return one line for each product that shows another `field`, or is missing or too many."""
    return [
        f"{product_id}: {field} {shown}, should be {should}"
        for product_id in sorted(found.keys() | wanted.keys())
        if (shown := found.get(product_id, {}).get(field)) != (should := wanted.get(product_id, {}).get(field))
    ]


def main(folder: Path) -> int:
    """Fold everything in order and shuffled, and print figures; return 1 if a price differs from the last snapshot."""
    events = [*hongkong.snapshot(rows(folder / "hk_snapshot_start.jsonl.gz"))]
    changes = [*hongkong.changes(rows(folder / "hk_events.jsonl.gz"))]
    wanted = snapshot(rows(folder / "hk_snapshot_end.jsonl.gz"))
    events += changes
    failed = False
    for order in ("in order", "shuffled", "shuffled, a tenth twice"):
        began = time.monotonic()
        found = folded(events)
        seconds = time.monotonic() - began
        print(f"{order}: {len(events)} events, {len(found)} of {len(wanted)} products visible, {seconds:.0f} s")
        for field in ("prices", "title", "promotions"):
            wrong = differences(found, with_cuts(wanted, found), field)
            failed |= bool(wrong)
            print(f"  {field}: {len(wrong)} differences", *wrong[:3], sep="\n    ")
        random.Random(7).shuffle(events)
        if order == "shuffled":
            events += events[: len(events) // 10]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")))
