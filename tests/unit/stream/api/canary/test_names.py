"""The ids of canaries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.canaries import is_canary
from stream.api.canary.names import canary_id
from stream.kafka.partitions import partition_of


@given(st.integers(1, 64).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_each_partition_has_a_canary_of_its_own(place: tuple[int, int]) -> None:
    partitions, number = place
    product_id = canary_id(number, partitions)
    assert is_canary(product_id) and partition_of(product_id.encode(), partitions) == number
