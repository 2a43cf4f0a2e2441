"""TLS in front of a server that speaks none, with a certificate that a test can change while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROTOCOLS = ("h2", "http/1.1")
"""The protocols that clients may agree on by ALPN, without which gRPC does not begin."""


class TlsProxy:
    """A proxy that ends TLS, in a thread of its own."""

    def __init__(self, port: int, upstream: str, certificate: Path, protocols: Sequence[str] = PROTOCOLS) -> None:
        self._port, self._upstream = port, upstream
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.set_alpn_protocols(protocols)
        self._tls.load_cert_chain(certificate)
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def show(self, certificate: Path) -> None:
        """Show another certificate from now on, and end all connections."""
        self._tls.load_cert_chain(certificate)
        self._loop.call_soon_threadsafe(self._cut)

    def silence(self) -> None:
        """Forward nothing more over the connections there are, and end none: as where a network is cut."""
        self._silent |= self._writers

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    @contextlib.contextmanager
    def running(self) -> Iterator[TlsProxy]:
        listening = threading.Event()
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(listening)), daemon=True)
        thread.start()
        listening.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)
            thread.join()
            self._loop.close()

    async def _serve(self, listening: threading.Event) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, ssl=self._tls)
        listening.set()
        await self._ended.wait()
        server.close()
        self._cut()
        if self._connections:
            await asyncio.wait(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._upstream.split(":")
        with contextlib.suppress(OSError):
            upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
            ours = {writer, upstream_writer}
            self._writers |= ours
            await asyncio.gather(self._pipe(reader, upstream_writer), self._pipe(upstream_reader, writer))
            self._writers -= ours

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while received := await reader.read(65_536):
                if writer not in self._silent:
                    writer.write(received)
                    await writer.drain()
        writer.close()
