"""A connection that is reset just before a request is a connection error for aiokafka, on uvloop too."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from stream.kafka import connections
from stream.kafka.connections import report_broken_connections
from tests.support.waiting import HANG_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.running_broker import RunningBroker

RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture
def _reported() -> Iterator[None]:
    report_broken_connections()
    yield
    AIOKafkaConnection.send = connections._send_unguarded


class Proxy:
    """A way to the broker that can be cut off by a reset, as by a broker that is killed."""

    def __init__(self) -> None:
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def to(self, address: str) -> AsyncIterator[Proxy]:
        host, port = address.split(":")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
            self._writers += [writer, upstream_writer]
            await asyncio.gather(_pipe(reader, upstream_writer), _pipe(upstream_reader, writer), return_exceptions=True)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    def reset(self) -> None:
        self._writers[0].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        for writer in self._writers:
            writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)


async def _request_right_after_a_reset(proxy: Proxy) -> Any:
    """Send a request when the transport has closed and aiokafka's connection has not heard of it yet."""
    loop = asyncio.get_running_loop()
    connection = await create_conn("127.0.0.1", proxy.port)
    answered, reader = loop.create_future(), connection._reader
    set_exception = reader.set_exception

    def send() -> None:
        try:
            answered.set_result(connection.send(MetadataRequest([])))
        except Exception as error:
            answered.set_exception(error)

    def fail_and_send(error: Exception) -> None:
        set_exception(error)
        loop.call_soon(send)

    reader.set_exception = fail_and_send
    proxy.reset()
    return await asyncio.wait_for(answered, HANG_S)


@pytest.mark.usefixtures("_reported")
def test_a_request_right_after_a_reset_is_a_connection_error(embedded_broker: RunningBroker) -> None:
    async def main() -> None:
        async with Proxy().to(embedded_broker.address) as proxy:
            with pytest.raises(KafkaConnectionError):
                await _request_right_after_a_reset(proxy)

    uvloop.run(main())
