"""How a worker hands a record to its producer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiokafka.structs import RecordMetadata

Headers = list[tuple[str, bytes]]

Send = Callable[[str, bytes | None, bytes | None, int, Headers], Awaitable[Awaitable[RecordMetadata]]]
"""(topic, key, value, partition, headers): the first await puts the record into the producer's buffer, the second one
waits for the broker's confirmation."""
