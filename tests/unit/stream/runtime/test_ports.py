"""A port that is in use is waited for, and refused if it stays in use."""

from __future__ import annotations

import socket
import threading

import pytest

from schemas.errors import Misconfigured
from stream.runtime.ports import check_free, free_port


def listener(port: int) -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", port))
    taken.listen()
    return taken


def test_a_port_that_becomes_free_is_waited_for() -> None:
    taken = listener(port := free_port())
    threading.Timer(0.2, taken.close).start()
    check_free("127.0.0.1", port, "the HTTP API", "--api-port", seconds_max=60.0)


def test_a_port_that_stays_in_use_is_refused_with_what_chooses_another() -> None:
    with listener(port := free_port()), pytest.raises(Misconfigured, match=r"in use.*port with --flag or SETTING"):
        check_free("127.0.0.1", port, "the HTTP API", "--flag or SETTING", seconds_max=0.0)
