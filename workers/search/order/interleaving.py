"""Team draft: one list of results from two rankings, so that what people click on tells which ranking they prefer.

Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?", CIKM 2008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Drafted(NamedTuple):
    """A result, and the team that picked it."""

    point_id: str
    team: int
    """0 for the first ranking, 1 for the second one."""


def team_draft(first: Sequence[str], second: Sequence[str], coin: Callable[[], bool]) -> list[Drafted]:
    """Return the results of both rankings, each once, as two teams pick them in turns.

    The team with fewer picks is next; if both have as many, `coin` says whether it is the first one. A team picks the
    best result of its own ranking that nobody has. Once one has nothing left the other goes on alone.
    """
    rankings, picked, picks = (iter(first), iter(second)), dict[str, int](), [0, 0]
    while True:
        team = (0 if coin() else 1) if picks[0] == picks[1] else picks.index(min(picks))
        point = _next(rankings[team], picked)
        if point is None:
            team = 1 - team
            point = _next(rankings[team], picked)
        if point is None:
            return [Drafted(each, of) for each, of in picked.items()]
        picked[point] = team
        picks[team] += 1


def _next(ranking: Iterator[str], picked: dict[str, int]) -> str | None:
    return next((point for point in ranking if point not in picked), None)
