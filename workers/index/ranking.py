"""One order of the points that a query finds, the same on every backend, for every limit and page.

Neither Qdrant orders equal scores: its top 10 is not the beginning of its top 20 (docs/traps.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.index.interface import Found

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Fetch = Callable[[int], Awaitable[list[Found]]]
    """Asks the backend for its best points, this many at most, in its own order of equal scores."""

SCORE_DIGITS = 5
"""The decimals of a score that count. The backends add the same numbers up in another order."""
EQUAL_POINTS_MAX = 4_096
"""The most points that are read to order those of equal score. Of more, as many as that have one order."""


async def best(fetch: Fetch, limit: int) -> list[Found]:
    """Return the best `limit` points, of equal scores those with the lowest ids."""
    asked = limit + 1
    while True:
        found = await fetch(asked)
        ordered = in_order(found)
        complete = len(found) < asked or ordered[limit - 1].score > ordered[-1].score
        if complete or asked > limit + EQUAL_POINTS_MAX:
            return ordered[:limit]
        asked *= 2


def in_order(points: Iterable[Found]) -> list[Found]:
    """Return the points with rounded scores, the highest first, and those of equal score by their ids."""
    ordered = sorted((-round(point.score, SCORE_DIGITS), point.point_id) for point in points)
    return [Found(point_id, -negative) for negative, point_id in ordered]
