"""Reviews are folded one by one. Their summary is a sum, which a review enters or leaves at a fixed cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.items import NO_REVIEWS, Entity, ReviewSummary
from workers.state.fold import entity, join_entity

if TYPE_CHECKING:
    from schemas.events import Event


def delta(event: Event) -> Entity:
    """Return one event of `reviews` as an entity."""
    said = entity(event)
    said.latest_ms = event.stamp.updated_at_ms
    return said


def join(a: Entity, b: Entity) -> Entity:
    """Return the join of two states of one review; `a` itself if `b` adds nothing."""
    return join_entity(a, b)


def contribution(review: Entity) -> ReviewSummary:
    """Return the part of the review in its item's summary: nothing if it is withdrawn, or only patched."""
    rating = review.facts.get("rating")
    if review.floor is None or rating is None or rating.value is None:
        return ReviewSummary(0, 0, NO_REVIEWS.histogram, review.latest_ms)
    stars = (rating.value + 50) // 100
    one, two, three, four, five = (int(stars == n) for n in range(1, 6))
    return ReviewSummary(1, rating.value, (one, two, three, four, five), review.latest_ms)


def add(a: ReviewSummary, b: ReviewSummary) -> ReviewSummary:
    """Return the summary of the reviews of both."""
    return _combined(a, b, 1)


def subtract(a: ReviewSummary, b: ReviewSummary) -> ReviewSummary:
    """Return the summary `a` without the reviews of `b`, which it holds. The latest time stays, as it never falls."""
    return _combined(a, b, -1)


def replaced(summary: ReviewSummary, before: Entity | None, after: Entity) -> ReviewSummary:
    """Return the summary after a review has changed from `before` (None if it is new) to `after`."""
    if before is not None:
        summary = subtract(summary, contribution(before))
    return add(summary, contribution(after))


def _combined(a: ReviewSummary, b: ReviewSummary, sign: int) -> ReviewSummary:
    one, two, three, four, five = (x + sign * y for x, y in zip(a.histogram, b.histogram, strict=True))
    return ReviewSummary(
        a.count + sign * b.count,
        a.sum_hundredths + sign * b.sum_hundredths,
        (one, two, three, four, five),
        max(a.latest_ms, b.latest_ms),
    )
