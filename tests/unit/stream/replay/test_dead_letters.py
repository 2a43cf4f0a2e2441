"""Dead letters on their way back: the record that is sent, the repairs that are accepted, the resend ledger."""

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
from stream.replay.dead_letters import DEAD_LETTER_OF, as_line, dead_letter_of, dead_letters_in, each_once
from stream.replay.ledger import CHUNK, ResendLedger
from stream.replay.repairs import (
    Repair,
    is_in_form_of_source,
    names_another_product,
    read_repairs,
    record_to_send,
    refusal,
)
from tests.support.sources import columns
from workers.sources.formats import Source
from workers.sources.sources import FORMAT_HEADER, Sources

if TYPE_CHECKING:
    from stream.kafka.producer import OutgoingRecord, Producer
    from stream.replay.dead_letters import DeadLetter

T_MS = 1_795_000_000_000
TOPIC_ID = "0198f3-topic"
OTHER_NAMES = columns(product_id="sku", price="amount", currency="currency")


def dead_letter(
    value: bytes | None = b"{bad", key: bytes | None = b"p1", partition: int = 2, **headers: bytes
) -> DeadLetter:
    origin = Origin("prices", partition, 7, T_MS)
    said = dead_letter_headers(origin, [(n.replace("_", "-"), v) for n, v in headers.items()], InvalidEvent("price: x"))
    found = dead_letter_of(
        Record(Partition("prices.dlq", partition), 3, T_MS + 5, key, value, tuple(said)), "prices", TOPIC_ID
    )
    assert found
    return found


def test_a_record_that_was_refused_twice_is_one_dead_letter_the_first() -> None:
    """Given a worker that was killed before it acked the record, when its letters are read, then there is one."""
    first, other = dead_letter().record, dead_letter(partition=3).record
    again, alien = first._replace(offset=4), first._replace(headers=())
    found = each_once(dead_letters_in([first, again, alien, other], "prices", TOPIC_ID))
    assert [letter.record for letter in found] == [first, other]


def test_as_it_was_it_goes_to_its_partition_with_its_own_headers_and_first_time() -> None:
    sent = record_to_send(dead_letter(trace=b"1"), None, 4)
    assert (sent.topic, sent.key, sent.value, sent.partition) == ("prices", b"p1", b"{bad", 2)
    assert sent.headers == [("trace", b"1"), (EVENT_TIME, str(T_MS).encode()), (DEAD_LETTER_OF, b"prices:2:7")]


def test_the_time_that_it_came_with_is_kept() -> None:
    assert (EVENT_TIME, b"55") in record_to_send(dead_letter(freshline_event_time=b"55"), None, 4).headers


@pytest.mark.parametrize(("key", "expected"), [(b"p1", partition_of(b"p1", 2)), (None, 0)])
def test_where_its_partition_is_gone_it_goes_to_that_of_its_key(key: bytes | None, expected: int) -> None:
    assert record_to_send(dead_letter(key=key), None, 2).partition == expected


def test_a_repaired_value_goes_under_the_product_that_it_names() -> None:
    sent = record_to_send(dead_letter(), Repair(1, b'{"product_id": "p9"}'), 4)
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
    assert names_another_product(dead_letter(key=key, value=value), repair) is other


def test_the_dead_letter_of_a_replayed_record_is_known_by_where_its_event_stood_first() -> None:
    replayed = forwarded_headers([], Origin("prices", 1, 4, T_MS), TOPIC_ID)
    said = dead_letter_headers(Origin("prices", 1, 99, T_MS + 9), replayed, InvalidEvent("price: x"))
    record = Record(Partition("prices.dlq", 1), 0, T_MS + 9, b"p1", b"{bad", tuple(said))
    known, unknown = dead_letter_of(record, "prices", TOPIC_ID), dead_letter_of(record, "prices", "another-log")
    assert known and unknown
    assert (str(known.identity), str(unknown.identity)) == ("prices:1:4", "prices:1:99")
    assert dict(said)["freshline-offset"] == b"99"


def test_a_record_that_names_no_offset_of_the_topic_is_no_dead_letter() -> None:
    partition = Partition("prices.dlq", 0)
    assert dead_letter_of(Record(partition, 0, 0, None, b"x", ()), "prices", TOPIC_ID) is None
    assert dead_letter_of(dead_letter().record, "products", TOPIC_ID) is None


def test_what_a_person_repairs_says_why_it_was_refused_and_whether_it_still_would_be() -> None:
    line = as_line(dead_letter(b'{"product_id": "p1", "price": -1, "currency": "EUR"}'), T_MS, Sources())
    assert (line["origin"], line["key"], line["reason"], line["error"]) == (
        "prices:2:7",
        "p1",
        "price: x",
        "InvalidEvent",
    )
    assert "negative" in line["refused_again"] and line["value"]["price"] == -1
    assert as_line(dead_letter(b"{bad\xff"), T_MS, Sources())["value"] == "{bad\\xff"
    deep = b'{"product_id": "p1", "price": -1, "x": ' + b"[" * 500 + b"]" * 500 + b"}"
    assert orjson.loads(orjson.dumps(as_line(dead_letter(deep), T_MS, Sources())))["value"] == deep.decode()
    repaired = orjson.dumps(line | {"value": line["value"] | {"price": 1}})
    repair = read_repairs([repaired])["prices:2:7"]
    assert read_repairs([BOM_UTF8 + repaired]) == {"prices:2:7": repair}
    assert refusal(dead_letter(), repair, T_MS, Sources()) is None


ENVELOPE = {"op": "u", "before": None, "source": {"lsn": 9, "ts_ms": T_MS - 5}}
ROWS = Sources([Source(topic="prices", format="debezium")])
BAD_ROW = {"product_id": "p1", "seller": "north", "price": "-1", "currency": "EUR"}


def test_a_dead_letter_of_a_source_is_judged_and_repaired_in_the_form_that_it_had() -> None:
    letter = dead_letter(orjson.dumps(ENVELOPE | {"after": BAD_ROW}), key=b'{"product_id":"p1","seller":"north"}')
    line = as_line(letter, T_MS, ROWS)
    assert "is negative" in line["refused_again"]
    assert (
        as_line(dead_letter(orjson.dumps(ENVELOPE | {"after": BAD_ROW | {"price": "1"}})), T_MS, ROWS)["refused_again"]
        is None
    )
    row = Repair(1, orjson.dumps(ENVELOPE | {"after": BAD_ROW | {"price": "1"}}))
    assert refusal(letter, row, T_MS, ROWS) is None and is_in_form_of_source(letter, row, T_MS, ROWS)
    sent = record_to_send(letter, row, 4, own_form=False)
    assert (sent.key, sent.value, sent.partition) == (letter.record.key, row.value, 2)
    assert not any(name == FORMAT_HEADER for name, _ in sent.headers)


def test_a_repair_that_would_be_less_than_its_dead_letter_is_refused() -> None:
    letter = dead_letter(orjson.dumps(ENVELOPE | {"after": BAD_ROW}))
    own = BAD_ROW | {"price": "1"}
    for source in (ROWS, Sources([Source(topic="prices", format="debezium-unwrapped", mapping=OTHER_NAMES)])):
        assert "have versions" in (refusal(letter, Repair(1, orjson.dumps(own)), T_MS, source) or "")
        assert refusal(letter, Repair(1, orjson.dumps(own | {"version": 19})), T_MS, source) is None
    neither = refusal(letter, Repair(1, orjson.dumps(BAD_ROW)), T_MS, ROWS) or ""
    assert neither.startswith("as a record of debezium: ") and "; as an event of Freshline: price: " in neither
    platform = Sources([Source(topic="prices", format="shopify", currency="EUR")])
    assert "may be several events" in (refusal(letter, Repair(1, orjson.dumps(own)), T_MS, platform) or "")
    framed = Sources([Source(topic="prices", format="shopify", encoding="confluent", currency="EUR")])
    assert refusal(letter, Repair(1, orjson.dumps(own)), T_MS, framed) is None
    unknown = dead_letter(b"\0\0\0\0\7rest")
    assert "its schema is one of a registry" in as_line(unknown, T_MS, framed)["refused_again"]


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
def test_a_line_that_is_no_repair_is_named_by_its_number(lines: list[bytes], message: str) -> None:
    with pytest.raises(FreshlineError, match=message):
        read_repairs(lines)


class Log:
    """Keeps the last value of each key that it is sent."""

    def __init__(self) -> None:
        self.values: dict[bytes | None, bytes | None] = {}

    def send_now(self, record: OutgoingRecord) -> None:
        self.values.pop(record.key, None)
        self.values[record.key] = record.value


def read_back(log: Log, topic_id: str = "dlq-id") -> ResendLedger:
    ledger = ResendLedger(topic_id)
    for key, value in {b"log": b"{}", b"[1]": b"1", **log.values}.items():
        ledger.read_record(key, value)
    return ledger


offsets = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3 * CHUNK)), max_size=60)


@given(st.lists(offsets, min_size=1, max_size=3), offsets)
def test_the_ledger_holds_what_was_marked_in_any_run_and_nothing_else(
    runs: list[set[tuple[int, int]]], others: set[tuple[int, int]]
) -> None:
    log, marked = Log(), set[tuple[int, int]]()
    for run in runs:
        ledger = read_back(log)
        for partition, offset in run:
            ledger.mark(partition, offset)
        ledger.finish(cast("Producer", log))
        marked |= run
    ledger = read_back(log)
    assert all(offset in ledger for offset in marked)
    assert {offset for offset in others if offset in ledger} == others & marked
    assert not any(offset in read_back(log, "another-log") for offset in marked)


def test_a_run_is_unfinished_until_it_says_otherwise() -> None:
    log = Log()
    read_back(log).begin(cast("Producer", log), {0: 5, 1: 9})
    assert read_back(log).unfinished == {0: 5, 1: 9}
    read_back(log).finish(cast("Producer", log))
    assert read_back(log).unfinished is None


def test_a_record_of_the_ledger_stays_small_even_if_every_second_dead_letter_was_sent() -> None:
    log = Log()
    ledger = read_back(log)
    for offset in range(0, CHUNK, 2):
        ledger.mark(0, offset)
    ledger.save(cast("Producer", log))
    assert max(len(value or b"") for value in log.values.values()) < 100_000
