"""Checks whether a new collection may serve: by counts, contents and fingerprints, and by searches in both."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.queries import Filters, SearchRequest
from workers.document import document
from workers.point.payload import CURRENT_PRICE_FIELDS, changed_fields, is_visible
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.points import Payload
    from stream.runtime.jobs import Step
    from workers.clock import Clock
    from workers.embedder.interface import ModelId
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.interface import Index
    from workers.index.stored import Stored
    from workers.search.hits import Shop

    Shares = tuple[float, bool, bool]

COUNT_SECONDS_MAX = 10.0
"""The time for which the counts are compared. Changes reach one collection a moment before the other, so counts that
are equal once within this time count as equal."""
COUNT_INTERVAL_S = 0.1
SEARCHES = 200
"""The searches of the sample. Any of several near copies may be among the first ten hits, and in a smaller sample this
chance alone could reach `FOUND_LESS_MAX`."""
SEED = 1
"""The seed of the sample: the same items give the same sample."""
ITEMS_AT_ONCE = 4
"""The items whose titles are searched for at the same time. One after another, 200 took 40 s on a Qdrant server, which
was idle for most of it; more would make the searches of others wait."""
TOP = 10
"""The hits of each search that are compared."""
OVERLAP_MIN = 0.5
"""The mean share of their first ten hits that both collections must have in common. The same model finds the same, but
for changes meanwhile and for the order among items that match equally well, which in a catalogue of near copies is
arbitrary."""
FOUND_LESS_MAX = 0.1
"""The most by which the share of items that are among the first ten hits for their own title may be smaller."""
EXAMPLES_MAX = 3
"""The most wrong items that are named."""
REMEDY = "`freshline reconcile` says whether the old one is wrong, and repairs it with --repair: then rebuild again"


class CheckReport(NamedTuple):
    """The result of a check."""

    figures: dict[str, Any]
    wrong: str | None
    """The reason why the new collection may not serve, as a part of a sentence; None if it may."""


class SearchFigures(NamedTuple):
    """Mean shares over the searches of the sample, from 0 to 1; they are 1 if there are no searches."""

    searches: int
    overlap: float
    """The share of the old first ten hits that are among the new first ten."""
    found_before: float
    """The share of the items whose titles were searched for that were among the old first ten."""
    found_now: float
    """The same share among the new first ten."""


async def check(
    step: Step,
    old: Index,
    new: Index,
    models: EmbedderRegistry,
    shop: Shop,
    clock: Clock,
    *,
    count_seconds_max: float = COUNT_SECONDS_MAX,
) -> CheckReport:
    """Compare two collections while changes reach both. Raises Unavailable."""
    step.phase_begins("counting")
    before, now = await _counts(old, new, clock, count_seconds_max)
    differing, sample = await _contents(step, old, new)
    searched = await _search(step, sample, old, new, models, shop, clock)
    figures = {"items": now, **searched._asdict()}
    if before != now:
        return CheckReport(figures, f"it has {now} visible items, the old one {before}; {REMEDY}")
    if differing:
        shown = ", ".join(differing[:EXAMPLES_MAX])
        return CheckReport(figures, f"{len(differing)} items are not as they should be ({shown}); {REMEDY}")
    return CheckReport(figures, _worse(searched, alike=_alike(old, new)))


def _worse(searched: SearchFigures, *, alike: bool) -> str | None:
    """Return the figure that is worse in the new collection; None if none is.

    Another model is meant to find other items, but it has to find an item by its own title as well as before.
    """
    if searched.found_now < searched.found_before - FOUND_LESS_MAX:
        return f"it finds {searched.found_now:.0%} of items by their own title, the old one {searched.found_before:.0%}"
    if alike and searched.overlap < OVERLAP_MIN:
        return f"its searches share {searched.overlap:.0%} of the first ten, at least {OVERLAP_MIN:.0%} is wanted"
    return None


def _alike(old: Index, new: Index) -> bool:
    before, now = old.metadata, new.metadata
    same_texts = (before.template_version, before.analysis_version) == (now.template_version, now.analysis_version)
    return old.model == new.model and same_texts


async def _counts(old: Index, new: Index, clock: Clock, seconds_max: float) -> tuple[int, int]:
    """Return how many visible items each has; where they differ, count again for `seconds_max`."""
    deadline_s = clock.monotonic_s() + seconds_max
    while True:
        counts = await old.count(Filters()), await new.count(Filters())
        if counts[0] == counts[1] or clock.monotonic_s() > deadline_s:
            return counts
        await asyncio.sleep(COUNT_INTERVAL_S)


async def _contents(step: Step, old: Index, new: Index) -> tuple[list[str], list[str]]:
    """Return (the items with a wrong fingerprint, or another content at the same version; the items to search for)."""
    step.phase_begins("comparing", await new.count_points())
    differing, sample = [], _Sample()
    async for page in new.scan():
        before = await old.stored([payload["product_id"] for payload in page])
        differing += [p["product_id"] for p in page if differs(before.get(p["product_id"]), p, new.model)]
        sample.add([payload["product_id"] for payload in page if _title(payload) is not None])
        step.advance(len(page))
    return differing, sample.product_ids


def differs(old: Stored | None, new: Payload, model: ModelId) -> bool:
    """Return whether this point of a new collection is surely wrong.

    Contents are compared only where both points have the same version: a later change explains any difference.
    """
    if is_visible(new) and new["fingerprint"] != document(new, model).fingerprint:
        return True
    if old is None or old.payload["version"] != new["version"]:
        return False
    return not changed_fields(old.payload, new).keys() <= set(CURRENT_PRICE_FIELDS)


class _Sample:
    """A uniform sample of the items that were added (Vitter 1985, algorithm R), the same for the same items."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        self._seen = 0
        self.product_ids: list[str] = []

    def add(self, product_ids: Sequence[str]) -> None:
        for product_id in product_ids:
            self._seen += 1
            slot = self._random.randrange(self._seen)
            if len(self.product_ids) < SEARCHES:
                self.product_ids.append(product_id)
            elif slot < SEARCHES:
                self.product_ids[slot] = product_id


class _Only:
    """Lets searches ask one collection, whatever serves."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def serving(self) -> Index:
        return self._index


async def _search(
    step: Step,
    sample: Sequence[str],
    old: Index,
    new: Index,
    models: EmbedderRegistry,
    shop: Shop,
    clock: Clock,
) -> SearchFigures:
    step.phase_begins("searching", len(sample))
    searchers = [Searcher(_Only(index), models, shop) for index in (old, new)]
    shares: list[Shares] = []
    for start in range(0, len(sample), ITEMS_AT_ONCE):
        some = sample[start : start + ITEMS_AT_ONCE]
        titles = await _titles_now(new, some)
        asked = (_shares(searchers, product_id, title, clock) for product_id, title in titles.items())
        shares += await asyncio.gather(*asked)
        step.advance(len(some))
    means = [round(sum(column) / len(shares), 3) for column in zip(*shares, strict=True)]
    return SearchFigures(len(shares), *means) if shares else SearchFigures(0, 1.0, 1.0, 1.0)


async def _titles_now(index: Index, product_ids: Sequence[str]) -> dict[str, str]:
    """Return the titles that visible items have now, because those in the sample may have changed since."""
    stored = await index.stored(product_ids)
    titles = {product_id: _title(each.payload) for product_id, each in stored.items()}
    return {product_id: title for product_id, title in titles.items() if title is not None}


async def _shares(searchers: Iterable[Searcher], product_id: str, title: str, clock: Clock) -> Shares:
    """Return the share of the first ten that both have, of the longer list, and whether each has the item."""
    before, now = await asyncio.gather(*(_found(searcher, title, clock.now_ms()) for searcher in searchers))
    return len(before & now) / max(1, len(before), len(now)), product_id in before, product_id in now


def _title(payload: Payload) -> str | None:
    """Return a title that the item can be searched by; None if it is not visible or has none."""
    return next(iter(payload["title"].values()), None) if is_visible(payload) else None


async def _found(searcher: Searcher, title: str, now_ms: int) -> set[str]:
    request = SearchRequest(q=title[:200], limit=TOP)
    return {hit.product_id for hit in (await searcher.search(request, now_ms)).hits}
