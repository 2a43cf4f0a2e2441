"""Measures of rankings by ir-measures, with intervals and a paired test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.relevance.judged import Query

GAINS = {0: 0, 1: 1, 2: 3, 3: 7}
"""2**grade - 1."""
MEASURES = {
    "nDCG@10": nDCG(gains=GAINS) @ 10,
    "nDCG@10, judged": nDCG(gains=GAINS, judged_only=True) @ 10,
    "recall@100": R @ 100,
    "MRR": RR,
}
DRAWS = 10_000
SEED = 1


class Mean(NamedTuple):
    """The mean over the queries, and the 95% interval of it by the bootstrap over queries."""

    mean: float
    low: float
    high: float


def measured(queries: Mapping[str, Query], rankings: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Return the value of each measure for each query. What was not judged counts as irrelevant unless left out."""
    judgements = [
        ir_measures.Qrel(name, item, grade) for name, query in queries.items() for item, grade in query.grades.items()
    ]
    # The places stand for the scores, since ir-measures orders equal scores by their ids.
    run = [
        ir_measures.ScoredDoc(name, item, float(-place))
        for name, ranking in rankings.items()
        for place, item in enumerate(ranking)
    ]
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(queries, 0.0) for name in MEASURES}
    named: dict[Any, str] = {measure: name for name, measure in MEASURES.items()}
    for each in ir_measures.iter_calc([*named], judgements, run):
        values[named[each.measure]][each.query_id] = each.value
    return values


def mean(values: Sequence[float]) -> Mean:
    """Return the mean with its interval."""
    drawn = _draws(len(values))
    low, high = np.quantile(np.asarray(values)[drawn].mean(axis=1), [0.025, 0.975])
    return Mean(float(np.mean(values)), float(low), float(high))


def p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely as large a difference of the means is by chance: a paired randomisation test of its sign."""
    differences = np.asarray(one) - np.asarray(other)
    signs = np.random.default_rng(SEED).choice([-1, 1], (DRAWS, len(differences)))
    by_chance = np.abs((signs * differences).mean(axis=1))
    return float((by_chance >= abs(differences.mean()) - 1e-12).mean())


def _draws(queries: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.random.default_rng(SEED).integers(0, queries, (DRAWS, queries))
