"""The life of a product says in words why an event does not count."""

from __future__ import annotations

from typing import Any

import pytest

from stream.api.why.life import life_events
from stream.api.why.log_events import KnownEvent, may_be_of
from stream.items.decoder import Decoder
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from tests.support.events_strategy import NOW_MS, parsed
from workers.sources.formats import Source
from workers.sources.sources import Sources


def known(*events: tuple[str, dict[str, Any]]) -> list[KnownEvent]:
    return [
        KnownEvent(topic, 0, offset, NOW_MS, parsed(topic, body), None) for offset, (topic, body) in enumerate(events)
    ]


PRICE = {"price": 2, "currency": "EUR", "updated_at": 5}


@pytest.mark.parametrize(
    ("other", "outcome", "why"),
    [
        (("prices", {**PRICE, "updated_at": 7}), "outranked", "older than the upsert of 2023-11-14T22:13:20.007Z"),
        (("prices", {**PRICE, "version": 3}), "outranked", "has no version: outranked by the upsert"),
        (("products", {"op": "delete", "updated_at": 9}), "void", "void since the delete of 2023-11-14T22:13:20.009Z"),
        (("prices", {**PRICE, "op": "delete"}), "outranked", "of the same time as the delete of"),
        (("prices", {**PRICE, "updated_at": 4}), "counts", None),
    ],
)
def test_an_event_that_does_not_count_names_the_one_that_outranks_it(
    other: tuple[str, dict[str, Any]], outcome: str, why: str | None
) -> None:
    events = {event.offset: event for event in life_events(known(("prices", PRICE), other))}
    price = events[0]
    assert price.outcome == outcome
    assert why is None or why in str(price.fields[0].why)
    assert (f"({other[0]}:0:1)" in str(price.fields[0].why)) == (why is not None)


def test_of_two_versions_the_lower_one_says_which_is_above_it() -> None:
    events = life_events(known(("prices", {**PRICE, "version": 1}), ("prices", {**PRICE, "version": 2})))
    assert "version 1 is below version 2" in str(events[0].fields[0].why)


def test_a_copy_of_an_event_says_what_it_repeats() -> None:
    copy = next(event for event in life_events(known(("prices", PRICE), ("prices", PRICE))) if event.offset == 1)
    assert copy.outcome == "repeated" and copy.fields[0].why == "repeats prices:0:0"


def test_an_upsert_that_keeps_some_fields_counts_in_part() -> None:
    events = life_events(known(("prices", PRICE), ("prices", {"op": "patch", "price": 3, "updated_at": 9})))
    assert [event.outcome for event in events] == ["counts in part", "counts"]
    assert [(field.name, field.won) for field in events[0].fields] == [("price", False), ("currency", True)]


def test_events_are_in_the_order_of_their_stamps_and_refused_records_come_last() -> None:
    refused = KnownEvent("prices", 0, 9, NOW_MS, None, "price: is no number")
    late = known(("prices", {**PRICE, "updated_at": 9}), ("prices", {**PRICE, "updated_at": 3}))
    events = life_events([refused, *late])
    assert [event.offset for event in events] == [1, 0, 9]
    assert events[-1].outcome == "refused" and events[-1].refused == "price: is no number"


def test_a_record_of_a_source_is_of_a_product_whatever_its_key_is() -> None:
    rows = Decoder(Sources([Source(topic="reviews", format="debezium")]))
    row = Record(Partition("reviews", 0), 0, NOW_MS, b'{"id":4}', b'{"after":{"id":4,"product_id":"lamp-7"}}', ())
    assert may_be_of(b"lamp-7", row, rows) and not may_be_of(b"lamp-8", row, rows)
    own = row._replace(partition=Partition("prices", 0))
    assert not may_be_of(b"lamp-7", own, rows), "the key of our own events is the product_id"
    assert may_be_of(b"lamp-7", own._replace(key=None), rows)
