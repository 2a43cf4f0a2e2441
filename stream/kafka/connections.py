"""Broken connections and refused logins that aiokafka does not notice by itself. See docs/traps.md#aiokafka."""

from __future__ import annotations

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason, OAuthAuthenticator
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


def abort_at_close() -> None:
    """Let every aiokafka client of this process close a connection with TLS at once. Idempotent.

    On uvloop the end of TLS waits for the broker up to 30 s where an answer was still on its way, and so does the stop
    of a client. aiokafka closes after everything that it waits for: nothing more is to be sent or read.
    """
    if AIOKafkaConnection.close is not _close:
        AIOKafkaConnection.close = _close


def end_refused_logins() -> None:
    """Let every aiokafka client of this process fail where a broker refuses a token of OAUTHBEARER. Idempotent.

    The broker says so in a challenge, and gives its error once the client has answered with one byte (RFC 7628, section
    3.2.3). aiokafka takes the challenge for a success, and the error for metadata of a cluster without brokers: the
    worker would wait without a word.
    """
    if OAuthAuthenticator.step is not _step:
        OAuthAuthenticator.step = _step


_close_gently = AIOKafkaConnection.close


def _close(self: AIOKafkaConnection, reason: CloseReason | None = None, exc: BaseException | None = None) -> Any:
    writer = self._writer
    closed = _close_gently(self, reason, exc)
    if writer is not None and writer.get_extra_info("ssl_object") is not None:
        writer.transport.abort()
    return closed


_step_unguarded = OAuthAuthenticator.step


async def _step(self: OAuthAuthenticator, challenge: bytes | None) -> tuple[bytes, bool] | None:
    if challenge:
        return b"\x01", True
    answer: tuple[bytes, bool] | None = await _step_unguarded(self, challenge)
    return answer


_send_unguarded = AIOKafkaConnection.send


def _send(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send_unguarded(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} is closed") from error
