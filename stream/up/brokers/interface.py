"""The interface of a broker that `up` runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Protocol

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.closing import close_client

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_S = 0.01


class Broker(Protocol):
    """One node of a broker on this machine."""

    @property
    def name(self) -> str:
        """The name of the broker in messages."""

    @property
    def address(self) -> str:
        """Bootstrap server, "host:port"."""

    @property
    def has_durable_log(self) -> bool:
        """True if the broker still has its log after a restart."""

    @property
    def memory_bytes_max(self) -> int | None:
        """Resident memory above which the broker must be replaced; None if it bounds its memory itself."""

    @property
    def fetch_seconds_max(self) -> float | None:
        """Duration of a fetch above which the broker must be replaced; None if its fetches do not get slower."""

    @property
    def start_seconds_max(self) -> float:
        """The longest that a start may take until the broker accepts connections."""

    def argv(self) -> list[str]:
        """Return the command line of the broker, and prepare the files that it needs. Raises Misconfigured."""


async def wait_accepting(address: str, seconds_max: float, *, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until the broker answers a metadata request.

    Raises Unavailable if the broker does not answer within `seconds_max`, or if `alive` returns False.
    """
    deadline = time.monotonic() + seconds_max
    while not (await _opens(address) and await _answers(address)):
        if not alive():
            raise Unavailable(f"the broker on {address} ended before it accepted connections")
        if time.monotonic() > deadline:
            raise Unavailable(f"the broker on {address} did not accept connections within {seconds_max:.0f} s")
        await asyncio.sleep(POLL_S)


async def _opens(address: str) -> bool:
    """Return whether a connection can be opened.

    It is tried before the client, which logs an error for each refusal.
    """
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _answers(address: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=5000)
    try:
        await client.bootstrap()
    except KafkaError:
        return False
    else:
        return bool(client.cluster.brokers())
    finally:
        await close_client(client)
