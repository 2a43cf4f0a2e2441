#!/bin/sh
# starlette 1.10.0 on uvicorn 0.54.0 (Python), a StreamingResponse of a generator, plain and asynchronous.
# Guess: when the reader leaves, the generator is closed, so what it holds is given back in its `finally`.
# Seen:  an asynchronous one is cancelled at once. A plain one is left where it stands: its `finally` runs when Python's
#        collector finds it, or never where that is off; each reader that leaves may keep a connection to a database.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check starlette==1.10.0 uvicorn==0.54.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import gc
import socket
import threading
import time
from urllib.request import urlopen

import uvicorn
from starlette.responses import StreamingResponse

closed = []


def plain():
    try:
        while True:
            yield b"data: 1\n\n"
            time.sleep(0.02)
    finally:
        closed.append("plain")


async def asynchronous():
    try:
        while not await asyncio.sleep(0.02):
            yield b"data: 1\n\n"
    finally:
        closed.append("asynchronous")


async def app(scope, receive, send):
    await StreamingResponse({"/plain": plain, "/asynchronous": asynchronous}[scope["path"]]())(scope, receive, send)


gc.disable()
listening = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
for path in ("/plain", "/asynchronous"):
    with urlopen(f"http://127.0.0.1:{listening.getsockname()[1]}{path}") as answer:
        answer.read(1)
until = time.monotonic() + 60
while "asynchronous" not in closed and time.monotonic() < until:
    time.sleep(0.02)
soon = list(closed)
gc.collect()
print("closed once their readers had left:", soon, "after a collection:", closed)
assert soon == ["asynchronous"] and "plain" in closed, "a plain generator is closed now"
PYTHON
