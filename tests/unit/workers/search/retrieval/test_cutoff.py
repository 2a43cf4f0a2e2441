"""Relevance ends at the cut-off."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.search.retrieval.cutoff import COSINE_SHARE_MIN, WORDS_SHARE_MIN, cutoff

scores = st.floats(0, 100)
cosines = st.floats(-1, 1)


@given(scores, cosines, cosines)
def test_the_best_is_a_result_by_words_and_by_its_vector_if_that_is_related(
    words_best: float, cosine_best: float, related_min: float
) -> None:
    found = cutoff(words_best, cosine_best, related_min)
    assert words_best >= found.words_min
    assert (cosine_best >= found.cosine_min) == (cosine_best >= related_min) or cosine_best < 0


@given(scores, cosines, cosines)
def test_nothing_unrelated_is_a_result_however_bad_the_best_is(
    words_best: float, cosine_best: float, related_min: float
) -> None:
    assert cutoff(words_best, cosine_best, related_min).cosine_min >= related_min


def test_a_result_has_a_share_of_the_best() -> None:
    assert cutoff(20.0, 0.8, 0.4) == (20 * WORDS_SHARE_MIN, max(0.4, 0.8 * COSINE_SHARE_MIN))
    assert cutoff(20.0, 0.41, 0.4).cosine_min == 0.4
    assert cutoff(20.0, None, 0.4) == (20 * WORDS_SHARE_MIN, 0.4)
