"""Batches of texts, by padded size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.embedder.batches import batches

LENGTHS = st.lists(st.integers(0, 300), max_size=200)


@given(LENGTHS, st.integers(1, 2000))
def test_every_index_comes_once(lengths: list[int], budget: int) -> None:
    taken = [position for batch in batches(lengths, lambda: budget) for position in batch]
    assert sorted(taken) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 2000))
def test_no_batch_is_larger_than_the_budget_unless_it_is_one_text(lengths: list[int], budget: int) -> None:
    for batch in batches(lengths, lambda: budget):
        assert len(batch) == 1 or len(batch) * max(lengths[position] for position in batch) <= budget


@given(LENGTHS, st.integers(1, 2000))
def test_longer_texts_come_first_so_that_little_is_padding(lengths: list[int], budget: int) -> None:
    taken = [lengths[position] for batch in batches(lengths, lambda: budget) for position in batch]
    assert taken == sorted(lengths, reverse=True)


def test_the_budget_may_change_from_batch_to_batch() -> None:
    budgets = iter([40, 10, 10])
    assert list(batches([10] * 6, lambda: next(budgets))) == [[0, 1, 2, 3], [4], [5]]
