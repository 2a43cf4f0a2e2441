"""Three years of real price changes: their fold is the state that they really led to, in any order.

These tests prove docs/invariants.md#1.
"""

from __future__ import annotations

import random
from itertools import islice

import pytest

from stream.demo import hongkong as source
from stream.demo.rows import rows
from tests.oracle.hongkong import applied, differences, folded, snapshot, with_cuts

CHANGES = 8_000


@pytest.mark.parametrize("seed", [None, 1])
def test_real_changes_in_any_order_give_the_state_of_their_source(seed: int | None) -> None:
    start, changes = list(rows("hk_snapshot_start")), list(islice(rows("hk_events"), CHANGES))
    events = [*source.snapshot(start), *source.changes(changes)]
    if seed is not None:
        random.Random(seed).shuffle(events)
    found, wanted = folded(events), snapshot(applied(start, changes))
    for field in ("prices", "title", "promotions"):
        assert differences(found, with_cuts(wanted, found), field) == []


def test_the_oracle_sees_a_single_lost_event() -> None:
    start, changes = list(rows("hk_snapshot_start")), list(islice(rows("hk_events"), 1_000))
    last = next(n for n in reversed(range(len(changes))) if changes[n]["event"] == "price")
    found = folded([*source.snapshot(start), *source.changes(changes[:last] + changes[last + 1 :])])
    wanted = snapshot(applied(start, changes))
    assert [line.split(":")[0] for line in differences(found, wanted, "prices")] == [changes[last]["product_id"]]
