"""Strategies for random change events of one item that collide: few sellers, times, versions and languages."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st

from schemas.event_numbers import SECONDS_BELOW
from schemas.events import Event, parse

T0_MS = 1_700_000_000_000
"""The tests count milliseconds from here, so that times in examples are small numbers."""
NOW_MS = T0_MS + 10_000
ITEM = "a"
_TIMES = ("updated_at", "sale_starts_at", "sale_ends_at")

times = st.integers(0, 12)
versions = st.none() | st.integers(0, 6)
words = st.sampled_from(["red", "green", "blue", "", "a longer text " * 3])
languages = st.sampled_from(["en", "zh-Hant", "fr"])
texts = words | st.dictionaries(languages, words | st.none(), max_size=3)
prices = st.sampled_from([0, 1, 2.5, "19.99", 1000])


def parsed(topic: str, body: dict[str, Any] | None, arrived_at_ms: int = NOW_MS) -> Event:
    """Return the event as if it had come in a record. Its times are counted from T0_MS."""
    value = None if body is None else orjson.dumps({"product_id": ITEM} | since_t0(body))
    return parse(topic, ITEM.encode(), value, arrived_at_ms=arrived_at_ms, event_time_ms=None)


def since_t0(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with its small times, which are counted from T0_MS, counted from the epoch."""
    return body | {
        name: T0_MS + body[name] for name in _TIMES if body.get(name) is not None and body[name] < SECONDS_BELOW
    }


def _complete(topic: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return an upsert with its required fields."""
    if topic == "products" and not (
        any(body["title"].values()) if isinstance(body.get("title"), dict) else body.get("title")
    ):
        return body | {"title": "lamp"}
    if topic == "prices":
        return {"price": 7, "currency": "EUR"} | {name: value for name, value in body.items() if value is not None}
    return body if body.get("rating") else body | {"rating": 3}


def _changes(
    topic: str, required: dict[str, st.SearchStrategy[Any]], fields: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Event]:
    stamp = {"updated_at": times, "version": versions, **required}
    patches = st.fixed_dictionaries({"op": st.just("patch"), **stamp}, optional=fields)
    upserts = st.fixed_dictionaries(stamp, optional=fields).map(lambda body: _complete(topic, body))
    deletes = st.fixed_dictionaries({"op": st.just("delete"), **stamp})
    return (upserts | patches | deletes).map(lambda body: parsed(topic, body))


product_events = _changes(
    "products",
    {},
    {
        "title": texts,
        "description": st.none() | texts,
        "brand": st.none() | words,
        "category": st.none() | st.lists(words, max_size=3),
        "attributes": st.none()
        | st.dictionaries(st.sampled_from(["colour", "size"]), st.none() | words | st.integers(0, 3), max_size=2),
        "colour": st.none() | words,
        "availability": st.none() | st.sampled_from(["in_stock", "out_of_stock"]),
    },
)
price_events = _changes(
    "prices",
    {"seller": st.sampled_from(["x", "y", "z"])},
    {
        "price": st.none() | prices,
        "currency": st.sampled_from(["EUR", "HKD"]),
        "sale_price": st.none() | prices,
        "sale_starts_at": st.none() | st.integers(0, 5),
        "sale_ends_at": st.none() | st.integers(6, 12),
        "promotion": st.none() | texts,
    },
)
review_events = _changes(
    "reviews", {"review_id": st.sampled_from(["r", "s"])}, {"rating": st.sampled_from([1, 2.5, "4.25", 5])}
)
item_events = product_events | price_events
