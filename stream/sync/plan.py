"""Compares feed and state product by product: what has to be published, how much of each kind, and examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from schemas.errors import TooManyGone
from schemas.items import ItemState
from stream.state_files.records import item_of
from stream.sync.read import TELL_EVERY
from stream.sync.spill import Event
from workers.compare.feed_diff import Decision, FeedOutcome, compare, read_line
from workers.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stream.sync.read import Tell
    from stream.sync.spill import Gathered, Spill

EXAMPLES_MAX = 5
"""Of each outcome."""
GONE_PERCENT_MAX = 20
"""Of what is shown; more looks like a feed that was cut off."""


@dataclass(slots=True)
class SyncPlan:
    """What the comparison found so far."""

    counts: dict[FeedOutcome, int] = field(default_factory=lambda: dict.fromkeys(FeedOutcome, 0))
    shown: int = 0
    """Products or offers that the state shows."""
    publish: int = 0
    """Events to publish."""
    examples: dict[FeedOutcome, list[Decision]] = field(
        default_factory=lambda: {outcome: [] for outcome in FeedOutcome}
    )

    def note(self, decision: Decision) -> None:
        """One more."""
        self.counts[decision.outcome] += 1
        self.shown += decision.was_shown
        self.publish += decision.publish is not None
        examples = self.examples[decision.outcome]
        if decision.outcome is not FeedOutcome.UNCHANGED and len(examples) < EXAMPLES_MAX:
            examples.append(decision)


def planned(topic: str, spill: Spill, now_ms: int, tell: Tell) -> SyncPlan:
    """Compares everything in the spill and adds the events to it. Raises InvalidLine."""
    found, done, total = SyncPlan(), 0, spill.row_count()
    for number, gathered in enumerate(spill.products(), 1):
        for decision in _compared(topic, gathered, now_ms):
            found.note(decision)
            if decision.publish is not None:
                spill.add_event(Event(decision.line, decision.product_id, decision.publish))
        done += len(gathered.lines) + len(gathered.records)
        if number % TELL_EVERY == 0:
            tell(done, total)
    return found


def _compared(topic: str, gathered: Gathered, now_ms: int) -> Iterable[Decision]:
    key = gathered.product_id.encode()
    states = [item.state for record in gathered.records if (item := item_of(key, record))]
    lines = [read_line(topic, number, value, now_ms) for number, value in gathered.lines]
    return compare(topic, reduce(fold.join, states, ItemState(gathered.product_id)), lines, now_ms)


def too_many_gone(topic: str, plan: SyncPlan) -> TooManyGone | None:
    """The error of a feed that lacks so much that it has to be meant; None if it does not."""
    gone = plan.counts[FeedOutcome.GONE]
    if gone * 100 <= plan.shown * GONE_PERCENT_MAX:
        return None
    what = "products" if topic == "products" else "offers"
    return TooManyGone(
        f"{gone:,} of {plan.shown:,} {what} are not in the feed ({gone / plan.shown:.0%}, more than "
        f"{GONE_PERCENT_MAX}%): nothing was sent; check the feed, or give --force"
    )
