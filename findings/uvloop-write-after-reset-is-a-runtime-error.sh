#!/bin/sh
# uvloop 0.23.0, beside the event loop of Python 3.11.
# Guess: a write on a connection that the peer has just reset fails as on asyncio's own loop: not at all, or with an OSError.
# Seen:  asyncio drops the bytes and says nothing. uvloop raises RuntimeError, which is no OSError, as soon as the transport
#        has closed, and the reader that just failed still says that it is not at its end. A client that catches OSError
#        alone loses the task in which it writes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import socket
import struct

import uvloop


async def write_after_reset():
    peers = []

    async def accept(reader, writer):
        peers.append(writer)
        await reader.read(1)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"x")
    while not peers:
        await asyncio.sleep(0.01)
    peers[0].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peers[0].transport.abort()
    try:
        await reader.read(1)
    except ConnectionResetError:
        pass
    server.close()
    at_end = reader.at_eof()
    try:
        writer.write(b"y")
    except Exception as error:
        return type(error), at_end
    return None, at_end


seen = {"asyncio": asyncio.run(write_after_reset()), "uvloop": uvloop.run(write_after_reset())}
print("error of the write, and whether the reader is at its end:", seen)
assert seen == {"asyncio": (None, False), "uvloop": (RuntimeError, False)}
PYTHON
