"""Whether a new collection may serve: counts, contents and fingerprints, and what searches find in both."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.queries import Filters, SearchRequest
from workers.document import document
from workers.point import PRICE_OF_A_MOMENT, changed_fields, is_visible
from workers.search import Searcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from stream.index.jobs import Step
    from workers.embedder.interface import ModelId
    from workers.embedder.models import Models
    from workers.index.interface import Index, Stored
    from workers.shown import Shop

COUNT_SECONDS_MAX = 10.0
"""Changes go on meanwhile, to one collection a moment before the other: equal once in this time is equal."""
COUNT_INTERVAL_S = 0.1
SEARCHES = 50
SEED = 1
TOP = 10
OVERLAP_MIN = 0.9
"""Of the first ten of the sample's searches: the same model finds the same, but for what changes meanwhile."""
OVERLAP_OF_ANOTHER_MODEL_MIN = 0.2
"""The words find the same under any model."""
EXAMPLES_MAX = 3


class Report(NamedTuple):
    """What was found."""

    figures: dict[str, Any]
    wrong: str | None
    """Why it may not serve: a sentence's part; None: it may."""


async def check(step: Step, old: Index, new: Index, models: Models, shop: Shop) -> Report:
    """Compares them while both take changes. Raises Unavailable."""
    step.phase_begins("counting")
    counts = await _counts(old, new)
    differing, titles = await _contents(step, old, new)
    overlap = await _overlap(step, titles, *(_searcher(index, models, shop) for index in (old, new)))
    least = OVERLAP_MIN if _alike(old, new) else OVERLAP_OF_ANOTHER_MODEL_MIN
    figures = {"items": counts[1], "searches": len(titles), "overlap": None if overlap is None else round(overlap, 3)}
    if counts[0] != counts[1]:
        return Report(figures, f"it has {counts[1]} visible items, the old one {counts[0]}")
    if differing:
        shown = ", ".join(differing[:EXAMPLES_MAX])
        return Report(figures, f"{len(differing)} items are not as they should be ({shown})")
    if overlap is not None and overlap < least:
        return Report(figures, f"its searches share {overlap:.0%} of the first ten, at least {least:.0%} is wanted")
    return Report(figures, None)


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
    """(product ids with a wrong fingerprint or another content at the same version, titles to search for)."""
    step.phase_begins("comparing", await new.count_points())
    differing, sample = [], _Sample()
    async for page in new.scan():
        before = await old.stored([payload["product_id"] for payload in page])
        differing += [p["product_id"] for p in page if differs(before.get(p["product_id"]), p, new.model)]
        sample.take([title for p in page if is_visible(p) for title in list(p["title"].values())[:1]])
        step.done += len(page)
    return differing, sample.titles


def differs(old: Stored | None, new: Payload, model: ModelId) -> bool:
    """Whether this point of a new collection is surely wrong. What has another version meanwhile says nothing."""
    if is_visible(new) and new["fingerprint"] != document(new, model).fingerprint:
        return True
    if old is None or old.payload["version"] != new["version"]:
        return False
    return not changed_fields(old.payload, new).keys() <= set(PRICE_OF_A_MOMENT)


class _Sample:
    """A uniform sample of what came by (Vitter 1985, algorithm R), the same for the same titles."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        self._seen = 0
        self.titles: list[str] = []

    def take(self, titles: Sequence[str]) -> None:
        for title in titles:
            self._seen += 1
            place = self._random.randrange(self._seen)
            if len(self.titles) < SEARCHES:
                self.titles.append(title)
            elif place < SEARCHES:
                self.titles[place] = title


def _searcher(index: Index, models: Models, shop: Shop) -> Searcher:
    async def this() -> Index:
        return index

    return Searcher(this, models.queries, shop)


async def _overlap(step: Step, titles: Sequence[str], old: Searcher, new: Searcher) -> float | None:
    """The mean share of the old first ten that are among the new ones; None without searches."""
    step.phase_begins("searching", len(titles))
    shares = []
    for title in titles:
        before, now = [await _found(searcher, title) for searcher in (old, new)]
        shares.append(len(before & now) / max(1, len(before)))
        step.done += 1
    return sum(shares) / len(shares) if shares else None


async def _found(searcher: Searcher, title: str) -> set[str]:
    request = SearchRequest(q=title[:200], limit=TOP)
    return {hit.product_id for hit in (await searcher.search(request, time.time_ns() // 1_000_000)).hits}
