"""The summary of an item's reviews, computed from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.items import NO_REVIEWS
from workers.state.reviews import add, contribution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.items import Entity, ReviewSummary


def summarised(reviews: Iterable[Entity]) -> ReviewSummary:
    """Return the summary of all reviews of an item."""
    summary = NO_REVIEWS
    for review in reviews:
        summary = add(summary, contribution(review))
    return summary
