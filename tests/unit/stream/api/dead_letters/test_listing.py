"""Dead letters are counted by kind, and shown as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.errors import InvalidEvent
from schemas.events import parse
from stream.api.dead_letters.listing import OTHER, TopicLetters, kind_of, shown
from stream.kafka.headers import PREFIX, Origin, origin_headers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.replay.dead_letters import DeadLetter, dead_letter_of

if TYPE_CHECKING:
    from stream.api.dead_letters.models import LetterList

DEEP = '{"x": ' + "[" * 500 + "]" * 500 + "}"
"""Nested so deeply that orjson reads it and does not write it."""


def refused(value: str, reason: str = "") -> DeadLetter:
    headers = (*origin_headers(Origin("prices", 0, 1, 0)), (f"{PREFIX}reason", reason.encode()))
    letter = dead_letter_of(Record(Partition("prices.dlq", 0), 0, 0, None, value.encode(), headers), "prices", "id")
    assert letter is not None
    return letter


def listing(*reasons: str, reason: str | None = None, **bounds: int) -> LetterList:
    made = TopicLetters("prices", reason, 10, **bounds)
    made.add_all((refused("{}", each) for each in reasons), lambda _: None)
    return made.answer()


def test_a_letter_that_can_be_read_and_not_written_or_is_too_long_is_shown_and_the_others_are() -> None:
    deep, long = (shown(refused(text), None) for text in (DEEP, '{"x": "' + "y" * 8_000_000))
    assert (deep.text, deep.is_whole) == (DEEP, True)
    assert long.text.startswith('{"x": "yyy') and len(long.text) < 10_000 and not long.is_whole


def test_letters_that_were_refused_alike_are_of_one_kind_whatever_the_values() -> None:
    reasons = [
        "price: 'cheap' is no number",
        'price: "it\'s" is no number',
        "price: is missing",
        "price: 'a' is no number",
    ]
    found = listing(*reasons)
    assert [(each.reason, each.count) for each in found.reasons] == [
        ("price: '…' is no number", 3), ("price: is missing", 1),
    ]  # fmt: skip
    of_one_kind = listing(*reasons, reason="price: '…' is no number").letters
    assert [letter.reason for letter in of_one_kind] == [reasons[3], reasons[1], reasons[0]]
    assert len(listing(*reasons, reason=reasons[0]).letters) == 3
    assert kind_of("price: '1,5' is no decimal: send one like \"19.99\"") == (
        "price: '…' is no decimal: send one like \"19.99\""
    )
    assert kind_of("the record's price and the shop's currency differ") == (
        "the record's price and the shop's currency differ"
    )


def test_no_letter_is_left_out_of_the_counts_however_many_kinds_there_are() -> None:
    found = listing(*(f"kind {number}" for number in range(10)), kinds_max=3)
    assert {each.reason: each.count for each in found.reasons} == {"kind 0": 1, "kind 1": 1, "kind 2": 1, OTHER: 7}
    assert len(listing(*(f"kind {number}" for number in range(10)), reason=OTHER, kinds_max=3).letters) == 7


@pytest.mark.parametrize(
    ("topic", "name", "values"),
    [
        ("products", "availability", ["maybe", "x" * 90, "it's", "in 5 days"]),
        ("products", "product_id", [1, 12_345, 7.5]),
        ("products", "category", ["A > B", "C"]),
    ],
)
def test_dead_letters_that_differ_by_a_value_are_counted_together(topic: str, name: str, values: list[Any]) -> None:
    kinds = set()
    for value in values:
        body = orjson.dumps({"product_id": "a", "title": "x", name: value})
        with pytest.raises(InvalidEvent) as refused:
            parse(topic, None, body, arrived_at_ms=1_795_000_000_000, event_time_ms=None)
        kinds.add(kind_of(str(refused.value)))
    assert len(kinds) == 1


def test_dead_letters_of_records_of_other_fields_are_counted_together() -> None:
    kinds = set()
    for body in ({"scope": "store", "data": {"id": 1}}, {"objectID": "1"}):
        with pytest.raises(InvalidEvent) as refused:
            parse("products", None, orjson.dumps(body), arrived_at_ms=1_795_000_000_000, event_time_ms=None)
        kinds.add(kind_of(str(refused.value)))
    assert len(kinds) == 1
