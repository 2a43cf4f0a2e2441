"""Records as nobody would send them: random bytes, valid events with pieces of others in them, and wild values."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from hypothesis import strategies as st

from tests.support.foreign_records import broken
from workers.sources.formats import Source

NOW_MS = 1_795_941_000_000
PRODUCT_ID = "a"
TOPICS = ("products", "prices", "reviews")
KEYS = [b'"a"', b'{"product_id":"a"}', b'{"id":1}', b"Struct{product_id=a}", b"[1]", b'{"schema":{},"payload":"a"}']

_integers = st.sampled_from(
    [0, -1, 1, 5, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, NOW_MS, NOW_MS // 1000, NOW_MS * 1000]
)
_floats = st.sampled_from([0.0, -0.0, 1e-300, 1.7e308, 0.1, 4.5]) | st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["", " ", "in stock", "19.99", "1e9", "EUR", "en", "<b>x</b>", "<p", "&amp;", "\u200b", "\ufeff", "٣", "x" * 5_000,
     "http://[x", "2026-11-29T10:00:00Z", "2026-11-29t10:00:60z", "9999-12-31T23:59:59.999999Z",
     "0001-01-01T00:00:00+14:00",
     "龍" * 300,
     "__debezium_unavailable_value", '{"a":1', "[1,2", "a/b", "attributes/", "title/", "1" * 400]
)  # fmt: skip
_scalars = st.none() | st.booleans() | _integers | st.integers(-(2**63), 2**64 - 1) | _floats | _texts
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=8,
)
_sound: dict[str, st.SearchStrategy[Any]] = {
    "op": st.sampled_from(["upsert", "patch", "delete"]),
    "updated_at": st.integers(NOW_MS - 5, NOW_MS + 5),
    "version": st.none() | st.integers(0, 3),
    "title": st.sampled_from(["Walnut cake", {"en": "Cake", "zh_hant": "蛋糕"}]),
    "description": st.sampled_from(["<p>Oak <b>wood</b></p>", {"EN": "Oak", "de": "Eiche"}]),
    "brand": st.sampled_from(["Acme", "Nestle\u0301"]),
    "category": st.lists(st.sampled_from(["Food", "Cake"]), max_size=3),
    "attributes": st.dictionaries(_texts, _values, max_size=4),
    "availability": st.sampled_from(["in_stock", "out_of_stock"]),
    "seller": st.sampled_from([None, "x", "y"]),
    "price": st.sampled_from([0, 1, 2.5, "19.99", "999999999999.99"]),
    "currency": st.sampled_from(["EUR", "JPY", "KWD"]),
    "sale_price": st.none() | st.sampled_from([0, "1.5"]),
    "sale_starts_at": st.none() | st.integers(NOW_MS - 50, NOW_MS),
    "sale_ends_at": st.none() | st.integers(NOW_MS + 1, NOW_MS + 50),
    "promotion": st.sampled_from(["Two for one", {"en": "Deal"}]),
    "review_id": st.sampled_from(["r", "s"]),
    "rating": st.sampled_from([1, 4.333, "5"]),
    "link": _texts,
    "gtin": _texts,
}
_wild = {name: strategy | _values for name, strategy in _sound.items()}


class Raw(NamedTuple):
    """A record as it lies in the log."""

    topic: str
    key: bytes | None
    value: bytes | None
    arrived_at_ms: int
    event_time_ms: int | None
    source: Source | None = None
    """The source of its topic; None for events in our own form."""


def _bodies(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[bytes]:
    needed = {name: fields[name] for name in ("title", "price", "currency", "review_id", "rating")}
    others = {name: strategy for name, strategy in fields.items() if name not in needed}
    whole = st.fixed_dictionaries({"product_id": st.just(PRODUCT_ID), **needed}, optional=others)
    return whole.map(orjson.dumps)


@st.composite
def _spliced(draw: st.DrawFn) -> bytes:
    """A valid event with a piece cut out, doubled, or replaced."""
    value, start = draw(_bodies(_sound)), draw(st.integers(0, 400))
    end = start + draw(st.integers(0, 12))
    return value[:start] + draw(st.sampled_from([b"", value[start:end] * 2]) | st.binary(max_size=6)) + value[end:]


@st.composite
def _nested(draw: st.DrawFn) -> bytes:
    """A valid event with a field nested so deeply that it may be read and not written, or not even read."""
    value, depth = draw(_bodies(_sound)), draw(st.sampled_from([20, 200, 300, 1_000, 1_030]))
    opening, closing = draw(st.sampled_from([(b"[", b"]"), (b'{"x":', b"}")]))
    name = draw(st.sampled_from([b"note", b"attributes", b"title"]))
    return value[:-1] + b',"%s":' % name + opening * depth + b"1" + closing * depth + b"}"


_anything = (
    _bodies(_sound) | _bodies(_wild) | _spliced() | _nested() | st.dictionaries(_texts, _values).map(orjson.dumps)
)
_times = st.integers(NOW_MS - 10, NOW_MS) | st.integers(-1, 2**63 - 1)
_keys = st.none() | st.just(PRODUCT_ID.encode()) | st.binary(max_size=12) | st.sampled_from(KEYS)
_own = st.builds(
    Raw,
    topic=st.sampled_from(TOPICS),
    key=st.none() | st.just(PRODUCT_ID.encode()) | st.just(PRODUCT_ID.encode()) | st.binary(max_size=12),
    value=_anything | st.none() | st.binary(max_size=40),
    arrived_at_ms=st.just(NOW_MS),
    event_time_ms=st.none() | _times,
    source=st.none(),
)


@st.composite
def _foreign(draw: st.DrawFn) -> Raw:
    """A record of another system, whole or with wild parts, or a null record of its topic."""
    source, body = draw(broken())
    value = draw(st.sampled_from([orjson.dumps(body)] * 4 + [None]))
    configured = Source(currency="EUR", **source)
    return Raw(source["topic"], draw(_keys), value, NOW_MS, draw(st.none() | _times), configured)


records = _own | _foreign()
