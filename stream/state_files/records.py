"""Records of the item state, out of the log and into it: what journal, export and import have in common."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import ForeignRecord, InvalidStateLine, Unavailable
from schemas.event_fields import PRODUCT_ID_BYTES_MAX
from schemas.state_codec import decode_item_under, decode_review, encode_item, split_review_key
from schemas.state_validation import check_item, check_review
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS, STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.items import ItemRecord
    from stream.kafka.reader import Record

IN_FLIGHT_MAX = 2000
"""Records sent and not confirmed yet."""
WRITER = "writer"
"""Header of every record of the item state: who wrote it."""
WRITER_BYTES_MAX = 256


class StateRecord(NamedTuple):
    """One key's record."""

    partition: Partition
    key: bytes
    value: bytes


class Kind(NamedTuple):
    """What a file of such lines is."""

    name: str
    version: int


def state_partitions(partitions: int) -> list[Partition]:
    """All partitions of the item state."""
    return [Partition(topic, number) for topic in STATES for number in range(partitions)]


def product_id_of(record: Record) -> str | None:
    """Of a record of the item log, by its key; None: another hand wrote it."""
    if record.value is None or not record.key or len(record.key) > PRODUCT_ID_BYTES_MAX:
        return None
    try:
        return record.key.decode()
    except UnicodeDecodeError:
        return None


def writer_of(record: Record) -> bytes:
    """Who wrote a record of the item state; empty: it does not say."""
    return (dict(record.headers).get(WRITER) or b"")[:WRITER_BYTES_MAX]


def item_of(key: bytes | None, value: bytes | None) -> ItemRecord | None:
    """What a record of the item log says; None: another hand wrote it."""
    try:
        return decode_item_under(key, value or b"")
    except ForeignRecord:
        return None


def normalised_record(record: StateRecord) -> StateRecord:
    """As it can be published again anywhere, at any time: its events are no news there. Raises NotOurs.

    More is checked than joining asks for: what events can never have led to would stay in the state for good.
    """
    if record.partition.topic == ITEMS:
        item = decode_item_under(record.key, record.value)
        check_item(item)
        return record._replace(value=encode_item(replace(item, changes={})))
    check_review(*split_review_key(record.key), decode_review(record.value))
    return record


def state_record(record: Record) -> StateRecord | None:
    """None for a record without key or value: there are none of ours."""
    if record.key is None or record.value is None:
        return None
    return StateRecord(record.partition, record.key, record.value)


def encode_line(record: StateRecord) -> bytes:
    """A JSON line with its value as JSON. Raises InvalidLine if key or value are no such thing."""
    try:
        fields = {
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "key": record.key.decode(),
            "value": orjson.loads(record.value),
        }
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise InvalidStateLine(f"a record of {record.partition.topic} is not ours, it is no JSON: {error}") from error
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def decode_line(line: bytes) -> StateRecord:
    """Raises InvalidLine."""
    try:
        fields: dict[str, Any] = orjson.loads(line)
        partition = Partition(fields["topic"], fields["partition"])
        record = StateRecord(partition, fields["key"].encode(), orjson.dumps(fields["value"]))
    except KeyError as error:
        raise InvalidStateLine(f"not a record of an item's state: it has no {error}") from error
    except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
        raise InvalidStateLine(f"not a record of an item's state: {error}") from error
    if partition.topic not in STATES or not isinstance(partition.number, int):
        raise InvalidStateLine(f"not a record of {' or '.join(STATES)}")
    return record


def header_line(kind: Kind, partitions: int) -> bytes:
    """First line of a file of such lines."""
    header = {"freshline": kind.name, "version": kind.version, "partitions": partitions}
    return orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE)


def decode_header(line: bytes, kind: Kind) -> int:
    """The partitions of the log that it was written from. Raises InvalidLine."""
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError:
        header = {}
    if not isinstance(header, dict) or header.get("freshline") != kind.name:
        raise InvalidStateLine(f"no {kind.name} of Freshline: its first line should say so")
    if header.get("version") != kind.version:
        raise InvalidStateLine(f"{kind.name} of version {header.get('version')}, this Freshline knows {kind.version}")
    if not isinstance(partitions := header.get("partitions"), int):
        raise InvalidStateLine(f"{kind.name} without its number of partitions: its first line should say it")
    return partitions


async def publish_states(kafka: str, records: Iterable[StateRecord], *, writer: bytes) -> int:
    """Appends the records to their partitions; returns how many once all are confirmed.

    Raises Unavailable if the broker does not confirm.
    """
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_batch_size=1 << 18, linger_ms=5)
    todo, count = iter(records), 0
    try:
        await producer.start()
        while batch := list(islice(todo, IN_FLIGHT_MAX)):
            sent = [
                await producer.send(
                    r.partition.topic, r.value, key=r.key, partition=r.partition.number, headers=[(WRITER, writer)]
                )
                for r in batch
            ]
            await asyncio.gather(*sent)
            count += len(batch)
    except KafkaError as error:
        raise Unavailable(f"the broker at {kafka} did not confirm the item state: {error}") from error
    finally:
        await producer.stop()
    return count
