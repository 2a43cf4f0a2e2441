"""Dead letters on their way back: what is sent, what a repair has to be, what is remembered."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import FreshlineError, InvalidEvent
from stream.kafka.headers import EVENT_TIME, Origin, dead_letter_headers, forwarded_headers
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Record
from stream.replay.dead_letters import (
    LETTER_OF,
    Repair,
    as_line,
    dead_letter_of,
    of_another_product,
    read_repairs,
    refusal,
    resent,
)
from stream.replay.ledger import CHUNK, ResendLedger

if TYPE_CHECKING:
    from stream.kafka.producer import OutgoingRecord, Producer
    from stream.replay.dead_letters import DeadLetter

T_MS = 1_795_000_000_000
TOPIC_ID = "0198f3-topic"


def letter(
    value: bytes | None = b"{bad", key: bytes | None = b"p1", partition: int = 2, **headers: bytes
) -> DeadLetter:
    origin = Origin("prices", partition, 7, T_MS)
    said = dead_letter_headers(origin, [(n.replace("_", "-"), v) for n, v in headers.items()], InvalidEvent("price: x"))
    found = dead_letter_of(
        Record(Partition("prices.dlq", partition), 3, T_MS + 5, key, value, tuple(said)), "prices", TOPIC_ID
    )
    assert found
    return found


def test_as_it_was_it_goes_to_its_partition_with_its_own_headers_and_first_time() -> None:
    sent = resent(letter(trace=b"1"), None, 4)
    assert (sent.topic, sent.key, sent.value, sent.partition) == ("prices", b"p1", b"{bad", 2)
    assert sent.headers == [("trace", b"1"), (EVENT_TIME, str(T_MS).encode()), (LETTER_OF, b"prices:2:7")]


def test_the_time_that_it_came_with_is_kept() -> None:
    assert (EVENT_TIME, b"55") in resent(letter(freshline_event_time=b"55"), None, 4).headers


@pytest.mark.parametrize(("key", "expected"), [(b"p1", partition_of(b"p1", 2)), (None, 0)])
def test_where_its_partition_is_no_more_it_goes_to_that_of_its_key(key: bytes | None, expected: int) -> None:
    assert resent(letter(key=key), None, 2).partition == expected


def test_a_repaired_value_goes_under_the_product_that_it_names() -> None:
    sent = resent(letter(), Repair(1, b'{"product_id": "p9"}'), 4)
    assert (sent.key, sent.value, sent.partition) == (b"p9", b'{"product_id": "p9"}', partition_of(b"p9", 4))


@pytest.mark.parametrize(
    ("key", "value", "repaired", "other"),
    [
        (b"p1", b"{bad", "p1", False),
        (b"p1", b"{bad", "p9", True),
        (b"p1", b'{"product_id": "p2"}', "p1", False),
        (b"p1", b'{"product_id": "p2"}', "p2", False),
        (b"p1", b'{"product_id": "p2"}', "p9", True),
        (b"p\0", b'{"product_id": "p\\u0000"}', "p9", False),
        (None, b"{bad", "p9", False),
    ],
)
def test_a_value_of_another_product_is_a_line_that_was_mixed_up(
    key: bytes | None, value: bytes, repaired: str, other: bool
) -> None:
    repair = Repair(1, orjson.dumps({"product_id": repaired}))
    assert of_another_product(letter(key=key, value=value), repair) is other


def test_the_letter_of_a_replayed_record_is_known_by_the_first_place_of_its_event() -> None:
    replayed = forwarded_headers([], Origin("prices", 1, 4, T_MS), TOPIC_ID)
    said = dead_letter_headers(Origin("prices", 1, 99, T_MS + 9), replayed, InvalidEvent("price: x"))
    record = Record(Partition("prices.dlq", 1), 0, T_MS + 9, b"p1", b"{bad", tuple(said))
    known, unknown = dead_letter_of(record, "prices", TOPIC_ID), dead_letter_of(record, "prices", "another-log")
    assert known and unknown
    assert (str(known.place), str(unknown.place)) == ("prices:1:4", "prices:1:99")
    assert dict(said)["freshline-offset"] == b"99"


def test_a_record_that_names_no_place_in_the_topic_is_no_letter() -> None:
    place = Partition("prices.dlq", 0)
    assert dead_letter_of(Record(place, 0, 0, None, b"x", ()), "prices", TOPIC_ID) is None
    assert dead_letter_of(letter().record, "products", TOPIC_ID) is None


def test_what_a_person_mends_says_why_it_was_refused_and_whether_it_still_would_be() -> None:
    line = as_line(letter(b'{"product_id": "p1", "price": -1, "currency": "EUR"}'), T_MS)
    assert (line["origin"], line["key"], line["reason"], line["error"]) == (
        "prices:2:7",
        "p1",
        "price: x",
        "InvalidEvent",
    )
    assert "negative" in line["refused_again"] and line["value"]["price"] == -1
    assert as_line(letter(b"{bad\xff"), T_MS)["value"] == "{bad\\xff"
    mended = orjson.dumps(line | {"value": line["value"] | {"price": 1}})
    repair = read_repairs([mended])["prices:2:7"]
    assert read_repairs([BOM_UTF8 + mended]) == {"prices:2:7": repair}
    assert refusal(letter(), repair.value, b"p1", T_MS) is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b"{"], "line 1: "),
        ([b"\n", b"[]"], "line 2: "),
        ([b'{"origin": "prices:0:1"}'], "line 1: .*value"),
        ([b'{"origin": "prices", "value": {}}'], "line 1: .*topic:partition:offset"),
        ([b'{"origin": "prices:0:1", "value": "{bad"}'], "line 1: .*an object, or null"),
        ([b'{"origin": "prices:0:1", "value": null}'] * 2, "line 2: prices:0:1 is in line 1 already"),
    ],
)
def test_a_repair_that_is_none_is_named(lines: list[bytes], message: str) -> None:
    with pytest.raises(FreshlineError, match=message):
        read_repairs(lines)


class Log:
    """Keeps what it is sent, the last word of each key."""

    def __init__(self) -> None:
        self.words: dict[bytes | None, bytes | None] = {}

    def send_now(self, record: OutgoingRecord) -> None:
        self.words.pop(record.key, None)
        self.words[record.key] = record.value


def remembered(log: Log, topic_id: str = "dlq-id") -> ResendLedger:
    resent = ResendLedger(topic_id)
    for key, value in {b"log": b"{}", b"[1]": b"1", **log.words}.items():
        resent.take(key, value)
    return resent


letters = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3 * CHUNK)), max_size=60)


@given(st.lists(letters, min_size=1, max_size=3), letters)
def test_what_was_marked_in_any_run_is_remembered_and_nothing_else(
    runs: list[set[tuple[int, int]]], others: set[tuple[int, int]]
) -> None:
    log, marked = Log(), set[tuple[int, int]]()
    for run in runs:
        memory = remembered(log)
        for partition, offset in run:
            memory.mark(partition, offset)
        memory.finish(cast("Producer", log))
        marked |= run
    memory = remembered(log)
    assert all(place in memory for place in marked)
    assert {place for place in others if place in memory} == others & marked
    assert not any(place in remembered(log, "another-log") for place in marked)


def test_a_run_is_unfinished_until_it_says_otherwise() -> None:
    log = Log()
    remembered(log).begin(cast("Producer", log), {0: 5, 1: 9})
    assert remembered(log).unfinished == {0: 5, 1: 9}
    remembered(log).finish(cast("Producer", log))
    assert remembered(log).unfinished is None


def test_a_chunk_stays_small_even_if_every_second_letter_was_sent() -> None:
    log = Log()
    memory = remembered(log)
    for offset in range(0, CHUNK, 2):
        memory.mark(0, offset)
    memory.save(cast("Producer", log))
    assert max(len(value or b"") for value in log.words.values()) < 100_000
