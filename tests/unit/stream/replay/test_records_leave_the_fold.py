"""A replay, any number of times and in any order, folds to the same state: its records carry equal stamps.

These tests prove docs/invariants.md#5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.events import AHEAD_MS_MAX, Event, parse
from schemas.items import ItemState
from stream.kafka.headers import COPY_OF, EVENT_TIME, TOPIC_ID, Origin, event_time_ms, first_arrival_ms, origin_of
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.kafka.topic_admin import TopicLayout
from stream.replay.offset_range import OffsetRange
from stream.replay.records import ReplayRoute, copy_of, is_copy_within
from stream.replay.selection import Selection
from tests.support.examples import examples
from workers.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

ITEM = "a"
NOW_MS = 1_795_000_000_000
LAYOUT = TopicLayout("id-of-the-topic", 1)
BODIES: dict[str, list[dict[str, Any]]] = {
    "products": [{"title": "lamp"}, {"title": "desk", "op": "patch"}, {"op": "delete"}, {"title": ""}],
    "prices": [{"price": 5, "currency": "EUR"}, {"price": 7, "currency": "EUR", "seller": "x"}, {"op": "delete"}],
}
times = st.integers(NOW_MS, NOW_MS + 9)
updated_at = st.none() | times | st.just(NOW_MS + AHEAD_MS_MAX + 5)
headers = st.lists(
    st.tuples(st.sampled_from(["trace", EVENT_TIME, "freshline-offset", TOPIC_ID]), st.sampled_from([b"", b"7", b"x"])),
    max_size=3,
)


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """A log of one item in both topics: null records, bodies with and without a time, headers of any producer."""
    log = []
    for offset in range(draw(st.integers(1, 8))):
        topic = draw(st.sampled_from(sorted(BODIES)))
        body: dict[str, Any] | None = draw(st.none() | st.sampled_from(BODIES[topic]))
        value = None if body is None else {"product_id": ITEM, "updated_at": draw(updated_at), **body}
        log.append(
            Record(
                Partition(topic, 0),
                offset,
                draw(times),
                ITEM.encode(),
                None if value is None else orjson.dumps({k: v for k, v in value.items() if v is not None}),
                tuple(draw(headers)),
            )
        )
    return log


def copied(record: Record, offset: int, arrived_at_ms: int) -> Record:
    """The record that a replay sends, as the broker stores it."""
    sent = copy_of(record, ReplayRoute(LAYOUT, record.partition.topic, LAYOUT))
    assert sent.partition is not None
    return Record(Partition(sent.topic, sent.partition), offset, arrived_at_ms, sent.key, sent.value, (*sent.headers,))


def event(record: Record) -> Event | None:
    """The event as the items worker parses it; None if it becomes a dead letter."""
    try:
        return parse(
            record.partition.topic,
            record.key,
            record.value,
            arrived_at_ms=first_arrival_ms(record.headers, record.timestamp_ms),
            event_time_ms=event_time_ms(record.headers),
        )
    except InvalidEvent:
        return None


def folded(log: Iterable[Record]) -> ItemState:
    state = ItemState(ITEM)
    for record in log:
        if (parsed := event(record)) is not None:
            state = fold.fold(state, parsed)
    return state


@given(logs(), st.data())
@settings(max_examples=examples(150))
def test_replays_of_replays_in_any_order_change_nothing(log: list[Record], data: st.DataObject) -> None:
    long = list(log)
    for round_ in range(data.draw(st.integers(1, 4))):
        for record in data.draw(st.permutations(long))[: data.draw(st.integers(1, len(log)))]:
            later_ms = NOW_MS + (round_ + 1) * 20 * 3_600_000
            long.append(copied(record, len(long), later_ms))
    assert folded(data.draw(st.permutations(long))) == folded(log)


def _without_the_last_origin(record: Record) -> list[tuple[str, bytes]]:
    return [header for header in record.headers if header[0] not in COPY_OF]


@given(logs(), st.data())
def test_the_same_replay_sends_the_same_number_however_often_whatever_the_topic_was_filled_with(
    log: list[Record], data: st.DataObject
) -> None:
    partition = Partition("prices", 0)
    elsewhere = ReplayRoute(TopicLayout("id-of-another-topic", 1), "prices", LAYOUT)
    brought = [copy_of(record, elsewhere) for record in log if data.draw(st.booleans())]
    topic = [Record(partition, n, NOW_MS, sent.key, sent.value, (*sent.headers,)) for n, sent in enumerate(brought)]
    for earlier in range(data.draw(st.integers(0, 2))):
        topic += [copied(record, len(topic) + n, NOW_MS + earlier) for n, record in enumerate(topic)]
    first, counts = data.draw(st.integers(0, len(topic))), []
    for _ in range(3):
        offset_range = OffsetRange({partition: first}, {partition: len(topic)})
        sent = [r for r in topic[first:] if not is_copy_within(r, offset_range, Selection(), LAYOUT.topic_id)]
        counts.append(len(sent))
        topic += [copied(record, len(topic) + n, NOW_MS + 9) for n, record in enumerate(sent)]
    assert counts == counts[:1] * 3


@given(logs())
def test_a_copy_carries_the_first_origin_and_time_however_often_it_was_copied(log: list[Record]) -> None:
    for record in log:
        first = copied(record, 100, NOW_MS + 500)
        again = copied(copied(first, 101, NOW_MS + 1000), 102, NOW_MS + 2000)
        assert _without_the_last_origin(again) == _without_the_last_origin(first)
        assert (again.key, again.value) == (record.key, record.value)
        foreign = [header for header in record.headers if header[0] == "trace"]
        assert [header for header in again.headers if header[0] == "trace"] == foreign
        assert event(again) == event(record)
        if dict(record.headers).keys().isdisjoint({TOPIC_ID}):
            assert origin_of(again.headers) == Origin(*record.partition, record.offset, record.timestamp_ms)


def test_a_copy_is_left_out_where_its_origin_is_sent_and_only_there() -> None:
    partition = Partition("prices", 0)
    copy = copied(Record(partition, 5, NOW_MS, b"a", b"{}", ()), 9, NOW_MS + 50)
    everything, rest = OffsetRange({partition: 0}, {partition: 10}), OffsetRange({partition: 6}, {partition: 10})
    assert is_copy_within(copy, everything, Selection(), LAYOUT.topic_id)
    assert not is_copy_within(copy, rest, Selection(), LAYOUT.topic_id)
    assert not is_copy_within(copy, everything, Selection(), "another-log")
    later = Selection(first=Selection().first._replace(time_ms=NOW_MS + 1))
    assert not is_copy_within(copy, everything, later, LAYOUT.topic_id)


def test_a_record_with_the_headers_of_a_dead_letter_alone_is_no_copy() -> None:
    """Given a dead letter that a person repaired by hand, and whose headers were kept."""
    partition = Partition("prices", 0)
    kept = tuple((f"freshline-{name}", b"0" if name != "topic" else b"prices") for name in Origin._fields[:3])
    repaired = Record(partition, 7, NOW_MS, b"a", b"{}", (*kept, ("freshline-timestamp", b"5")))
    assert not is_copy_within(repaired, OffsetRange({partition: 0}, {partition: 10}), Selection(), LAYOUT.topic_id)
    assert first_arrival_ms(repaired.headers, NOW_MS) == NOW_MS
