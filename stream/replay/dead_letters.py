"""Dead letters: in a form that a person reads and repairs, and as records to send back to their topic."""

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
from workers.sources.formats import MAPPED, WITH_PRICES
from workers.sources.sources import FORMAT_HEADER, IN_OWN_FORMAT, Times

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


class Repair(NamedTuple):
    """A value that is sent instead of the one in the dead letter."""

    line: int
    """The number of its line in the file of repairs."""
    value: bytes | None
    """The JSON of the repaired event; None for a null record."""


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


def read_repairs(lines: Iterable[bytes]) -> dict[str, Repair]:
    """Read lines with `origin` and `value`, and return the repairs by origin; other fields are for the person.

    A value is an object, or null for a null record. Raises FreshlineError with the number of the first line that is
    anything else, or that has the origin of an earlier line.
    """
    repairs: dict[str, Repair] = {}
    for number, text in numbered_lines(lines):
        try:
            fields = orjson.loads(text)
            origin, value = str(Token.parse(fields["origin"])._replace(log=None)), _bytes(fields["value"])
        except (ValueError, KeyError, TypeError) as error:
            raise FreshlineError(f"line {number}: want an object with origin and value: {error}") from None
        if origin in repairs:
            raise FreshlineError(f"line {number}: {origin} is in line {repairs[origin].line} already: keep one of them")
        repairs[origin] = Repair(number, value)
    return repairs


def refused_again(dead_letter: DeadLetter, now_ms: int, sources: Sources) -> str | None:
    """Return why the items worker would refuse the dead letter as it is; None if it would fold it."""
    record = dead_letter.record
    return _refused(dead_letter, record.key, record.value, record.headers, now_ms, sources)


def refusal(dead_letter: DeadLetter, repair: Repair, now_ms: int, sources: Sources) -> str | None:
    """Return why a repair would be refused, or would be less than the dead letter; None if it would be folded."""
    if is_in_form_of_source(dead_letter, repair, now_ms, sources):
        return None
    key, source = repaired_key(dead_letter, repair), sources.configured(dead_letter.origin.topic)
    if (why := _refused(dead_letter, key, repair.value, IN_OWN_FORMAT, now_ms, sources)) is not None:
        record = dead_letter.record
        own = _refused(dead_letter, record.key, repair.value, record.headers, now_ms, sources)
        return why if source is None else f"as a record of {source.format}: {own}; as an event of Freshline: {why}"
    if source is None or repair.value is None:
        return None
    if source.format in WITH_PRICES and source.encoding == "json":
        return f"a record of {source.format} may be several events, and this is one: repair it in the form that it had"
    if source.format in MAPPED and orjson.loads(repair.value).get("version") is None:
        return "events of this topic have versions, and one without loses to them: repair the row, or give a version"
    return None


def is_in_form_of_source(dead_letter: DeadLetter, repair: Repair, now_ms: int, sources: Sources) -> bool:
    """Return whether a repair is a record of the source of its topic, as the dead letter was, not one of our events."""
    record, source = dead_letter.record, sources.configured(dead_letter.origin.topic)
    if source is None or source.encoding != "json" or repair.value is None or IN_OWN_FORMAT[0] in record.headers:
        return False
    return _refused(dead_letter, record.key, repair.value, record.headers, now_ms, sources) is None


def names_another_product(dead_letter: DeadLetter, repair: Repair) -> bool:
    """Return whether the repair names a product that the dead letter does not: then lines were mixed up.

    A dead letter that names no product, or something that cannot be a product_id, contradicts no repair.
    """
    candidates = (dead_letter.record.key, product_key(dead_letter.record._replace(key=None)))
    # A null record carries nothing but its product_id, so it is refused for that alone.
    named = {key for key in candidates if key and _is_product_id(key)}
    return bool(named) and repaired_key(dead_letter, repair) not in named


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


def record_to_send(
    dead_letter: DeadLetter, repair: Repair | None, partitions: int, *, own_form: bool = True
) -> OutgoingRecord:
    """Return the record that sends a dead letter back to its topic, as it was or with the repaired value.

    A repaired value in our own form goes under the key of the product that it names; one in the form of the source of
    its topic keeps the key. The record keeps its own headers and its first time; a further header names the dead
    letter. It goes to the partition that it came from, unless that is gone or the key is another.
    """
    is_new_form = repair is not None and own_form
    record, time = dead_letter.record, (EVENT_TIME, str(_time_ms(dead_letter)).encode())
    own_headers = [each for each in record.headers if not each[0].startswith(PREFIX) or each[0] == FORMAT_HEADER]
    if is_new_form:
        own_headers = [*(each for each in own_headers if each[0] != FORMAT_HEADER), *IN_OWN_FORMAT]
    headers = [*own_headers, time, (DEAD_LETTER_OF, str(dead_letter.identity).encode())]
    key = repaired_key(dead_letter, repair) if repair is not None and is_new_form else record.key
    value = record.value if repair is None else repair.value
    number = dead_letter.origin.partition
    if number >= partitions or key != record.key:
        number = number % partitions if key is None else partition_of(key, partitions)
    return OutgoingRecord(record.offset, dead_letter.origin.topic, key, value, number, headers)


def repaired_key(dead_letter: DeadLetter, repair: Repair) -> bytes | None:
    """Return the product_id in the repaired value; a null record names none, and keeps the dead letter's key."""
    named = product_key(dead_letter.record._replace(key=None, value=repair.value))
    return dead_letter.record.key if named is None else named


def _refused(
    dead_letter: DeadLetter,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    now_ms: int,
    sources: Sources,
) -> str | None:
    topic = dead_letter.origin.topic
    try:
        if sources.missing_schemas(topic, key, value, headers):
            return "its schema is one of a registry, which the items worker asks: whether it would be is not known"
        sources.decode(topic, key, value, headers, Times(now_ms, _time_ms(dead_letter)))
    except InvalidEvent as error:
        return str(error)
    return None


def _is_product_id(key: bytes) -> bool:
    """Return whether a key can be a product_id, as the key of a null record is."""
    try:
        parse(PRODUCTS, key, None, arrived_at_ms=0, event_time_ms=None)
    except InvalidEvent:
        return False
    return True


def _replayed_from(record: Record, topic: str, topic_id: str) -> Token | None:
    """Return where a replayed event stood before its first replay, if that was in this topic."""
    try:
        token = Token.parse((dict(record.headers).get(FIRST) or b"").decode(errors="replace"))
    except ValueError:
        return None
    return token._replace(log=None) if (token.topic, token.log) == (topic, topic_id) else None


def _time_ms(dead_letter: DeadLetter) -> int:
    given = event_time_ms(dead_letter.record.headers)
    return dead_letter.origin.timestamp_ms if given is None else given


def _bytes(value: object) -> bytes | None:
    if value is not None and not isinstance(value, dict):
        raise TypeError("value must be an object, or null")
    return None if value is None else orjson.dumps(value)


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
