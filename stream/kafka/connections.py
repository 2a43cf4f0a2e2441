"""Broken connections under uvloop: aiokafka must hear of them, or it waits forever. See docs/traps.md#aiokafka."""

from __future__ import annotations

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def report_broken_connections() -> None:
    """Let every aiokafka client of this process treat a write on a closed transport as a broken connection. Idempotent.

    uvloop raises RuntimeError for such a write, asyncio's own loop nothing, and aiokafka expects OSError alone. So the
    error would end the task that keeps the metadata, and nobody would notice: the consumer would wait for metadata
    forever, without a heartbeat, while another worker gets its partitions. `send` is public, its class private to
    aiokafka: tests/contract/test_connections.py holds both.
    """
    if AIOKafkaConnection.send is not _send:
        AIOKafkaConnection.send = _send


_send_unguarded = AIOKafkaConnection.send


def _send(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send_unguarded(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} is closed") from error
