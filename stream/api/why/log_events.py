"""Reads every event of one product from the input topics, as far back as they go."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import InvalidEvent, Misconfigured
from stream.kafka.headers import replayed_origin
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topics import INPUTS
from workers.query_gate import CooperativeTurns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.events import Event
    from stream.api.why.arrivals import LogArrivals
    from stream.items.arrival import Arrival
    from stream.items.decoder import Decoder
    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from workers.query_gate import QueryGate

EVENTS_MAX = 1_000
"""The most events of a product that are kept, the newest ones."""
READ_SECONDS_MAX = 20.0


class KnownEvent(NamedTuple):
    """A record about the product: the event in it, or the reason why it was refused."""

    topic: str
    partition: int
    offset: int
    arrived_at_ms: int
    event: Event | None
    refused: str | None


class KnownEvents(NamedTuple):
    """The events of a product that the log has."""

    events: list[KnownEvent]
    left_out: int
    complete: bool
    """True if the log was read to its end."""
    begins_at_ms: int | None
    """The time of the oldest record that was read; None if there is none."""


async def read_events(
    product_id: str,
    partitions: int,
    *,
    kafka: Cluster,
    decoder: Decoder,
    arrivals: LogArrivals,
    gate: QueryGate,
) -> KnownEvents:
    """Read the partition of the product in each input topic. Raises Unavailable.

    An event that came in another partition was forwarded, and its copy is read. A record whose schema the registry does
    not give is shown as refused.
    """
    key, number = product_id.encode(), partition_of(product_id.encode(), partitions)
    known: deque[KnownEvent] = deque(maxlen=EVENTS_MAX)
    found, begins_at_ms, complete, turns = 0, None, True, CooperativeTurns(gate)
    async with Reader(kafka) as reader:
        reader.assign({Partition(topic, number): 0 for topic in INPUTS})
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                async for records in reader.read_to_end():
                    if records[0].timestamp_ms > 0:
                        begins_at_ms = min(begins_at_ms or records[0].timestamp_ms, records[0].timestamp_ms)
                    for record in records:
                        arrived = arrivals.of(record)
                        if may_be_of(key, record, decoder):
                            with suppress(Misconfigured):  # A record without its schema is shown as refused.
                                await decoder.fetch_schemas(record.partition.topic, [record])
                            events = _events(record, product_id, decoder, arrived)
                            known.extend(events)
                            found += len(events)
                        await turns.yield_if_over()
        except TimeoutError:
            complete = False
    return KnownEvents(list(known), found - len(known), complete, begins_at_ms)


def may_be_of(key: bytes, record: Record, decoder: Decoder) -> bool:
    """Return whether the id of the product is anywhere in a record where its topic may have it.

    A key may be a structure with the id in it. Where the topic has a source, the key may be of a row or a group.
    """
    if key in (record.key or record.value or b""):
        return True
    return decoder.has_source(record.partition.topic) and key in (record.value or b"")


def _events(record: Record, product_id: str, decoder: Decoder, arrived: Arrival) -> list[KnownEvent]:
    """Return the events of the product in a record; the reason, if it has the product's key and cannot be read."""
    partition, origin = record.partition, replayed_origin(record.headers)
    at_ms = origin.timestamp_ms if origin else arrived.at_ms
    fetched = _Fetched(record.offset, record.timestamp_ms, None, record.key, record.value, record.headers)
    try:
        decoded = decoder.decode(fetched, partition.topic, arrived)
    except InvalidEvent as error:
        if record.key != product_id.encode():
            return []
        return [KnownEvent(partition.topic, partition.number, record.offset, at_ms, None, str(error))]
    return [
        KnownEvent(partition.topic, partition.number, record.offset, at_ms, each.event, None)
        for each in decoded
        if each.event.product_id == product_id
    ]


class _Fetched(NamedTuple):
    """A record as a decoder takes it."""

    offset: int
    timestamp: int
    timestamp_type: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
