"""Runs `freshline` in this process, against an API of its own."""

from __future__ import annotations

import io
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import uvicorn

from stream.api.app import create_app
from stream.commands import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.commands.current_run import CommandBounds
    from tests.support.standing_in import StandIn


class Done(NamedTuple):
    """The end of a command."""

    code: int
    out: str
    err: str


def freshline(*arguments: str, stdin: bytes = b"", bounds: CommandBounds | None = None) -> Done:
    """Run `freshline ARGUMENTS` with stdout and stderr that are no terminals, and with these bounds."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    given = io.TextIOWrapper(io.BytesIO(stdin))
    with (
        mock.patch.multiple(sys, argv=["freshline", *arguments], stdout=out, stderr=err, stdin=given),
        mock.patch.dict("os.environ", COLUMNS="140"),
    ):
        try:
            main(bounds)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    out.flush()
    err.flush()
    return Done(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


@contextmanager
def serving(service: StandIn) -> Iterator[str]:
    """Serve the API of a service on a free port, and yield its address."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(service.services), log_level="error"))
    thread = threading.Thread(target=server.run, args=([listening],))
    listening.listen()
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
