"""The dead letters of the index worker: records and texts that cannot be indexed, in `items.dlq`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from schemas.errors import EmbeddingFailed
from schemas.points import version_offset
from stream.kafka.headers import Origin, bug_headers, dead_letter_headers, dead_letter_topic
from stream.kafka.refusal_log import RefusalLog
from stream.kafka.topics import ITEMS
from workers.lanes.vector_writer import ATTEMPTS_MAX

if TYPE_CHECKING:
    from schemas.points import Payload
    from stream.kafka.record_batch import FetchedRecord
    from stream.kafka.send import Headers, RecordSender
    from workers.clock import Clock
    from workers.lanes.pending_item import PendingItem


class ItemDeadLetters:
    """Writes dead letters.

    Each method returns once the broker has confirmed the dead letter; only then is the record acked.
    """

    def __init__(self, sender: RecordSender, clock: Clock) -> None:
        self._sender = sender
        self._refusals = RefusalLog(clock)

    async def refuse_record(self, record: FetchedRecord, number: int, error: Exception) -> None:
        """Write the dead letter of a record that is not an item record, with its original bytes.

        `number` is its partition.
        """
        origin = Origin(ITEMS, number, record.offset, record.timestamp)
        self._refusals.refused(origin, record.key, error)
        await self._write(origin, record.key, record.value, bug_headers(origin, record.headers, error))

    async def refuse(self, pending: PendingItem, error: Exception) -> None:
        """Write the dead letter of an item record on which a pure stage failed."""
        record = pending.record
        arrived_at_ms = max((change.first_arrived_at_ms for change in record.changes.values()), default=0)
        origin = Origin(ITEMS, pending.partition, version_offset(pending.version), arrived_at_ms)
        self._refusals.bug(origin, record.product_id.encode(), error)
        await self._write(origin, record.product_id.encode(), record.value, bug_headers(origin, (), error))

    async def refuse_text(self, payload: Payload, reason: str) -> None:
        """Write the dead letter of a text that cannot be embedded, with the payload of its point, which search finds
        by its words."""
        origin = Origin(
            ITEMS, payload["partition"], version_offset(payload["version"]), payload["vector_due_at_ms"] or 0
        )
        key, error = payload["product_id"].encode(), EmbeddingFailed(reason)
        self._refusals.refused(origin, key, error)
        headers = dead_letter_headers(origin, (), error, attempts=ATTEMPTS_MAX)
        await self._write(origin, key, orjson.dumps(payload), headers)

    async def _write(self, origin: Origin, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        confirmed = await self._sender.send(dead_letter_topic(origin.topic), key, value, origin.partition, headers)
        await confirmed
