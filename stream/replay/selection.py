"""Which records of a topic are meant: from and to by offset or time, one partition, one key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.event_fields import milliseconds

if TYPE_CHECKING:
    from stream.kafka.reader import Record

_DURATION = re.compile(r"(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
_UNITS_MS = (86_400_000, 3_600_000, 60_000, 1_000)
_OFFSET = re.compile(r"\d{1,18}", re.ASCII)


class Bound(NamedTuple):
    """One end of a range; neither field is set where it is open."""

    offset: int | None = None
    time_ms: int | None = None
    """Milliseconds since the epoch, compared with the timestamps of records."""


OPEN = Bound()


class Selection(NamedTuple):
    """What a person asked for."""

    first: Bound = OPEN
    """Inclusive."""
    end: Bound = OPEN
    """Exclusive."""
    partition: int | None = None
    """None: all."""
    key: bytes | None = None
    """None: all."""

    def takes_time(self, timestamp_ms: int) -> bool:
        """Whether a record of this time is within the bounds."""
        first, end = self.first.time_ms, self.end.time_ms
        return (first is None or timestamp_ms >= first) and (end is None or timestamp_ms < end)

    def takes(self, record: Record) -> bool:
        """Whether a record, within the offsets already, is meant."""
        return self.takes_time(record.timestamp_ms) and (self.key is None or product_key(record) == self.key)


def parse_bound(text: str, now_ms: int) -> Bound:
    """An offset ("4711"), a duration back from now ("30m", "1h30m", "2d") or an RFC 3339 time. Raises ValueError."""
    if _OFFSET.fullmatch(text):
        return Bound(offset=int(text))
    if match := _DURATION.fullmatch(text):
        back_ms = sum(int(number or 0) * unit_ms for number, unit_ms in zip(match.groups(), _UNITS_MS, strict=True))
        return Bound(time_ms=max(0, now_ms - back_ms))
    try:
        return Bound(time_ms=milliseconds(text))
    except ValueError as error:
        raise ValueError(f"{error}; or an offset like 4711, or a duration back like 30m, 1h or 2d") from None


def product_key(record: Record) -> bytes | None:
    """The product of the record: its key, else what its body says, for producers that send no key."""
    if record.key is not None or not record.value:
        return record.key
    try:
        product_id = orjson.loads(record.value)["product_id"]
        return str(product_id).encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, UnicodeEncodeError):
        return None
