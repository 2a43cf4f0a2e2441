"""Records of the item state, read from the log and published to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import BrokerResponseError, KafkaError

from schemas.canaries import CANARY_PREFIX, is_canary
from schemas.errors import ForeignRecord, Unavailable
from schemas.event_fields import PRODUCT_ID_BYTES_MAX
from schemas.state_codec import (
    SEPARATOR,
    decode_item_under,
    decode_review,
    encode_item,
    encode_review,
    logged_item_under,
    split_review_key,
)
from schemas.state_times import item_with_past_times, review_with_past_times
from schemas.state_validation import check_item, check_review
from stream.kafka.partitions import Partition, all_partitions
from stream.kafka.topics import ITEMS, KEPT, STATES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence

    from schemas.items import ItemRecord
    from schemas.logged_item import LoggedItem
    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record

IN_FLIGHT_MAX = 2000
"""The most records that are sent and not yet confirmed."""
REFUSALS_MAX = 20
"""The number of refused records among those in flight after which nothing more is sent: the broker refuses them all."""
REFUSALS_NAMED_MAX = 5
WRITER_HEADER = "writer"
"""Header of every record of the item state with the id of its writer."""
WRITER_BYTES_MAX = 256
DELETED = b"null"
"""The value of a record in a file that stands for a tombstone."""
JOURNAL_WRITER = b"journal"
"""The writer of the records that a new log of the embedded broker begins with."""
FOLDED_AT_BYTES_MAX = 15
FOLDED_AT_HEADER = "freshline-folded-at"
"""Header of an item record: when the first event that it shows was folded, in milliseconds since the epoch."""


class StateRecord(NamedTuple):
    """A record of the item state."""

    partition: Partition
    key: bytes
    value: bytes


def state_partitions(partitions: int) -> list[Partition]:
    """Return all partitions of the item state."""
    return all_partitions(*STATES, each=partitions)


def kept_partitions(partitions: int) -> list[Partition]:
    """Return all partitions of the topics whose last records outlive the embedded broker."""
    return all_partitions(*KEPT, each=partitions)


def product_id_of(record: Record) -> str | None:
    """Return the product id in the key of a record of the item log; None for a foreign record, or a canary's."""
    if record.value is None or not record.key or len(record.key) > PRODUCT_ID_BYTES_MAX:
        return None
    try:
        product_id = record.key.decode()
    except UnicodeDecodeError:
        return None
    return None if is_canary(product_id) else product_id


def writer_of(record: Record) -> bytes:
    """Return the id of the writer of a record of the item state; empty if the record has none."""
    return (dict(record.headers).get(WRITER_HEADER) or b"")[:WRITER_BYTES_MAX]


def is_restored(headers: Collection[tuple[str, bytes]]) -> bool:
    """Return whether an item record was in an earlier log, in which its events became searchable or waited to."""
    return (WRITER_HEADER, JOURNAL_WRITER) in headers


def folded_at_ms(headers: Iterable[tuple[str, bytes]], unknown_ms: int) -> int:
    """Return when the first event of an item record was folded, in milliseconds since the epoch.

    Return `unknown_ms` for a record of an earlier release, which does not say so, or of a foreign writer.
    """
    for name, value in headers:
        if name == FOLDED_AT_HEADER and len(value) <= FOLDED_AT_BYTES_MAX and value.isdigit():
            return int(value)
    return unknown_ms


def item_of(key: bytes | None, value: bytes | None) -> ItemRecord | None:
    """Return the item in a record of the item log; None for a foreign record."""
    item = logged_item_of(key, value)
    return None if item is None else item.record


def logged_item_of(key: bytes | None, value: bytes | None) -> LoggedItem | None:
    """Return the item in a record of the item log as it lies there; None for a foreign record."""
    try:
        item = logged_item_under(key, value or b"")
        _ = item.record  # The product part is read too.
    except ForeignRecord:
        return None
    return item


def normalised_record(record: StateRecord, now_ms: int) -> StateRecord:
    """Return the record without its list of changes, so that it can be published again in any log, at any time, and
    without times that a wrong clock put far ahead of now.

    The changes say which events the record shows for the first time; in another log they would be measured once more.
    More is checked than a join needs, because a state that no events can have led to would stay for good.

    Raises ForeignRecord.
    """
    if record.partition.topic == ITEMS:
        item = decode_item_under(record.key, record.value)
        check_item(item)
        past = item_with_past_times(item, now_ms)
        return record._replace(value=encode_item(replace(past, changes={})))
    review = decode_review(record.value)
    check_review(*split_review_key(record.key), review)
    return record._replace(value=encode_review(review_with_past_times(review, now_ms)))


def state_record(record: Record) -> StateRecord | None:
    """Return the record as state; None without key or value, since Freshline writes no such record, or of a canary."""
    if record.key is None or record.value is None or record.key.startswith(CANARY_PREFIX.encode()):
        return None
    return StateRecord(record.partition, record.key, record.value)


def kept_record(record: Record) -> StateRecord | None:
    """Return a record that outlives the embedded broker; None for one that does not.

    A tombstone has the value `DELETED`. In the item state there is none, since Freshline writes no such record.
    """
    if record.key is not None and record.value is None and record.partition.topic not in STATES:
        return StateRecord(record.partition, record.key, DELETED)
    return state_record(record)


def is_deletion(record: StateRecord) -> bool:
    """Return whether a record of `kept_record` stands for a tombstone."""
    return record.value == DELETED and record.partition.topic not in STATES


async def publish_states(kafka: Cluster, records: Iterable[StateRecord], *, writer: bytes) -> int:
    """Append the records to their partitions, and return their number once all are confirmed.

    Raises Unavailable if the broker does not confirm. Where it refuses some for good, all others are there by then.
    """
    producer = AIOKafkaProducer(**kafka.for_aiokafka, acks="all", max_batch_size=1 << 18, linger_ms=5)
    rest, count = iter(records), 0
    refused: dict[bytes, KafkaError] = {}
    try:
        await producer.start()
        while batch := list(islice(rest, IN_FLIGHT_MAX)):
            refused |= await _send(producer, batch, [(WRITER_HEADER, writer)])
            count += len(batch)
    except KafkaError as error:
        raise Unavailable(f"the broker at {kafka} did not confirm the item state: {error}") from error
    finally:
        await producer.stop()
    if refused:
        others = f"{count - len(refused)} other records were confirmed"
        raise Unavailable(f"the broker at {kafka} refused the state of {_in_words(refused)}; {others}")
    return count


async def _send(
    producer: AIOKafkaProducer, batch: Sequence[StateRecord], headers: list[tuple[str, bytes]]
) -> dict[bytes, KafkaError]:
    """Send the records, and return by key what the broker refuses for good. Raises any other KafkaError.

    A broker refuses all that was sent together with a record that it refuses: each is sent once more, alone.
    """

    async def begin(record: StateRecord) -> Awaitable[object]:
        number = record.partition.number
        sent: Awaitable[object] = await producer.send(
            record.partition.topic, record.value, key=record.key, partition=number, headers=headers
        )
        return sent

    outcomes = await asyncio.gather(*[await begin(record) for record in batch], return_exceptions=True)
    refused: dict[bytes, KafkaError] = {}
    for record, outcome in zip(batch, outcomes, strict=True):
        try:
            if isinstance(outcome, BaseException):
                if not _is_refusal(outcome):
                    raise outcome
                await (await begin(record))
        except KafkaError as error:
            if not _is_refusal(error) or len(refused) == REFUSALS_MAX:
                raise
            refused[record.key] = error
    return refused


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, BrokerResponseError) and not error.retriable


def _in_words(refused: Mapping[bytes, KafkaError]) -> str:
    shown = [
        f"{key.partition(SEPARATOR)[0].decode(errors='replace')} ({error})"
        for key, error in islice(refused.items(), REFUSALS_NAMED_MAX)
    ]
    more = len(refused) - len(shown)
    return ", ".join(shown) + (f" and of {more} more" if more else "")
