"""Brokers that cannot be used, told apart without a broker."""

from __future__ import annotations

import contextlib
import socket
from socketserver import BaseRequestHandler, TCPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured, Unavailable
from stream.kafka import diagnosis
from stream.kafka.cluster import Cluster
from stream.kafka.diagnosis import diagnose

if TYPE_CHECKING:
    from collections.abc import Iterator


class ClosesAtOnce(BaseRequestHandler):
    """A program that reads a little, and closes the connection, as many do where they are not understood."""

    def handle(self) -> None:
        """Read, and close."""
        self.request.recv(10)


@pytest.fixture
def frozen() -> Iterator[Cluster]:
    """A broker that was stopped: its system takes connections, and nobody answers."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield Cluster(f"127.0.0.1:{listening.getsockname()[1]}")


def test_a_broker_that_hangs_is_not_called_one_that_does_not_run(frozen: Cluster) -> None:
    found = diagnose(frozen, timeout_ms=200)
    assert isinstance(found, Unavailable)
    assert str(found).startswith(f"the broker at {frozen} takes connections and answers none within 0.2 s: ")
    assert "does it hang?" in str(found) and "freshline up" not in str(found)


def test_where_nothing_listens_nothing_is_found() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        free = listening.getsockname()[1]
    assert diagnose(Cluster(f"127.0.0.1:{free}")) is None


def test_a_name_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(diagnosis, "create_conn", unknown)
    found = diagnose(Cluster("kafka.example:9092"))
    assert isinstance(found, Unavailable)  # It may be there in a moment, as when containers start.
    assert str(found).startswith("the name kafka.example leads to no address")


def test_another_program_on_the_port_is_asked_about_before_sasl() -> None:
    with TCPServer(("127.0.0.1", 0), ClosesAtOnce) as other:
        Thread(target=other.serve_forever, args=(0.01,)).start()
        found = diagnose(Cluster(f"127.0.0.1:{other.server_address[1]}"))
        other.shutdown()
    assert isinstance(found, Misconfigured) and "is it a broker?" in str(found)
