"""The topic of watches: one record a watch under its id, and a tombstone at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError
from pydantic import ValidationError

from schemas.errors import ForeignRecord, Unavailable
from schemas.watches import WatchRecord
from stream.kafka.partitions import partition_of
from stream.kafka.topics import WATCHES
from workers.watches.watch import watch_of

if TYPE_CHECKING:
    from stream.kafka.send import RecordSender
    from workers.watches.watch import Watch


class WatchLog:
    """Writes watches. Each method returns once the broker has confirmed the record."""

    def __init__(self, sender: RecordSender, partitions: int) -> None:
        self._sender = sender
        self._partitions = partitions

    async def put(self, watch: Watch) -> None:
        """Write a watch. Raises Unavailable: it may be written all the same."""
        await self._write(watch.watch_id, watch.record.model_dump_json(exclude_none=True).encode())

    async def end(self, watch_id: str) -> None:
        """End a watch. Raises Unavailable as `put` does."""
        await self._write(watch_id, None)

    async def _write(self, watch_id: str, value: bytes | None) -> None:
        key = watch_id.encode()
        try:
            confirmed = await self._sender.send(WATCHES, key, value, partition_of(key, self._partitions), [])
            await confirmed
        except KafkaError as error:
            raise Unavailable(f"the broker did not confirm the watch ({error}): ask again") from error


def watch_in(key: bytes | None, value: bytes | None) -> tuple[str, Watch | None]:
    """Return the id in a record of the topic, and its watch; None if the record ends it. Raises ForeignRecord."""
    try:
        watch_id = (key or b"").decode()
        if not watch_id:
            raise ForeignRecord("a record of the topic watches has no key")
        if value is None:
            return watch_id, None
        return watch_id, watch_of(watch_id, WatchRecord.model_validate_json(value))
    except (UnicodeDecodeError, ValidationError) as error:
        raise ForeignRecord(f"a record of the topic watches is none: {error}") from error
