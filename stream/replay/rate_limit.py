"""How fast a replay goes: at so many records a second, or so many times as fast as the records came."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from stream.kafka.producer import at_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stream.kafka.reader import Record

_SPEED = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)x?", re.ASCII)


class RateLimit(NamedTuple):
    """At most one of them is set; none: as fast as the broker takes them."""

    per_second: float | None = None
    speed: float | None = None
    """1 is the pace of the timestamps."""


def parse_speed(text: str) -> float:
    """ "10x", "0.5x" or "10". Raises ValueError."""
    match = _SPEED.fullmatch(text)
    if match is None or not float(match[1]):
        raise ValueError(f"{text[:30]!r} is no speed: send one like 10x, ten times the original pace")
    return float(match[1])


def rate_limited(
    records: Iterable[Record], pace: RateLimit, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[Record]:
    """The records, each not before its time; clock and sleep in seconds."""
    if pace.per_second is not None:
        return at_rate(records, pace.per_second, clock, sleep)
    if pace.speed is not None:
        return _at_speed(records, pace.speed, clock, sleep)
    return iter(records)


def _at_speed(
    records: Iterable[Record], speed: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[Record]:
    began, first_ms = clock(), None
    for record in records:
        first_ms = record.timestamp_ms if first_ms is None else first_ms
        early = began + (record.timestamp_ms - first_ms) / 1000 / speed - clock()
        if early > 0:
            sleep(early)
        yield record
