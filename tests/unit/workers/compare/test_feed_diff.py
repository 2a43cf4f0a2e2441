"""The events of a sync make an item show what the feed says, whatever stood in its state; a second sync is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvalidFeedLine
from schemas.events import parse
from schemas.items import ItemState
from tests.support.events_strategy import (
    ITEM,
    NOW_MS,
    T0_MS,
    item_events,
    languages,
    parsed,
    price_events,
    prices,
    since_t0,
    texts,
    times,
    versions,
    words,
)
from tests.support.examples import examples
from workers.compare.feed_diff import FeedFinding, FeedOutcome, compare_item, read_line
from workers.state import fold, limits
from workers.state.projection import shown_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.events import Event

Body = dict[str, Any]
SELLERS = ["w", "x", "y", "z"]

titles = st.sampled_from(["lamp", "brass lamp", "x" * 50]) | st.dictionaries(
    languages, st.sampled_from(["lamp", "Lampe"]), min_size=1
)
product_bodies: st.SearchStrategy[Body] = st.fixed_dictionaries(
    {"title": titles},
    optional={
        "description": st.none() | texts,
        "brand": st.none() | words,
        "category": st.lists(words, max_size=2),
        "attributes": st.dictionaries(
            st.sampled_from(["colour", "size"]), words | st.sampled_from([0, 1, 1.0, True, [1], {"a": 1}])
        ),
        "availability": st.none() | st.sampled_from(["in_stock", "out_of_stock"]),
    },
)
price_bodies: st.SearchStrategy[Body] = st.fixed_dictionaries(
    {"price": prices, "currency": st.sampled_from(["EUR", "HKD"])},
    optional={"sale_price": st.none() | prices, "sale_ends_at": st.none() | st.integers(6, 12), "promotion": texts},
)
product_feeds = st.lists(product_bodies, max_size=1)
price_feeds = st.dictionaries(st.sampled_from(SELLERS), price_bodies).map(
    lambda offers: [{"seller": seller} | body for seller, body in offers.items()]
)
crowding_feeds = st.dictionaries(st.sampled_from(SELLERS), price_bodies, max_size=2).map(
    lambda offers: [{"seller": seller} | body for seller, body in offers.items()]
)
feeds = st.tuples(st.just("products"), product_feeds) | st.tuples(st.just("prices"), price_feeds)
stamped_feeds = st.tuples(feeds, st.lists(times, min_size=4), st.lists(versions, min_size=4)).map(
    lambda drawn: (
        drawn[0][0],
        [body | {"updated_at": t, "version": v} for body, t, v in zip(drawn[0][1], drawn[1], drawn[2], strict=False)],
    )
)
histories = st.lists(item_events, max_size=12)
nows = st.integers(T0_MS, T0_MS + 20)
"""Before, among and after the times of the histories."""


def folded(events: Iterable[Event], state: ItemState | None = None) -> ItemState:
    state = state or ItemState(ITEM)
    for event in events:
        state = fold.fold(state, event)
    return state


def synced(
    topic: str, state: ItemState, bodies: Sequence[Body], now_ms: int = NOW_MS
) -> tuple[list[FeedFinding], ItemState]:
    """Return the findings, and the state after their events."""
    values = [orjson.dumps({"product_id": ITEM} | since_t0(body)) for body in bodies]
    lines = [read_line(topic, number, value, now_ms) for number, value in enumerate(values, 1)]
    findings = list(compare_item(topic, state, lines, now_ms))
    sent = [each.publish for each in findings if each.publish is not None]
    events = [parse(topic, ITEM.encode(), value, arrived_at_ms=now_ms, event_time_ms=None) for value in sent]
    return findings, folded(reversed(events), state)


def parts(topic: str, state: ItemState) -> dict[str | None, Body]:
    """Return the facts that are shown of the product, or by seller."""
    keys = {None} if topic == "products" else set(state.offers)
    found = {key: shown_facts(state, key) for key in keys}
    return {key: facts for key, facts in found.items() if facts is not None}


def canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def outcomes(findings: Iterable[FeedFinding]) -> list[str]:
    return [str(each.outcome) for each in findings]


@given(histories, feeds, nows)
@settings(max_examples=examples(150))
def test_after_its_events_the_state_shows_what_the_feed_says_and_a_second_sync_is_silent(
    history: list[Event], feed: tuple[str, list[Body]], now_ms: int
) -> None:
    topic, bodies = feed
    findings, after = synced(topic, folded(history), bodies, now_ms)
    assert canonical(parts(topic, after)) == canonical(parts(topic, synced(topic, ItemState(ITEM), bodies)[1]))
    assert FeedOutcome.STALE not in {each.outcome for each in findings}
    again, _ = synced(topic, after, bodies, now_ms + 1)
    assert outcomes(again) == ["unchanged"] * len(bodies)
    assert [each.publish for each in again] == [None] * len(bodies)


@given(st.lists(price_events, min_size=3, max_size=12), crowding_feeds, nows)
@settings(max_examples=examples(150))
def test_at_the_limit_of_sellers_a_feed_is_kept_whole_or_refused_and_a_second_sync_is_silent(
    history: list[Event], bodies: list[Body], now_ms: int
) -> None:
    with patch.multiple(limits, SELLERS_MAX=2):
        try:
            _, after = synced("prices", folded(history), bodies, now_ms)
        except InvalidFeedLine as error:
            assert "has had more than 2 sellers" in str(error)
            return
        assert set(parts("prices", after)) == {body["seller"] for body in bodies}
        again, _ = synced("prices", after, bodies, now_ms + 1)
        assert outcomes(again) == ["unchanged"] * len(bodies)


@given(histories, product_feeds, nows)
@settings(max_examples=examples(80))
def test_texts_that_the_state_cuts_are_equal_to_those_of_the_feed(
    history: list[Event], bodies: list[Body], now_ms: int
) -> None:
    parts_max = {"title": 3, "description": 2, "attributes": 1, "promotion": 2}
    with patch.multiple(
        limits,
        PARTS_MAX=parts_max,
        TITLE_BYTES=60,
        DESCRIPTION_BYTES=60,
        ATTRIBUTES_BYTES=12,
        SHARE_BYTES_MIN=dict.fromkeys(parts_max, 4),
    ):
        _, after = synced("products", folded(history), bodies, now_ms)
        assert outcomes(synced("products", after, bodies, now_ms + 1)[0]) == ["unchanged"] * len(bodies)


@given(histories, stamped_feeds, nows)
@settings(max_examples=examples(150))
def test_a_line_with_a_stamp_of_its_own_is_sent_only_if_it_changes_what_is_shown(
    history: list[Event], feed: tuple[str, list[Body]], now_ms: int
) -> None:
    topic, bodies = feed
    state = folded(history)
    findings, after = synced(topic, state, bodies, now_ms)
    before, shown = parts(topic, state), parts(topic, after)
    for each in findings:
        moved = canonical(before.get(each.seller)) != canonical(shown.get(each.seller))
        assert moved == (each.publish is not None) == (each.outcome not in {FeedOutcome.STALE, FeedOutcome.UNCHANGED})
    assert set(outcomes(synced(topic, after, bodies, now_ms + 1)[0])) <= {"unchanged", "stale"}


LAMP = {"title": "Brass lamp", "brand": "Lux"}
OFFER = {"seller": "x", "price": 9.5, "currency": "EUR"}


def said(topic: str, **body: Any) -> Event:
    return parsed(topic, body)


def test_every_outcome_has_its_example() -> None:
    offers = [said("prices", **OFFER | {"seller": seller}, updated_at=5) for seller in "abc"]
    cheaper, equal, late = OFFER | {"seller": "a", "price": 8}, OFFER | {"seller": "b"}, OFFER | {"seller": "c"}
    findings, _ = synced("prices", folded(offers), [cheaper, equal, OFFER, late | {"price": 1, "updated_at": 4}])
    assert {each.seller: str(each.outcome) for each in findings} == {
        "a": "changed",
        "b": "unchanged",
        "x": "added",
        "c": "stale",
    }
    assert findings[0].differences == (("price", 9.5, 8.0),)
    (gone,), _ = synced("products", folded([said("products", **LAMP, updated_at=5)]), [])
    assert gone.outcome is FeedOutcome.GONE and orjson.loads(gone.publish or b"")["op"] == "delete"


def test_what_is_published_carries_the_version_that_stands_in_the_state() -> None:
    state = folded([said("products", **LAMP, version=7, updated_at=NOW_MS + 50)])
    (changed,), after = synced("products", state, [{"title": "Lamp"}])
    assert orjson.loads(changed.publish or b"") == {
        "product_id": ITEM,
        "title": "Lamp",
        "version": 7,
        "updated_at": NOW_MS + 52,
    }
    (gone,), _ = synced("products", after, [])
    assert orjson.loads(gone.publish or b"")["version"] == 7


@pytest.mark.parametrize("op", ["delete", None])
def test_a_delisted_item_and_a_void_offer_come_back(op: str | None) -> None:
    delete = parsed("products", {"op": op, "updated_at": NOW_MS + 9} if op else None, NOW_MS + 9)
    state = folded([said("products", **LAMP, updated_at=1), said("prices", **OFFER, updated_at=2), delete])
    assert parts("products", state) == parts("prices", state) == {}
    (product,), state = synced("products", state, [LAMP])
    (offer,), state = synced("prices", state, [OFFER])
    assert (product.outcome, offer.outcome) == (FeedOutcome.ADDED, FeedOutcome.ADDED)
    assert parts("products", state) and parts("prices", state)


def test_a_number_is_no_truth_value() -> None:
    state = folded([said("products", title="lamp", attributes={"lit": 1}, updated_at=1)])
    (changed,), _ = synced("products", state, [{"title": "lamp", "attributes": {"lit": True}}])
    assert changed.differences == (("attributes/lit", 1, True),)


def test_what_stands_further_ahead_than_events_may_is_stale() -> None:
    far = NOW_MS + 2 * 24 * 3600 * 1000
    state = folded([parsed("products", LAMP | {"updated_at": far}, far)])
    assert outcomes(synced("products", state, [{"title": "lamp"}])[0]) == ["stale"]
    assert outcomes(synced("products", state, [])[0]) == ["stale"]


@pytest.mark.parametrize(
    ("topic", "fields", "fed"),
    [
        ("products", {"title": "lamp"}, {"brand": "Acme"}),
        ("prices", {"price": 5, "currency": "EUR"}, {"sale_price": 4}),
    ],
)
def test_no_line_of_a_feed_hides_what_it_is_about(topic: str, fields: Body, fed: Body) -> None:
    delete, shown = {"op": "delete", "updated_at": 2}, fields | {"version": 1, "updated_at": 3}
    state = folded([parsed("products", delete), parsed(topic, shown)])
    findings, after = synced(topic, state, [fields | fed | {"version": 2, "updated_at": 1}])
    assert outcomes(findings) == ["stale"]
    assert parts(topic, after) == parts(topic, state) != {}


def test_an_op_that_is_no_upsert_has_no_place_in_a_feed() -> None:
    with pytest.raises(InvalidFeedLine, match="line 3: op: is delete"):
        read_line("products", 3, b'{"product_id": "a", "op": "delete"}', NOW_MS)


def test_more_offers_than_are_kept_are_refused_by_the_line() -> None:
    bodies = [OFFER | {"seller": str(number)} for number in range(limits.SELLERS_MAX + 1)]
    with pytest.raises(InvalidFeedLine, match=rf"line \d+: product '{ITEM}' has had more than 1000 sellers"):
        synced("prices", ItemState(ITEM), bodies)


def test_a_field_that_nobody_uses_may_be_nested_as_deeply_as_it_likes() -> None:
    value = b'{"product_id":"%s","price":"1","currency":"EUR","note":' % ITEM.encode() + b"[" * 500 + b"]" * 500 + b"}"
    [finding] = compare_item("prices", ItemState(ITEM), [read_line("prices", 1, value, NOW_MS)], NOW_MS)
    assert finding.publish is not None and set(orjson.loads(finding.publish)) >= {"product_id", "price", "currency"}
    value = b'{"product_id":"%s","title":"x","link":' % ITEM.encode() + b"[" * 500 + b"]" * 500 + b"}"
    [finding] = compare_item("products", ItemState(ITEM), [read_line("products", 1, value, NOW_MS)], NOW_MS)
    assert finding.publish is not None and set(orjson.loads(finding.publish)) == {"product_id", "title", "updated_at"}
