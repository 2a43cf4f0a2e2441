from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.items import NO_REVIEWS, Change, Entity, ItemRecord, ItemState, ReviewSummary
from schemas.state_codec import encode_item
from schemas.state_json import ItemAsJson
from stream.items.partition import ItemPartition
from tests.support.events_strategy import item_events, parsed
from tests.support.folding import folded
from tests.support.item_records import decode_item
from tests.support.review_summary import summarised
from workers.state import fold, limits, reviews

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

KIB = 1024


def recorded(state: ItemState, summary: ReviewSummary = NO_REVIEWS) -> ItemRecord:
    return ItemRecord("writer", state, summary, {"price": Change(1_700_000_000_000, 3)})


@given(st.lists(item_events, max_size=10))
def test_an_item_comes_back_from_its_record(events: list[Any]) -> None:
    record = recorded(folded(events), ReviewSummary(2, 900, (0, 0, 0, 1, 1), 5))
    assert decode_item(encode_item(record)) == record


@given(st.lists(item_events, max_size=10))
def test_records_are_of_the_shape_that_is_published_for_them(events: list[Any]) -> None:
    written = encode_item(recorded(folded(events), ReviewSummary(2, 900, (0, 0, 0, 1, 1), 5)))
    shape = TypeAdapter(ItemAsJson)
    assert orjson.loads(shape.dump_json(shape.validate_json(written, strict=True))) == orjson.loads(written)


def test_that_there_were_too_many_sellers_is_remembered_in_the_record() -> None:
    offers = [
        parsed("prices", {"price": 1, "currency": "EUR", "seller": f"s{n}"}) for n in range(limits.SELLERS_MAX + 1)
    ]
    record = recorded(folded(offers))
    assert record.state.crowded
    assert decode_item(encode_item(record)) == record


def extreme_item() -> ItemState:
    """More of everything than is kept, in the longest form that one upsert a product and a seller can give."""
    languages = [f"zh-Han{chr(97 + n)}" for n in range(26)]
    product = {
        "title": dict.fromkeys(languages, '"龍"' * 2500),
        "description": dict.fromkeys(languages, '"龍"' * 1500),
        "brand": "b" * 256,
        "category": ["c" * 128] * 8,
        "attributes": {f"attribute {n} " + "k" * 60: "v" * 500 for n in range(256)},
        "link": "l" * 1024,
        "image_link": "i" * 1024,
        "gtin": "g" * 256,
        "item_group_id": "i" * 256,
        "availability": "out_of_stock",
    }
    offer = {
        "price": 99_999.99,
        "currency": "HKD",
        "sale_price": 89_999.99,
        "sale_starts_at": 1_690_000_000_000,
        "sale_ends_at": 1_790_000_000_000,
        "promotion": dict.fromkeys(languages, "買2件慳$5.00" * 50),
    }
    stamp = {"updated_at": 1_700_000_000_000, "version": 1_234_567_890}
    events = [parsed_late("products", product | stamp)]
    events += [
        parsed_late("prices", offer | stamp | {"seller": f"{n:04}" + "s" * 60, "version": 1_234_567_890 + n})
        for n in range(limits.SELLERS_MAX + 50)
    ]
    return joined([folded([event]) for event in events])


def joined(states: list[ItemState]) -> ItemState:
    """Join pairs, and pairs of these: an event after the other looks at all sellers again for each new one."""
    if len(states) == 1:
        return states[0]
    half = len(states) // 2
    return fold.join(joined(states[:half]), joined(states[half:]))


def parsed_late(topic: str, body: dict[str, Any]) -> Any:
    return parsed(topic, body, arrived_at_ms=1_700_000_000_000)


def test_the_record_of_an_extreme_item_is_taken_by_kafka() -> None:
    assert len(encode_item(recorded(extreme_item()))) < 600 * KIB


def test_the_record_does_not_grow_with_the_reviews() -> None:
    """50,000 reviews take only more digits than ten."""

    def size(count: int) -> int:
        ratings = (reviews.delta(parsed("reviews", {"review_id": "r", "rating": n % 5 + 1})) for n in range(count))
        return len(encode_item(recorded(ItemState("a"), summarised(ratings))))

    assert size(50_000) - size(10) < 50


def test_one_more_review_costs_the_same_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in reviews that are looked at."""
    looked_at: list[Entity] = []
    replaced, joined = reviews.replaced, reviews.join

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            looked_at.extend(each for each in arguments if isinstance(each, Entity))
            return function(*arguments)

        return call

    monkeypatch.setattr(reviews, "replaced", counting(replaced))
    monkeypatch.setattr(reviews, "join", counting(joined))
    costs = {}
    for count in (10, 50_000):
        partition = ItemPartition(0, "me")
        held = partition._held("a")
        review = reviews.delta(parsed("reviews", {"review_id": "r", "rating": 4}))
        held.reviews = dict.fromkeys(map(str, range(count)), review)
        held.summary = summarised(held.reviews.values())
        looked_at.clear()
        assert partition.fold(parsed("reviews", {"review_id": "7", "rating": 2, "updated_at": 9_999_999}))
        costs[count] = len(looked_at)
        assert held.summary == summarised(held.reviews.values())
    assert costs[10] == costs[50_000] <= 4
