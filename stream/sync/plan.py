"""Compares feed and state product by product: the events to publish, how many of each outcome, and examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from schemas.errors import TooManyGone
from schemas.items import ItemState
from stream.state_files.records import item_of
from stream.sync.read import PROGRESS_EVERY
from stream.sync.spill import FeedEvent
from workers.compare.feed_diff import FeedFinding, FeedOutcome, compare_item, read_line
from workers.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stream.sync.read import ReportProgress
    from stream.sync.spill import Gathered, Spill

EXAMPLES_MAX = 5
"""The most examples that are shown of each outcome."""
GONE_PERCENT_MAX = 20
"""The share of the shown products or offers that a feed may lack. More looks like a feed that was cut off."""


@dataclass(slots=True)
class SyncPlan:
    """The outcomes of the comparison so far."""

    counts: dict[FeedOutcome, int] = field(default_factory=lambda: dict.fromkeys(FeedOutcome, 0))
    shown: int = 0
    """The products or offers that the state shows."""
    publish: int = 0
    """The number of events that are to be published."""
    examples: dict[FeedOutcome, list[FeedFinding]] = field(
        default_factory=lambda: {outcome: [] for outcome in FeedOutcome}
    )

    def count(self, finding: FeedFinding) -> None:
        """Count the finding on one product or offer."""
        self.counts[finding.outcome] += 1
        self.shown += finding.was_shown
        self.publish += finding.publish is not None
        examples = self.examples[finding.outcome]
        if finding.outcome is not FeedOutcome.UNCHANGED and len(examples) < EXAMPLES_MAX:
            examples.append(finding)


def make_plan(topic: str, spill: Spill, now_ms: int, progress: ReportProgress) -> SyncPlan:
    """Compare everything in the spill and add the events to publish to it. Raises InvalidFeedLine."""
    plan, done, total = SyncPlan(), 0, spill.row_count()
    for number, gathered in enumerate(spill.products(), 1):
        for finding in _compare(topic, gathered, now_ms):
            plan.count(finding)
            if finding.publish is not None:
                spill.add_event(FeedEvent(finding.line, finding.product_id, finding.publish))
        done += len(gathered.lines) + len(gathered.records)
        if number % PROGRESS_EVERY == 0:
            progress(done, total)
    return plan


def _compare(topic: str, gathered: Gathered, now_ms: int) -> Iterable[FeedFinding]:
    key = gathered.product_id.encode()
    states = [item.state for record in gathered.records if (item := item_of(key, record))]
    lines = [read_line(topic, number, value, now_ms) for number, value in gathered.lines]
    return compare_item(topic, reduce(fold.join, states, ItemState(gathered.product_id)), lines, now_ms)


def too_many_gone(topic: str, plan: SyncPlan) -> TooManyGone | None:
    """Return the error of a feed that lacks so much that it may be broken; None if it does not."""
    gone = plan.counts[FeedOutcome.GONE]
    if gone * 100 <= plan.shown * GONE_PERCENT_MAX:
        return None
    what = "products" if topic == "products" else "offers"
    return TooManyGone(
        f"{gone:,} of {plan.shown:,} {what} are not in the feed ({gone / plan.shown:.0%}, more than "
        f"{GONE_PERCENT_MAX}%): nothing was sent; check the feed, or give --force"
    )
