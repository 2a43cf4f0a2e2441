"""The interface through which a worker hands records to its producer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from aiokafka.structs import RecordMetadata

Headers = list[tuple[str, bytes]]


class KeyedRecord(NamedTuple):
    """A record to send as one of a batch."""

    key: bytes
    value: bytes
    headers: Headers


class RecordSender(Protocol):
    """The producer of a worker, for one record at a time."""

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Headers, /
    ) -> Awaitable[RecordMetadata]:
        """Put a record into the producer's buffer, and return the broker's confirmation to await."""


class Sender(RecordSender, Protocol):
    """The producer of a worker."""

    async def send_batch(self, topic: str, partition: int, records: Sequence[KeyedRecord]) -> Awaitable[int]:
        """Put records of one partition, at least one, into the producer's buffer, in this order.

        Returns the confirmation of them all to await: the offset of the last one. It comes once the broker has
        confirmed every record. Waits while an earlier batch of the partition waits to be sent.
        """
