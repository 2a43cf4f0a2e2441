"""Dead letters as a person sees them, with their repaired values, and as records to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import FreshlineError, InvalidEvent
from schemas.events import parse
from schemas.tokens import Token
from stream.kafka.event_lines import numbered_lines
from stream.kafka.headers import EVENT_TIME, FIRST, PREFIX, Origin, event_time_ms, origin_of
from stream.kafka.partitions import partition_of
from stream.kafka.producer import OutgoingRecord
from stream.kafka.topics import PRODUCTS
from stream.replay.selection import product_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stream.kafka.reader import Record

LETTER_OF = f"{PREFIX}letter-of"
"""Header of a dead letter that was sent again: the origin of the letter, "prices:3:4711"."""


class DeadLetter(NamedTuple):
    """A dead letter of an input topic."""

    origin: Origin
    record: Record
    """As it lies in the dead letters."""
    place: Token
    """What it is known by: where the record stood that could not be taken, or the one that this was a replay of."""


class Repair(NamedTuple):
    """What is sent in place of a letter's record."""

    line: int
    value: bytes | None


def dead_letter_of(record: Record, topic: str, topic_id: str) -> DeadLetter | None:
    """None of a record that names no place in the topic."""
    origin = origin_of(record.headers)
    if origin is None or origin.topic != topic:
        return None
    return DeadLetter(origin, record, _first(record, topic, topic_id) or Token(topic, origin.partition, origin.offset))


def read_repairs(lines: Iterable[bytes]) -> dict[str, Repair]:
    """By origin, from lines with `origin` and `value`; other fields are for the person.

    A value is an object, or null for a null record. Raises FreshlineError with the number of the first line that is
    something else, or has the origin of another.
    """
    repairs: dict[str, Repair] = {}
    for number, text in numbered_lines(lines):
        try:
            fields = orjson.loads(text)
            place, value = str(Token.parse(fields["origin"])._replace(log=None)), _bytes(fields["value"])
        except (ValueError, KeyError, TypeError) as error:
            raise FreshlineError(f"line {number}: want an object with origin and value: {error}") from None
        if place in repairs:
            raise FreshlineError(f"line {number}: {place} is in line {repairs[place].line} already: keep one of them")
        repairs[place] = Repair(number, value)
    return repairs


def refusal(letter: DeadLetter, value: bytes | None, key: bytes | None, now_ms: int) -> str | None:
    """Why the items worker would refuse this value in place of the letter's; None if it would take it."""
    return _refused(letter.origin.topic, key, value, now_ms, _time_ms(letter))


def of_another_product(letter: DeadLetter, repair: Repair) -> bool:
    """Whether the value names a product that the letter does not: a line that was mixed up with another.

    A letter that names none, or one that can be none, says nothing.
    """
    asked = (letter.record.key, product_key(letter.record._replace(key=None)))
    # A null record says nothing but its product.
    named = {key for key in asked if key and _refused(PRODUCTS, key, None, 0, 0) is None}
    return bool(named) and repaired_key(letter, repair) not in named


def as_line(letter: DeadLetter, now_ms: int) -> dict[str, Any]:
    """For a person to read, and to mend `value` in: a line of `--repaired`."""
    headers, record = dict(letter.record.headers), letter.record
    return {
        "origin": str(letter.place),
        "key": _text(record.key),
        "error": _text(headers.get(f"{PREFIX}error")),
        "reason": _text(headers.get(f"{PREFIX}reason")),
        "refused_again": refusal(letter, record.value, record.key, now_ms),
        "value": _readable(record.value),
    }


def resent(letter: DeadLetter, repair: Repair | None, partitions: int) -> OutgoingRecord:
    """Back to its topic: as it was, or with the repaired value under the key that this value names.

    It keeps its own headers and its first time, and says whose letter it was.
    """
    record, time = letter.record, (EVENT_TIME, str(_time_ms(letter)).encode())
    kept = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    headers = [*kept, time, (LETTER_OF, str(letter.place).encode())]
    key = record.key if repair is None else repaired_key(letter, repair)
    value = record.value if repair is None else repair.value
    number = letter.origin.partition
    if number >= partitions or key != record.key:
        number = number % partitions if key is None else partition_of(key, partitions)
    return OutgoingRecord(record.offset, letter.origin.topic, key, value, number, headers)


def repaired_key(letter: DeadLetter, repair: Repair) -> bytes | None:
    """The product that the repaired value names; a null record names none, and keeps the letter's key."""
    named = product_key(letter.record._replace(key=None, value=repair.value))
    return letter.record.key if named is None else named


def _refused(topic: str, key: bytes | None, value: bytes | None, now_ms: int, time_ms: int) -> str | None:
    try:
        parse(topic, key, value, arrived_at_ms=now_ms, event_time_ms=time_ms)
    except InvalidEvent as error:
        return str(error)
    return None


def _first(record: Record, topic: str, topic_id: str) -> Token | None:
    try:
        token = Token.parse((dict(record.headers).get(FIRST) or b"").decode(errors="replace"))
    except ValueError:
        return None
    return token._replace(log=None) if (token.topic, token.log) == (topic, topic_id) else None


def _time_ms(letter: DeadLetter) -> int:
    given = event_time_ms(letter.record.headers)
    return letter.origin.timestamp_ms if given is None else given


def _bytes(value: object) -> bytes | None:
    if value is not None and not isinstance(value, dict):
        raise TypeError("value must be an object, or null")
    return None if value is None else orjson.dumps(value)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")


def _readable(value: bytes | None) -> Any:
    """An empty record is an empty text, which no repair may be: only a null record is a null."""
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return _text(value)
