"""A port that is in use is waited for, and refused if it stays in use; an address is refused that is not ours."""

from __future__ import annotations

import socket
import threading

import pytest

from schemas.errors import Misconfigured, Unavailable
from stream.runtime.ports import check_free, free_port, listen, url_of


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


def test_an_address_that_this_machine_has_not_is_refused_at_once_with_what_chooses_another() -> None:
    with pytest.raises(Misconfigured, match=r"192\.0\.2\.1:80.*that of the API with FRESHLINE_API_HOST"):
        check_free("192.0.2.1", 80, "the HTTP API", "--flag or SETTING", seconds_max=60.0)


def test_an_address_of_ipv6_is_checked_as_one_and_stands_in_brackets_in_a_url() -> None:
    assert url_of("::1", 80) == "http://[::1]:80" and url_of("127.0.0.1", 80) == "http://127.0.0.1:80"
    try:
        taken = listen("::1", 0)
    except Unavailable:
        pytest.skip("this machine has no IPv6")
    with taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=r"in use.*port with --flag or SETTING"):
            check_free("::1", port, "the HTTP API", "--flag or SETTING", seconds_max=0.0)
    check_free("::1", port, "the HTTP API", "--flag or SETTING", seconds_max=60.0)
