"""Watches and their alerts: each new match has its alert, and no alert is of anything else.

These checks prove docs/invariants.md#10.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from schemas.queries import Filters
from schemas.watches import Alert, WatchRecord
from workers.watches.watch import filter_values, fits, passes, watch_of
from workers.words.item import item_words

from .broken import Broken
from .events import ITEMS, START_MS, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from workers.watches.watch import Watch

    from .index import Point
    from .log import Stored

    Matched = tuple[str, str]
    """A watch and an item that matches it."""

WATCHES = (0, 3, 5, 8)
"""The numbers of watches that a run may have."""
NEVER_MS = START_MS + 10**9
"""No watch ends within a run."""


def make_watches(random: Random) -> tuple[WatchRecord, ...]:
    """Return the watches of one run: on words, on a product's price, on what prices and reviews change, on filters."""
    wanted: list[dict[str, Any]] = [
        {"q": random.choice(WORDS)},
        {"q": random.choice(WORDS), "filters": {"max_price": random.choice((9, 20)), "currency": "HKD"}},
        {"product_id": random.choice(ITEMS), "filters": {"max_price": random.choice((9, 20)), "currency": "HKD"}},
        {"q": random.choice(WORDS), "filters": {"availability": "in_stock"}},
        {"filters": {"seller": "other"}},
        {"filters": {"seller": "other", "max_price": random.choice((9, 20)), "currency": "HKD"}},
        {"product_id": random.choice(ITEMS), "filters": {"seller": "other", "max_price": 20, "currency": "HKD"}},
        {"filters": {"min_rating": 3.0}},
        {"filters": {"min_price": 15, "currency": random.choice(("HKD", "EUR"))}},
        {"filters": {"brand": random.choice(WORDS), "availability": "in_stock"}},
    ]
    chosen = random.sample(wanted, random.choice(WATCHES))
    return tuple(
        WatchRecord(
            owner="somebody",
            q=each.get("q"),
            product_id=each.get("product_id"),
            filters=Filters(**each.get("filters", {})),
            created_at_ms=START_MS,
            expires_at_ms=NEVER_MS,
        )
        for each in chosen
    )


def compiled(records: tuple[WatchRecord, ...]) -> dict[str, Watch]:
    """Return the watches of a run by their ids."""
    return {f"w{number}": watch_of(f"w{number}", record) for number, record in enumerate(records)}


class AlertTruth:
    """Knows by each write which matches begin and end: it compares the point with each watch, one by one."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self._watches = watches
        self._begun: dict[Matched, set[str]] = defaultdict(set)
        """The cause of each match that there ever was, as the id of its alert says it."""
        self._lasting: dict[Matched, set[str]] = {}
        """The causes of the matches that there are now: each is told by an alert of one of them."""
        self._again: dict[Matched, set[str]] = defaultdict(set)
        """The causes of alerts of a match that lasted, where two workers wrote the item at one time."""
        self._sent: dict[Matched, set[str]] = defaultdict(set)

    def written(self, before: Point | None, after: Point) -> None:
        """Note which matches a write begins and ends."""
        by = _by(before, after)
        for watch_id, watch in self._watches.items():
            matched = watch_id, after.payload["product_id"]
            if not _matches(watch, after):
                self._lasting.pop(matched, None)
            elif matched not in self._lasting:
                self._lasting[matched] = {by}
                self._begun[matched].add(by)
            elif before is not None and before.writer != after.writer:
                # The write was planned on the point before the other worker's, and may say that the match begins. Its
                # alert then takes the place of the other one, if that was not sent yet.
                self._again[matched].add(by)
                self._lasting[matched].add(by)

    def appended(self, stored: Stored) -> None:
        """Check that the alert in a record is of a match that began. It may have ended, and come more than once.

        While a partition moves from one worker to another, both may write an item, and each says that it begins to
        match: the second alert has an id of its own.
        """
        alert = Alert.model_validate_json(stored.value or b"")
        matched, by = (alert.watch_id, alert.product_id), alert.id.split(":", 2)[2]
        if by not in self._begun[matched] | self._again[matched]:
            raise Broken(f"the alert {alert.id} is of no match: those that began are {sorted(self._begun[matched])}")
        self._sent[matched].add(by)

    def check_in_the_end(self) -> None:
        """Check that each match that lasts has its alert."""
        for matched, causes in self._lasting.items():
            if causes.isdisjoint(self._sent[matched]):
                raise Broken(f"{matched[1]} matches {matched[0]} since {min(causes)}, and there is no alert of it")


def _matches(watch: Watch, point: Point) -> bool:
    payload: Any = point.payload
    return passes(watch, filter_values(payload)) and fits(watch, payload, item_words(payload).counts.keys())


def _by(before: Point | None, after: Point) -> str:
    """Return the beginning of a match: a version of the item, and the boundary of a sale window if that turned."""
    version = after.payload["version"]
    if before is None or before.payload["version"] != version:
        return str(version)
    return f"{version}.{before.payload['price_changes_at_ms']}"
