"""The checks of a stack once nothing waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

from schemas.items import NO_REVIEWS
from tests.faults.events import bodies
from tests.faults.oracle import differences, expected
from tests.faults.view import LogView
from workers.search.hits import Shop, indexed_item
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from stream.kafka.partitions import Partition
    from tests.faults.feed import Sent
    from tests.faults.server_stack import ServerStack
    from tests.faults.stack import Stack

SHOWN_MAX = 5
SOON_MS = 60_000
FROM_CONTENT = (
    *("title", "titles", "description", "brand", "category", "attributes", "link", "image_link", "gtin"),
    *("item_group_id", "availability", "price", "currency", "rating", "review_count", "rating_histogram", "offers"),
    *("status", "updated_at"),
)
"""The fields of an item that its state alone decides."""


def check(stack: Stack | ServerStack, sent: Sequence[Sent], status: dict[str, Any], *, gives_up: bool) -> list[str]:
    """Return a sentence for each thing that is wrong.

    `status` is the answer of /status once the stack was quiet; `gives_up` says that there are texts that cannot be
    embedded.
    """
    _wait_for_boundaries(sent)
    items = {s.made.means["product_id"] for s in sent if s.made.means is not None}
    shown = {product_id: stack.indexed(product_id) for product_id in sorted(items)}
    now_ms = time.time_ns() // 1_000_000
    wanted = expected(bodies(s.made for s in sent), now_ms)
    view = asyncio.run(_read(stack))
    return [
        *_first("the oracle says otherwise", _against_oracle(shown, wanted)),
        *_first("the item log says otherwise", _against_log(shown, view, now_ms)),
        *_first("its vector is of another text", of_another_text(shown)),
        *_first("committed and lost", view.lost(view.commits)),
        *_first("committed and not in the index", _behind(shown, view)),
        *_first("given up", [] if gives_up else _given_up(shown, view)),
        *_first("dead letters", _letters(view, sent)),
        *_first("found though delisted", _found(stack, wanted, sent)),
        *([] if status["index"]["points"] == len(shown) else [f"{status['index']['points']} points of {len(shown)}"]),
    ]


def _wait_for_boundaries(sent: Sequence[Sent]) -> None:
    """Wait until no sale begins or ends during the checks."""
    now_ms = time.time_ns() // 1_000_000
    names = ("sale_starts_at", "sale_ends_at")
    times = [(s.made.means or {}).get(name, 0) for s in sent for name in names]
    last_ms = max((at_ms for at_ms in times if at_ms < now_ms + SOON_MS), default=0)
    time.sleep(max(0.0, (last_ms - now_ms) / 1000 + 1.0))


class _ReadLog(LogView):
    """The whole log, and the commits that were made before it was read."""

    commits: dict[Partition, int]


async def _read(stack: Stack | ServerStack) -> _ReadLog:
    view = _ReadLog(stack.kafka, stack.partitions)
    try:
        await view.start()
        view.commits = await view.committed()
        await view.catch_up()
    finally:
        await view.stop()
    return view


def _first(what: str, found: list[str]) -> list[str]:
    more = [f"{what}: {len(found)} in all"] if len(found) > 1 else []
    return [*more, *(f"{what}: {each}" for each in found[:SHOWN_MAX])]


def _against_oracle(shown: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> list[str]:
    return [
        difference
        for product_id, should in wanted.items()
        for difference in differences(product_id, should, shown[product_id])
    ]


def of_another_text(shown: dict[str, dict[str, Any]]) -> list[str]:
    """Return the items whose vector belongs to another text, although no embedding is pending and none failed."""
    return [p for p, item in shown.items() if item and not (item["vector_is_current"] or item["vector_failed"])]


def _behind(shown: dict[str, dict[str, Any]], view: _ReadLog) -> list[str]:
    """Return the items below the version that the commits of the item log's group promise."""
    least = view.searchable(view.commits)
    has = {product_id: item.get("version", 0) for product_id, item in shown.items()}
    return [f"{p}: version {has[p]}, {v} is committed" for p, v in least.items() if p in has and has[p] < v]


def _given_up(shown: dict[str, dict[str, Any]], view: LogView) -> list[str]:
    """Return the failed embeddings, and the refused records of the item log."""
    failed = [f"{p}: {item['vector_failed']}" for p, item in shown.items() if item and item["vector_failed"]]
    return [*failed, *(f"{letter[:3]}: {letter.reason}" for letter in view.letters if letter.topic == "items")]


def _against_log(shown: dict[str, dict[str, Any]], view: LogView, now_ms: int) -> list[str]:
    """Compare what the API shows with the product's own fold of its own log."""
    found = []
    for number, partition in view.states.items():
        for product_id, held in partition.items.items():
            reviews = held.summary if held.reviews else NO_REVIEWS
            item = content(held.state, reviews, partition=number, now_ms=now_ms, shop_currency=None)
            should = indexed_item(_payload(item), Shop(None, ("en",)), now_ms).model_dump()
            has = shown.get(product_id, {})
            found += [
                f"{product_id}: {name} is {has.get(name)!r:.200}, should be {should[name]!r:.200}"
                for name in FROM_CONTENT
                if has.get(name) != should[name]
            ]
    return found


def _payload(item: Any) -> Payload:
    unset = {"version": 0, "fingerprint": None, "vector_fingerprint": None, "vector_failed": None}
    times = {"product": None, "price": None, "reviews": None}
    return cast("Payload", {**item, **unset, "searchable_at_ms": times})


def _letters(view: LogView, sent: Sequence[Sent]) -> list[str]:
    """Check that the dead letters are the poisoned events of this log, each with its reason, and no others."""
    poisoned = {(s.topic, s.partition, s.offset): s.made.reason for s in sent if s.made.reason and s.offset >= 0}
    # A producer whose broker dies before it confirms sends the record again, and nobody knows where the first copy is.
    # The same holds for a record that was confirmed while its log died.
    copies = {(s.topic, s.partition, s.made.value) for s in sent if s.made.reason}
    letters = {
        letter[:3]: letter.reason
        for letter in view.letters
        if letter.topic != "items" and (letter[:3] in poisoned or (*letter[:2], letter.value) not in copies)
    }
    return [
        *(f"{origin} is not there: {reason}" for origin, reason in poisoned.items() if origin not in letters),
        *(
            f"{origin} says {letters[origin]!r}, not {reason!r}"
            for origin, reason in poisoned.items()
            if origin in letters and str(reason) not in letters[origin]
        ),
        *(f"{origin} is no poison: {reason}" for origin, reason in letters.items() if origin not in poisoned),
    ]


def _found(stack: Stack | ServerStack, wanted: dict[str, dict[str, Any]], sent: Sequence[Sent]) -> list[str]:
    """Search delisted items by their id and by their last title; return those that are found."""
    titles = {
        s.made.means["product_id"]: s.made.means["title"] for s in sent if s.made.means and "title" in s.made.means
    }
    delisted = [product_id for product_id, item in wanted.items() if item["status"] != "visible"]
    found = []
    for product_id in delisted:
        title = titles.get(product_id, product_id)
        words = title if isinstance(title, str) else next(iter(title.values()))
        for query in (product_id, words):
            hits = stack.get("/search", q=query[:200], limit=20)["hits"]
            found += [f"{product_id} by {query!r}" for hit in hits if hit["product_id"] == product_id]
    return found
