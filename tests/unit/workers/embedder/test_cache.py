"""The bounded cache of vectors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workers.embedder.cache import VectorCache


def row(value: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(4, value, dtype=np.float32)


def test_a_vector_that_was_put_is_found() -> None:
    cache = VectorCache(2)
    cache.put("a", row(1))
    assert (cache.get("a") == row(1)).all()  # type: ignore[union-attr]
    assert cache.get("b") is None


def test_the_least_recently_used_vector_is_evicted_first() -> None:
    cache = VectorCache(2)
    cache.put("a", row(1))
    cache.put("b", row(2))
    cache.get("a")
    cache.put("c", row(3))
    assert cache.get("b") is None
    assert cache.get("a") is not None
    assert len(cache) == 2


def test_a_kept_vector_is_a_copy_that_nobody_can_change() -> None:
    cache, batch = VectorCache(2), np.ones((3, 4), dtype=np.float32)
    kept = cache.put("a", batch[0])
    batch[0] = 7
    assert (kept == 1).all()
    assert kept.base is None
    with pytest.raises(ValueError):
        kept[0] = 2


def test_threads_share_the_cache_within_its_bound() -> None:
    cache = VectorCache(10)

    def use(start: int) -> None:
        for number in range(start, start + 500):
            cache.put(str(number % 37), row(number % 37))
            found = cache.get(str(number % 37))
            assert found is None or (found == number % 37).all()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(use, range(4)))
    assert len(cache) == 10
