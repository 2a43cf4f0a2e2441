"""Dead letters: read from the records of their topic, and in a form that a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent
from schemas.tokens import Token
from stream.kafka.headers import FIRST, PREFIX, Origin, event_time_ms, origin_of
from workers.sources.sources import Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stream.kafka.reader import Record
    from workers.sources.sources import Sources

DEAD_LETTER_OF = f"{PREFIX}letter-of"
"""The header of a dead letter that was sent again: its identity, such as "prices:3:4711"."""


class DeadLetter(NamedTuple):
    """A dead letter of an input topic."""

    origin: Origin
    """The position of the refused record."""
    record: Record
    """The record in the topic of dead letters."""
    identity: Token
    """The first position of the event: a replayed event that is refused once more is the same dead letter.

    A person knows the dead letter by this name (`origin` in a line of `--json`), and each name is sent again once.
    """


def dead_letter_of(record: Record, topic: str, topic_id: str) -> DeadLetter | None:
    """Return the dead letter that a record is; None if its headers name no offset in the topic."""
    origin = origin_of(record.headers)
    if origin is None or origin.topic != topic:
        return None
    identity = _replayed_from(record, topic, topic_id) or Token(topic, origin.partition, origin.offset)
    return DeadLetter(origin, record, identity)


def dead_letters_in(records: Iterable[Record], topic: str, topic_id: str) -> Iterator[DeadLetter]:
    """Yield the dead letters that records are; those whose headers name no offset in the topic are passed over."""
    for record in records:
        dead_letter = dead_letter_of(record, topic, topic_id)
        if dead_letter is not None:
            yield dead_letter


def each_once(dead_letters: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
    """Yield the first dead letter of each identity.

    A record may be refused twice: a worker that is killed before it acks the record refuses it again.
    """
    seen = set[Token]()
    for dead_letter in dead_letters:
        if dead_letter.identity not in seen:
            seen.add(dead_letter.identity)
            yield dead_letter


def refused_again(dead_letter: DeadLetter, now_ms: int, sources: Sources) -> str | None:
    """Return why the items worker would refuse the dead letter as it is; None if it would fold it."""
    record = dead_letter.record
    return refused_as(dead_letter, record.key, record.value, record.headers, now_ms, sources)


def as_line(dead_letter: DeadLetter, now_ms: int, sources: Sources) -> dict[str, Any]:
    """Return a line of `--json`: a person repairs its `value` and gives it to `--repaired`."""
    headers, record = dict(dead_letter.record.headers), dead_letter.record
    return {
        "origin": str(dead_letter.identity),
        "key": text_of(record.key),
        "error": text_of(headers.get(f"{PREFIX}error")),
        "reason": text_of(headers.get(f"{PREFIX}reason")),
        "refused_again": refused_again(dead_letter, now_ms, sources),
        "value": readable(record.value),
    }


def refused_as(
    dead_letter: DeadLetter,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    now_ms: int,
    sources: Sources,
) -> str | None:
    """Return why the items worker would refuse a record in the dead letter's place; None if it would fold it."""
    topic = dead_letter.origin.topic
    try:
        if sources.missing_schemas(topic, key, value, headers):
            return "its schema is one of a registry, which the items worker asks: whether it would be is not known"
        sources.decode(topic, key, value, headers, Times(now_ms, first_time_ms(dead_letter)))
    except InvalidEvent as error:
        return str(error)
    return None


def _replayed_from(record: Record, topic: str, topic_id: str) -> Token | None:
    """Return where a replayed event stood before its first replay, if that was in this topic."""
    try:
        token = Token.parse((dict(record.headers).get(FIRST) or b"").decode(errors="replace"))
    except ValueError:
        return None
    return token._replace(log=None) if (token.topic, token.log) == (topic, topic_id) else None


def first_time_ms(dead_letter: DeadLetter) -> int:
    """Return the time at which the event first came, in milliseconds since the epoch."""
    given = event_time_ms(dead_letter.record.headers)
    return dead_letter.origin.timestamp_ms if given is None else given


def text_of(raw: bytes | None) -> str | None:
    """Return bytes as a text that a person reads; None for none."""
    return None if raw is None else raw.decode(errors="backslashreplace")


def readable(value: bytes | None) -> Any:
    """Return the value as JSON, or as text if it is no JSON, or nested so deeply that it can be read and not written.

    Only a null record is null: an empty one is an empty text, which is no valid repair.
    """
    if value is None:
        return None
    try:
        found = orjson.loads(value)
        orjson.dumps(found)
    except (orjson.JSONDecodeError, TypeError):
        return text_of(value)
    return found
