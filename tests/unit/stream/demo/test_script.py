"""The events of the demo are valid, carry new stamps, and go on where an earlier run stopped."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import orjson
import pytest

from schemas.events import parse
from stream.demo.script import DemoPosition, StampClock, catalogue, changes, outgoing
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from stream.demo.rows import DemoEvent

NOW_MS = 1_795_000_000_000


def check_valid(events: Iterable[DemoEvent]) -> int:
    count = 0
    for record in outgoing(events, StampClock(ManualClock(NOW_MS / 1000))):
        parse(record.topic, record.key, record.value, arrived_at_ms=NOW_MS, event_time_ms=None)
        count += 1
    return count


def test_every_event_of_the_catalogue_is_valid() -> None:
    assert check_valid(catalogue()) > 9_000


def test_the_changes_are_valid_and_of_every_topic() -> None:
    some = list(islice(changes(0), 5_000))
    assert check_valid(some) == 5_000
    assert {topic for topic, _, _ in some} == {"products", "prices", "reviews"}


def test_a_later_start_goes_on_where_the_first_stopped() -> None:
    assert list(islice(changes(70), 5)) == list(islice(changes(0), 75))[70:]


def test_at_their_end_the_changes_start_again() -> None:
    first = next(changes(0))
    rounds = changes(80_000)
    assert any(change == first for change in islice(rounds, 5_000))


def test_what_is_replayed_carries_the_time_of_its_replay_and_no_version() -> None:
    sent = outgoing(islice(changes(0), 3), StampClock(ManualClock(NOW_MS / 1000)))
    records = [orjson.loads(record.value or b"") for record in sent]
    assert [record["updated_at"] for record in records] == [NOW_MS, NOW_MS + 1, NOW_MS + 2]
    assert not any("version" in record for record in records)


def test_the_position_outlives_the_run_and_a_damaged_one_is_the_start(tmp_path: Path) -> None:
    position = DemoPosition.read(tmp_path)
    assert (position.loaded, position.changes) == (False, 0)
    position.loaded, position.changes = True, 7
    position.save()
    assert DemoPosition.read(tmp_path) == position
    position.path.write_bytes(b"{")
    assert DemoPosition.read(tmp_path) == DemoPosition(position.path)


@pytest.mark.parametrize("name", ["hk_snapshot_start", "hk_events", "electronics_products", "reviews_clothing"])
def test_the_notice_names_every_source(name: str) -> None:
    from importlib.resources import files

    assert name in (files("stream.demo") / "data" / "NOTICE.md").read_text(encoding="utf-8")
