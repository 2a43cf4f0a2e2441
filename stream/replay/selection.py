"""The records of a topic that a person selects: a range by offset or time, one partition, one product."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.canaries import CANARY_HEADER
from schemas.event_numbers import milliseconds
from schemas.texts import name_of

if TYPE_CHECKING:
    from stream.kafka.reader import Record

_DURATION = re.compile(r"(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
_UNITS_MS = (86_400_000, 3_600_000, 60_000, 1_000)
_OFFSET = re.compile(r"\d{1,18}", re.ASCII)


class Bound(NamedTuple):
    """One end of a range. At most one field is set; with none, the range is open at this end."""

    offset: int | None = None
    time_ms: int | None = None
    """Milliseconds since the epoch, compared with the timestamps of records."""


OPEN = Bound()


class Selection(NamedTuple):
    """The records that a person asked for."""

    first: Bound = OPEN
    """The first offset or time that is selected."""
    end: Bound = OPEN
    """The first offset or time after the range."""
    partition: int | None = None
    """The number of the only partition; None selects all."""
    key: bytes | None = None
    """The product_id of the only product; None selects all."""

    def selects_time(self, timestamp_ms: int) -> bool:
        """Return whether a record with this timestamp lies within the bounds of time."""
        first, end = self.first.time_ms, self.end.time_ms
        return (first is None or timestamp_ms >= first) and (end is None or timestamp_ms < end)

    def selects(self, record: Record) -> bool:
        """Return whether a record is selected that lies within the offsets and partitions already; a canary's never."""
        if not self.selects_time(record.timestamp_ms) or any(name == CANARY_HEADER for name, _ in record.headers):
            return False
        return self.key is None or is_same_product(product_key(record), self.key)


def parse_bound(text: str, now_ms: int) -> Bound:
    """Read an offset ("4711"), a duration back from now ("30m", "1h30m", "2d") or an RFC 3339 time.

    Raises ValueError.
    """
    if _OFFSET.fullmatch(text):
        return Bound(offset=int(text))
    if match := _DURATION.fullmatch(text):
        back_ms = sum(int(number or 0) * unit_ms for number, unit_ms in zip(match.groups(), _UNITS_MS, strict=True))
        return Bound(time_ms=max(0, now_ms - back_ms))
    try:
        return Bound(time_ms=milliseconds(text))
    except ValueError as error:
        raise ValueError(f"{error}; or an offset like 4711, or a duration back like 30m, 1h or 2d") from None


def is_same_product(key: bytes | None, other: bytes) -> bool:
    """Return whether two keys name one product: events name it without outer blanks, and composed (NFC)."""
    if key is None or key == other:
        return key == other
    try:
        return name_of(key.decode()) == name_of(other.decode())
    except UnicodeDecodeError:
        return False


def product_key(record: Record) -> bytes | None:
    """Return the product_id of a record: its key, or the product_id in its body, as some producers send no key."""
    if record.key is not None or not record.value:
        return record.key
    try:
        product_id = orjson.loads(record.value)["product_id"]
        return str(product_id).encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, UnicodeEncodeError):
        return None
