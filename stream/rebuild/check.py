"""Whether a new collection may serve: counts, contents and fingerprints, and what searches find in both."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.queries import Filters, SearchRequest
from workers.document import document
from workers.point.payload import PRICE_OF_A_MOMENT, changed_fields, is_visible
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from stream.runtime.jobs import Step
    from workers.embedder.interface import ModelId
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.interface import Index, Stored
    from workers.search.hits import Shop

COUNT_SECONDS_MAX = 10.0
"""Changes go on meanwhile, to one collection a moment before the other: equal once in this time is equal."""
COUNT_INTERVAL_S = 0.1
SEARCHES = 200
"""Of near copies any may be among the first ten: of a smaller sample chance alone would make up `FOUND_LESS_MAX`."""
SEED = 1
TOP = 10
OVERLAP_MIN = 0.5
"""Of the first ten of the sample's searches. The same model finds the same, but for what changes meanwhile, and for
the order among items that match equally well: in a catalogue of near copies that may be any of them."""
FOUND_LESS_MAX = 0.1
"""So much smaller may be the share of items that are among the first ten of a search for their own title."""
EXAMPLES_MAX = 3
REMEDY = "`freshline reconcile` says whether the old one is wrong, and mends it with --repair: then rebuild again"


class CheckReport(NamedTuple):
    """What was found."""

    figures: dict[str, Any]
    wrong: str | None
    """Why it may not serve: a sentence's part; None: it may."""


class Searched(NamedTuple):
    """Mean shares over the sample's searches, 0 to 1; 1 where there are none."""

    searches: int
    overlap: float
    """Of the old first ten, those among the new ones."""
    found_before: float
    """Of the items whose titles were searched for, those among the first ten."""
    found_now: float


async def check(step: Step, old: Index, new: Index, models: EmbedderRegistry, shop: Shop) -> CheckReport:
    """Compares them while both take changes. Raises Unavailable."""
    step.phase_begins("counting")
    counts = await _counts(old, new)
    differing, sample = await _contents(step, old, new)
    searched = await _search(step, sample, old, new, models, shop)
    figures = {"items": counts[1], **searched._asdict()}
    if counts[0] != counts[1]:
        return CheckReport(figures, f"it has {counts[1]} visible items, the old one {counts[0]}; {REMEDY}")
    if differing:
        shown = ", ".join(differing[:EXAMPLES_MAX])
        return CheckReport(figures, f"{len(differing)} items are not as they should be ({shown}); {REMEDY}")
    return CheckReport(figures, _worse(searched, alike=_alike(old, new)))


def _worse(searched: Searched, *, alike: bool) -> str | None:
    """Another model is to find other things; but an item by its own title, as before."""
    if searched.found_now < searched.found_before - FOUND_LESS_MAX:
        return f"it finds {searched.found_now:.0%} of items by their own title, the old one {searched.found_before:.0%}"
    if alike and searched.overlap < OVERLAP_MIN:
        return f"its searches share {searched.overlap:.0%} of the first ten, at least {OVERLAP_MIN:.0%} is wanted"
    return None


def _alike(old: Index, new: Index) -> bool:
    return (old.model, old.metadata.template_version) == (new.model, new.metadata.template_version)


async def _counts(old: Index, new: Index) -> tuple[int, int]:
    deadline = time.monotonic() + COUNT_SECONDS_MAX
    while True:
        counts = await old.count(Filters()), await new.count(Filters())
        if counts[0] == counts[1] or time.monotonic() > deadline:
            return counts
        await asyncio.sleep(COUNT_INTERVAL_S)


async def _contents(step: Step, old: Index, new: Index) -> tuple[list[str], list[str]]:
    """(product ids with a wrong fingerprint or another content at the same version, those to search for)."""
    step.phase_begins("comparing", await new.count_points())
    differing, sample = [], _Sample()
    async for page in new.scan():
        before = await old.stored([payload["product_id"] for payload in page])
        differing += [p["product_id"] for p in page if differs(before.get(p["product_id"]), p, new.model)]
        sample.take([payload["product_id"] for payload in page if _title(payload) is not None])
        step.done += len(page)
    return differing, sample.taken


def differs(old: Stored | None, new: Payload, model: ModelId) -> bool:
    """Whether this point of a new collection is surely wrong. What has another version meanwhile says nothing."""
    if is_visible(new) and new["fingerprint"] != document(new, model).fingerprint:
        return True
    if old is None or old.payload["version"] != new["version"]:
        return False
    return not changed_fields(old.payload, new).keys() <= set(PRICE_OF_A_MOMENT)


class _Sample:
    """A uniform sample of what came by (Vitter 1985, algorithm R), the same for the same items."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        self._seen = 0
        self.taken: list[str] = []

    def take(self, product_ids: Sequence[str]) -> None:
        for product_id in product_ids:
            self._seen += 1
            place = self._random.randrange(self._seen)
            if len(self.taken) < SEARCHES:
                self.taken.append(product_id)
            elif place < SEARCHES:
                self.taken[place] = product_id


def _searcher(index: Index, models: EmbedderRegistry, shop: Shop) -> Searcher:
    async def this() -> Index:
        return index

    return Searcher(this, models.queries, shop)


async def _search(
    step: Step, sample: Sequence[str], old: Index, new: Index, models: EmbedderRegistry, shop: Shop
) -> Searched:
    step.phase_begins("searching", len(sample))
    searchers = [_searcher(index, models, shop) for index in (old, new)]
    shares = []
    for product_id in sample:
        title = await _title_now(new, product_id)
        if title is not None:
            before, now = [await _found(searcher, title) for searcher in searchers]
            shares.append((len(before & now) / max(1, len(before)), product_id in before, product_id in now))
        step.done += 1
    means = [round(sum(column) / len(shares), 3) for column in zip(*shares, strict=True)]
    return Searched(len(shares), *means) if shares else Searched(0, 1.0, 1.0, 1.0)


async def _title_now(index: Index, product_id: str) -> str | None:
    """A title that has changed since the sample was taken would no longer be the item's own."""
    stored = (await index.stored([product_id])).get(product_id)
    return None if stored is None else _title(stored.payload)


def _title(payload: Payload) -> str | None:
    """The first of what can be searched for; None: nothing can."""
    return next(iter(payload["title"].values()), None) if is_visible(payload) else None


async def _found(searcher: Searcher, title: str) -> set[str]:
    request = SearchRequest(q=title[:200], limit=TOP)
    return {hit.product_id for hit in (await searcher.search(request, time.time_ns() // 1_000_000)).hits}
