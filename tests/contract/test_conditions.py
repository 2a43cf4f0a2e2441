"""Conditions are evaluated without the index as its own filters evaluate them."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_edge import Filter, Point, ScrollRequest, UpdateOperation

from tests.support.index_backends import MODEL
from workers.index.conditions import AnyOf, Except, Is, IsIn, IsOneOf, Lacks, Within
from workers.index.edge import filters as where
from workers.index.edge.open import open_edge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qdrant_edge import EdgeShard

    from workers.index.conditions import Condition

IDS = [str(UUID(int=number)) for number in range(1, 7)]
texts = st.sampled_from(["A", "a", "B", "1", "true", ""])
numbers = st.sampled_from([0, 1, 2, 2.5, -1.5])
values = st.none() | st.booleans() | texts | numbers | st.lists(texts | numbers | st.booleans(), max_size=3)
"""The values that a payload may hold, whatever a field is meant for: rules and watches read what another
release wrote."""
integers = st.none() | st.booleans() | texts | st.integers(0, 2) | st.lists(texts | st.integers(0, 2), max_size=3)
"""An index of integers rounds other numbers, of which Freshline writes none into those fields."""
payloads = st.fixed_dictionaries({**dict.fromkeys(("brand", "price", "other"), values), "partition": integers})
fields = st.sampled_from(["brand", "price", "partition", "other"])
bounds = st.none() | st.sampled_from([-1.0, 0.0, 1.0, 2.0, 2.5])
ids = st.lists(st.sampled_from(IDS), max_size=3).map(tuple)
within = st.builds(Within, fields, bounds, bounds)
is_in = st.builds(IsIn, fields, st.lists(texts, min_size=1, max_size=3) | st.lists(st.integers(0, 2), min_size=1))
single = st.builds(Is, fields, texts) | is_in | st.builds(IsOneOf, ids) | st.builds(Except, within, ids)
any_of = st.builds(AnyOf, st.lists(single, min_size=1, max_size=3).map(tuple))


@pytest.fixture(scope="module")
def shard() -> Iterator[EdgeShard]:
    edge = open_edge(Path(mkdtemp(prefix="freshline-conditions-")), model=MODEL)
    yield edge._shard
    edge._shard.close()


@given(
    st.lists(payloads, min_size=len(IDS), max_size=len(IDS)),
    st.lists(single | within | any_of | st.builds(Lacks, within), min_size=1, max_size=2),
)
def test_the_evaluator_agrees_with_the_filter_of_the_index(
    shard: EdgeShard, stored: list[dict[str, Any]], asked: list[Condition]
) -> None:
    shard.update(UpdateOperation.delete_points_by_filter(Filter()))
    points = dict(zip(IDS, stored, strict=True))
    shard.update(UpdateOperation.upsert_points([Point(point, {}, payload) for point, payload in points.items()]))
    found, _ = shard.scroll(ScrollRequest(limit=len(IDS), filter=where.all_of(asked), with_payload=False))
    holding = {point for point, payload in points.items() if all(each.holds(payload.get, point) for each in asked)}
    assert holding == {str(record.id) for record in found}
