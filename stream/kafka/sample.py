"""The newest records of an input topic, and what becomes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.schema_registry import SchemaRegistry
from stream.kafka.topics import topic_layout
from workers.sources.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.events import Event
    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from workers.sources.config import SourcesFile
    from workers.sources.sources import Times

    TimesOf = Callable[[Record], Times]


async def newest(
    kafka: Cluster,
    topic: str,
    records_max: int,
    configured: SourcesFile,
    shop_currency: str | None,
    times_of: TimesOf,
) -> list[tuple[str, list[Event], str | None]]:
    """Return (token, events, why it is refused) of the newest records of each partition. Raises Unavailable.

    `times_of` returns when a record arrived, and the time that it gives for itself.
    """
    sources = Sources(configured.sources, shop_currency)
    registry = None if configured.registry is None else SchemaRegistry(configured.registry)
    try:
        return [
            await _outcome(record, sources, registry, times_of) for record in await _read(kafka, topic, records_max)
        ]
    finally:
        if registry is not None:
            await registry.close()


async def _read(kafka: Cluster, topic: str, records_max: int) -> list[Record]:
    numbers = range(topic_layout(kafka, topic).partitions)
    async with Reader(kafka) as reader:
        reader.assign({Partition(topic, number): 0 for number in numbers})
        ends = await reader.end_offsets()
        reader.assign({partition: max(0, end - records_max) for partition, end in ends.items()})
        return [record async for records in reader.read_to(ends) for record in records]


async def _outcome(
    record: Record, sources: Sources, registry: SchemaRegistry | None, times_of: TimesOf
) -> tuple[str, list[Event], str | None]:
    topic = record.partition.topic
    where = f"{topic}:{record.partition.number}:{record.offset}"
    try:
        for schema_id in sources.missing_schemas(topic, record.key, record.value, record.headers):
            if registry is not None:
                sources.schemas.add(schema_id, await registry.schema(schema_id))
        found = sources.decode(topic, record.key, record.value, record.headers, times_of(record))
    except InvalidEvent as error:
        return where, [], str(error)
    return where, [each.event for each in found], None
