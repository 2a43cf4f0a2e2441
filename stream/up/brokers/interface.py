"""What `up` knows of a broker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Protocol

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_S = 0.01


class Broker(Protocol):
    """One node of a broker on this machine."""

    @property
    def name(self) -> str:
        """Its name to a person."""

    @property
    def address(self) -> str:
        """Bootstrap server, "host:port"."""

    @property
    def keeps_log(self) -> bool:
        """Whether its log is there again after a restart."""

    @property
    def memory_bytes_max(self) -> int | None:
        """Resident memory above which it is to be started anew; None: it bounds itself."""

    @property
    def fetch_seconds_max(self) -> float | None:
        """Time of a fetch above which its log has become too long; None: it bounds itself."""

    @property
    def start_seconds_max(self) -> float:
        """How long a start may take until it accepts."""

    def argv(self) -> list[str]:
        """Its command line, with what it needs on disk made ready.

        Raises Misconfigured.
        """


async def wait_accepting(address: str, seconds_max: float, *, alive: Callable[[], bool] = lambda: True) -> None:
    """Returns once the broker answers a metadata request.

    Raises Unavailable when it does not within the time, or is not alive any more.
    """
    deadline = time.monotonic() + seconds_max
    while not (await _opens(address) and await _answers(address)):
        if not alive():
            raise Unavailable(f"the broker on {address} ended before it accepted connections")
        if time.monotonic() > deadline:
            raise Unavailable(f"the broker on {address} did not accept connections within {seconds_max:.0f} s")
        await asyncio.sleep(POLL_S)


async def _opens(address: str) -> bool:
    """Asked first, since the client logs an error for each connection refused."""
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
        await client.close()
