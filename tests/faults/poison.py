"""Each kind of invalid record, with words of the reason that its dead letter must give."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

TOO_LARGE_BYTES = 1_100_000


class Kind(NamedTuple):
    """One way in which a record is invalid."""

    topic: str
    key: bytes | None
    value: Callable[[], bytes | None]
    reason: str


def _is(value: bytes | None) -> Callable[[], bytes | None]:
    return lambda: value


def _in_two_days() -> bytes:
    at_ms = time.time_ns() // 1_000_000 + 48 * 3_600_000
    return orjson.dumps({"product_id": "a", "title": "From the future", "updated_at": at_ms})


KINDS = (
    Kind("products", b"x", _is(b"{not json"), "not JSON"),
    Kind("products", b"x", _is(b"[1,2]"), "not an object"),
    Kind("products", b"a", _is(b"\xff{}"), "not UTF-8: its byte 0 is 0xff"),
    Kind("products", b"a", _is(b'{"product_id":"a"}'), "title"),
    Kind("products", b"a", _is(b'{"product_id":"a","title":"a\\u0000b"}'), "NUL"),
    Kind("products", b"\xff\xfe", _is(None), "UTF-8"),
    Kind("products", b"a", _in_two_days, "24 hours"),
    Kind("products", b"a", _is(b'{"product_id":"a","title":"%s"}' % (b"x" * TOO_LARGE_BYTES)), "bytes"),
    Kind("products", b"a", _is(b'{"product_id":"a","title":"A","availability":"soon"}'), "availability"),
    Kind("prices", b"a", _is(b'{"product_id":"b","price":1,"currency":"HKD"}'), "differs from the key"),
    Kind("prices", b"a", _is(b'{"product_id":"a","price":-1,"currency":"HKD"}'), "negative"),
    Kind("prices", b"a", _is(b'{"product_id":"a","price":NaN,"currency":"HKD"}'), "JSON"),
    Kind("prices", b"a", _is(b'{"product_id":"a","price":1,"currency":"XXQ"}'), "not a currency"),
    Kind("prices", b"a", _is(b""), "empty"),
    Kind("prices", b"a", _is(b'{"product_id":"a","price":1,"currency":"EUR","updated_at":"noon"}'), "RFC 3339"),
    Kind("reviews", b"a", _is(b'{"product_id":"a","review_id":"r","rating":6}'), "outside 1 to 5"),
    Kind("reviews", b"a", _is(b'{"review_id":"r","rating":5}'), "product_id"),
    Kind("reviews", b"a", _is(None), "null"),
)
