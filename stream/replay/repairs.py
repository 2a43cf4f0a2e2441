"""Repairs of dead letters, and the records that send dead letters back, repaired or as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.errors import FreshlineError, InvalidEvent
from schemas.events import parse
from schemas.tokens import Token
from stream.kafka.event_lines import numbered_lines
from stream.kafka.headers import EVENT_TIME, PREFIX
from stream.kafka.partitions import partition_of
from stream.kafka.producer import OutgoingRecord
from stream.kafka.topics import PRODUCTS
from stream.replay.dead_letters import DEAD_LETTER_OF, first_time_ms, refused_as
from stream.replay.selection import product_key
from workers.sources.formats import MAPPED, WITH_PRICES
from workers.sources.sources import FORMAT_HEADER, IN_OWN_FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stream.replay.dead_letters import DeadLetter
    from workers.sources.sources import Sources


class Repair(NamedTuple):
    """A value that is sent instead of the one in the dead letter."""

    line: int
    """The number of its line in the file of repairs."""
    value: bytes | None
    """The JSON of the repaired event; None for a null record."""


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


def refusal(dead_letter: DeadLetter, repair: Repair, now_ms: int, sources: Sources) -> str | None:
    """Return why a repair would be refused, or would be less than the dead letter; None if it would be folded."""
    if is_in_form_of_source(dead_letter, repair, now_ms, sources):
        return None
    key, source = repaired_key(dead_letter, repair), sources.configured(dead_letter.origin.topic)
    if (why := refused_as(dead_letter, key, repair.value, IN_OWN_FORMAT, now_ms, sources)) is not None:
        record = dead_letter.record
        own = refused_as(dead_letter, record.key, repair.value, record.headers, now_ms, sources)
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
    return refused_as(dead_letter, record.key, repair.value, record.headers, now_ms, sources) is None


def names_another_product(dead_letter: DeadLetter, repair: Repair) -> bool:
    """Return whether the repair names a product that the dead letter does not: then lines were mixed up.

    A dead letter that names no product, or something that cannot be a product_id, contradicts no repair.
    """
    candidates = (dead_letter.record.key, product_key(dead_letter.record._replace(key=None)))
    # A null record carries nothing but its product_id, so it is refused for that alone.
    named = {key for key in candidates if key and _is_product_id(key)}
    return bool(named) and repaired_key(dead_letter, repair) not in named


def record_to_send(
    dead_letter: DeadLetter, repair: Repair | None, partitions: int, *, own_form: bool = True
) -> OutgoingRecord:
    """Return the record that sends a dead letter back to its topic, as it was or with the repaired value.

    A repaired value in our own form goes under the key of the product that it names; one in the form of the source of
    its topic keeps the key. The record keeps its own headers and its first time; a further header names the dead
    letter. It goes to the partition that it came from, unless that is gone or the key is another.
    """
    is_new_form = repair is not None and own_form
    record, time = dead_letter.record, (EVENT_TIME, str(first_time_ms(dead_letter)).encode())
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


def _is_product_id(key: bytes) -> bool:
    """Return whether a key can be a product_id, as the key of a null record is."""
    try:
        parse(PRODUCTS, key, None, arrived_at_ms=0, event_time_ms=None)
    except InvalidEvent:
        return False
    return True


def _bytes(value: object) -> bytes | None:
    if value is not None and not isinstance(value, dict):
        raise TypeError("value must be an object, or null")
    return None if value is None else orjson.dumps(value)
