"""The selection of a replay (--from, --to, --key), and the pace at which it is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canaries import CANARY_HEADER
from schemas.event_numbers import milliseconds
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.replay.selection import Bound, Selection, parse_bound, product_key
from stream.replay.sending import RateLimit, SaveTimer, parse_speed, rate_limited
from tests.support.clocks import ManualClock

NOW_MS = 1_795_000_000_000


def record(
    timestamp_ms: int = NOW_MS, key: bytes | None = b"p1", value: bytes | None = b"{}", offset: int = 0
) -> Record:
    return Record(Partition("prices", 0), offset, timestamp_ms, key, value, ())


@given(st.integers(0, 10**18 - 1))
def test_digits_are_an_offset(offset: int) -> None:
    assert parse_bound(str(offset), NOW_MS) == Bound(offset=offset)


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 999))
def test_a_duration_is_back_from_now_in_any_of_its_units(hours: int, minutes: int, seconds: int) -> None:
    back_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000
    assert parse_bound(f"{hours}h{minutes}m{seconds}s", NOW_MS) == Bound(time_ms=NOW_MS - back_ms)
    assert parse_bound(f"{hours}d", NOW_MS) == Bound(time_ms=NOW_MS - hours * 86_400_000)


def test_a_time_is_rfc_3339_with_its_offset() -> None:
    text = "2026-01-31T09:30:00+08:00"
    assert parse_bound(text, NOW_MS) == Bound(time_ms=milliseconds(text))


@pytest.mark.parametrize("text", ["", "yesterday", "h", "1w", "30m1h", "-5", "1.5h", "2026-01-31T09:30:00", "１h"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="back like 30m, 1h or 2d"):
        parse_bound(text, NOW_MS)


@given(st.integers(0, 20), st.none() | st.integers(0, 20), st.none() | st.integers(0, 20))
def test_times_are_selected_from_the_first_on_and_before_the_end(at: int, first: int | None, end: int | None) -> None:
    selection = Selection(Bound(time_ms=first), Bound(time_ms=end))
    assert selection.selects(record(at)) == (at in range(0 if first is None else first, 21 if end is None else end))


def test_the_changes_of_canaries_are_never_selected() -> None:
    canary = record()._replace(headers=((CANARY_HEADER, b"1"),))
    assert Selection().selects(record()) and not Selection().selects(canary)


@pytest.mark.parametrize(
    ("key", "value", "product"),
    [
        (b"p1", b'{"product_id": "p2"}', b"p1"),
        (None, '{"product_id": "商品"}'.encode(), "商品".encode()),
        (None, b"{bad", None),
        (None, b"[1]", None),
        (None, None, None),
        (b"", b"x", b""),
    ],
)
def test_a_record_without_a_key_belongs_to_the_product_in_its_body(
    key: bytes | None, value: bytes | None, product: bytes | None
) -> None:
    assert product_key(record(key=key, value=value)) == product
    assert Selection(key=b"p2").selects(record(key=None, value=b'{"product_id": "p2"}'))


@pytest.mark.parametrize(("text", "speed"), [("10x", 10.0), ("0.5x", 0.5), ("3", 3.0)])
def test_a_speed_is_a_factor(text: str, speed: float) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0x", "fast", "-1x", "x", ""])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="send one like 10x"):
        parse_speed(text)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), st.sampled_from([0.5, 1.0, 10.0]))
def test_a_speed_keeps_the_pace_of_the_timestamps(times_ms: list[int], speed: float) -> None:
    clock = ManualClock(50.0)
    records = [record(time_ms) for time_ms in times_ms]
    limited = rate_limited(records, RateLimit(speed=speed), clock, clock.sleep)
    sent = [(one.timestamp_ms, clock.now_s) for one in limited]
    latest = times_ms[0]
    for time_ms, at in sent:
        latest = max(latest, time_ms)  # A record that is earlier than the ones before it is sent at once.
        assert at == pytest.approx(50.0 + (latest - times_ms[0]) / 1000 / speed)


def test_a_save_is_due_once_in_each_interval() -> None:
    clock = ManualClock(7.0)
    timer, due = SaveTimer(clock, interval_s=1.0), []
    for now_s in (7.5, 8.1, 8.2, 9.0, 9.2):
        clock.now_s = now_s
        due.append(timer.is_due())
    assert due == [False, True, False, False, True]


@pytest.mark.parametrize("key", ["café-1", "cafe\u0301-1", " café-1 ", "caf\u200bé-1"])
def test_a_product_is_selected_however_its_key_is_written(key: str) -> None:
    selection = Selection(key="café-1".encode())
    assert selection.selects(record(key=key.encode()))
    assert not selection.selects(record(key=b"cafe-1"))
    assert not selection.selects(record(key=b"\xff"))
