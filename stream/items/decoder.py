"""Decodes input records: events in our own form, and records of other systems in topics that have a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.canaries import CANARY_HEADER, RESERVED, is_canary
from schemas.errors import InvalidEvent
from stream.kafka.headers import event_time_ms, first_arrival_ms
from workers.sources.sources import Decoded, Sources, Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stream.items.arrival import Arrival
    from stream.kafka.reader import Record
    from stream.kafka.record_batch import FetchedRecord, RecordBatch
    from stream.kafka.schema_registry import SchemaRegistry


class Decoder:
    """Decodes the records of the input topics."""

    def __init__(self, sources: Sources | None = None, registry: SchemaRegistry | None = None) -> None:
        """`registry`: where schemas come from; None if no source needs one."""
        self._sources = sources or Sources()
        self._registry = registry

    def has_source(self, topic: str) -> bool:
        """Return whether the records of a topic come from another system."""
        return self._sources.configured(topic) is not None

    async def prepare(self, batch: RecordBatch) -> None:
        """Fetch the schemas of the records of a batch as `fetch_schemas` does."""
        if self._registry is not None:
            await self.fetch_schemas(batch.partition.topic, batch.records)

    async def fetch_schemas(self, topic: str, records: Iterable[FetchedRecord | Record]) -> None:
        """Fetch the schemas of records that nobody fetched yet, if there is a registry.

        Raises Unavailable if the registry stays away, and Misconfigured if it refuses the user.
        """
        if self._registry is None:
            return
        for record in records:
            for schema_id in self._sources.missing_schemas(topic, record.key, record.value, record.headers):
                self._sources.schemas.add(schema_id, await self._registry.schema(schema_id))

    def decode(self, record: FetchedRecord, topic: str, arrived: Arrival) -> list[Decoded]:
        """Return the events of a record of a batch that is prepared. Raises InvalidEvent."""
        times = times_of(record.headers, arrived)
        found = self._sources.decode(topic, record.key, record.value, record.headers, times)
        for decoded in found:
            if is_canary(decoded.event.product_id) and CANARY_HEADER not in dict(record.headers):
                raise InvalidEvent(RESERVED)
        return found


def times_of(headers: Sequence[tuple[str, bytes]], arrived: Arrival) -> Times:
    """Return the times of a record: where it was forwarded or replayed, those that its headers give."""
    if not headers:
        return Times(arrived.latest_ms, arrived.own_ms)
    event_at_ms = event_time_ms(headers)
    latest_ms = first_arrival_ms(headers, arrived.latest_ms)
    return Times(latest_ms, arrived.own_ms if event_at_ms is None else event_at_ms)
