"""Records that Debezium 3.6.3 itself wrote of one database in nine settings, for three tables of a shop.

After a snapshot one transaction changes a price, a title beside a long text, adds a review, gives a price another key,
and deletes the review and the product.
"""

from __future__ import annotations

import gzip
import random
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.errors import InvalidEvent
from schemas.items import ItemState
from tests.support.sources import columns
from workers.sources.formats import Source
from workers.sources.mapping import Column
from workers.sources.sources import Decoded, Sources, Times
from workers.state import fold
from workers.state.projection import shown_facts

ARRIVED_MS = 1_796_100_000_000
"""A moment after the records were written."""
CAPTURED = Path(__file__).with_name("debezium_3_6.jsonl.gz")
"""Lines with setting, topic, key and value."""
RECORDS = {
    setting: list(records)
    for setting, records in groupby(
        map(orjson.loads, gzip.decompress(CAPTURED.read_bytes()).splitlines()), key=lambda record: record["setting"]
    )
}
MAPPINGS = {
    "products": columns(
        product_id="id",
        title="title",
        description="description",
        visible="active",
        attributes="attributes",
        gtin="gtin",
    ),
    "prices": columns(
        product_id="product_id",
        seller="seller",
        price=Column(column="price", scale=2),
        sale_price="sale_price",
        currency="currency",
        sale_starts_at="starts_at",
    ),
    "reviews": columns(product_id="product_id", review_id="id", rating="rating"),
}
SHOWN = {
    "title/und": "Green tea, 500 ml",
    "attributes/n": 1.1,
    "attributes/size": "500 ml",
    "gtin": "04006381333931",
}
ORDERED = sorted(RECORDS.keys() - {"unwrapped"})
"""The settings whose records say where their change stands in the log."""


def decoded(setting: str) -> tuple[list[Decoded], list[str]]:
    """Return the events of a setting, and the reasons of what is refused."""
    given: dict[str, Any] = {"format": "debezium-unwrapped" if setting.startswith("unwrapped") else "debezium"}
    if setting == "cloudevents":
        given["envelope"] = "cloudevents"
    if setting.endswith("_full"):
        given["replica_identity"] = "full"
    sources = Sources([Source(topic=topic, mapping=mapping, **given) for topic, mapping in MAPPINGS.items()])
    found: list[Decoded] = []
    refused = []
    for number, record in enumerate(RECORDS[setting]):
        topic = record["topic"].rpartition(".")[2]
        key, value = (record[part] and record[part].encode() for part in ("key", "value"))
        try:
            found += sources.decode(topic, key, value, [], Times(ARRIVED_MS, ARRIVED_MS - 1_000 + number))
        except InvalidEvent as error:
            refused.append(str(error))
    return found, refused


def folded(events: list[Decoded], product_id: str) -> ItemState:
    state = ItemState(product_id)
    for each in events:
        if each.event.product_id == product_id and each.event.topic != "reviews":
            state = fold.fold(state, each.event)
    return state


@pytest.mark.parametrize("setting", sorted(RECORDS))
def test_in_every_setting_the_items_are_what_the_tables_hold(setting: str) -> None:
    events, _ = decoded(setting)
    if setting in ORDERED:
        random.Random(7).shuffle(events)
    if setting == "cloudevents":  # Its deletes have no key, and are refused.
        facts = shown_facts(folded(events, "p-1"), None) or {}
        assert facts.items() >= SHOWN.items() and len(facts["description/und"]) > 1_000
        return
    item = folded(events, "p-1")
    assert shown_facts(item, None) is None
    # The price that the transaction changed before it deleted the product is in the table still.
    offers = [seller for seller in item.offers if shown_facts(item, seller)]
    assert offers == (["shop"] if setting in ORDERED else [])
    moved = shown_facts(folded(events, "p-2"), "other")
    assert moved == {"price": 0.0, "currency": "EUR", "sale_starts_at_ms": 1_769_875_200_000}


@pytest.mark.parametrize("setting", sorted(RECORDS))
def test_before_its_end_the_product_has_its_new_title_and_price_and_its_old_text(setting: str) -> None:
    events = [each for each in decoded(setting)[0] if each.event.op != "delete" or each.event.topic != "products"]
    item = folded(events, "p-1")
    facts = shown_facts(item, None) or {}
    assert facts.items() >= SHOWN.items() and len(facts["description/und"]) > 1_000
    offer = shown_facts(item, "shop")
    assert offer is not None and offer["currency"] == "HKD" and offer["price"] == 11.0 and offer["sale_price"] == 9.9


@pytest.mark.parametrize("setting", sorted(RECORDS))
def test_nothing_is_refused_but_what_does_not_say_what_it_deletes(setting: str) -> None:
    refused = {reason.partition(":")[0] for reason in decoded(setting)[1]}
    expected = {
        "cloudevents": {"product_id"},
        "envelope_replica_identity_full": set(),
        "envelope_with_truncate": {
            "product_id",
            *(f"the table {table} was truncated, and no event says which rows that were" for table in MAPPINGS),
        },
    }
    assert refused == expected.get(setting, {"product_id"})
