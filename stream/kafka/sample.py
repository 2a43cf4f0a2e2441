"""The newest records of an input topic, and what becomes of each."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from schemas.canaries import CANARY_HEADER
from schemas.errors import InvalidEvent
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.schema_registry import opened_registry
from stream.kafka.topic_admin import topic_layout
from workers.sources.sources import Sources

CANARIES_PASSED_MAX = 2_000
"""The most records of canaries that a sample skips: as many as come in some hours without other records."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.events import Event
    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from stream.kafka.schema_registry import SchemaRegistry
    from workers.sources.formats import SourcesFile
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
    async with opened_registry(configured) as registry:
        return [
            await _outcome(record, sources, registry, times_of) for record in await _read(kafka, topic, records_max)
        ]


async def _read(kafka: Cluster, topic: str, records_max: int) -> list[Record]:
    """Return the newest records of each partition without those of canaries, as far as any are within reach."""
    numbers = range(topic_layout(kafka, topic).partitions)
    async with Reader(kafka) as reader:
        reader.assign({Partition(topic, number): 0 for number in numbers})
        ends = await reader.end_offsets()
        reader.assign({each: max(0, end - records_max - CANARIES_PASSED_MAX) for each, end in ends.items()})
        found: dict[Partition, deque[Record]] = {each: deque(maxlen=records_max) for each in ends}
        async for records in reader.read_to(ends):
            for record in records:
                if CANARY_HEADER not in dict(record.headers):
                    found[record.partition].append(record)
        return [record for of_partition in found.values() for record in of_partition]


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
