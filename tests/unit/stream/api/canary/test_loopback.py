"""Canaries are searched for over HTTP: an API that does not answer is noticed, whatever the index holds."""

from __future__ import annotations

import socket

import pytest

from schemas.errors import Unavailable
from stream.api.canary.loopback import LoopbackSearch, address_of
from stream.runtime.ports import free_port
from tests.support.running_commands import serving
from tests.support.standing_in import StandIn


async def test_the_change_that_a_search_shows_is_asked_for_over_http() -> None:
    with serving(StandIn()) as address:
        async with LoopbackSearch(address) as search:
            assert [await search.shown_stamp_ms(number) for number in (7, 0)] == [7, -1]


async def test_an_api_that_refuses_or_is_not_there_shows_nothing_whatever_the_index_holds() -> None:
    service = StandIn()
    service.reasons = ["the index is away"]
    with serving(service) as refuses:
        for address in (refuses, f"http://127.0.0.1:{free_port()}"):
            async with LoopbackSearch(address) as search:
                with pytest.raises(Unavailable, match="does not answer a search"):
                    await search.shown_stamp_ms(7)


@pytest.mark.parametrize(
    ("bound", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("::", "[::1]")],
)
def test_a_socket_is_reached_from_this_machine_whatever_it_listens_on(bound: str, reached: str) -> None:
    family = socket.AF_INET6 if ":" in bound else socket.AF_INET
    try:
        listening = socket.socket(family)
        listening.bind((bound, 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert address_of(listening) == f"http://{reached}:{listening.getsockname()[1]}"
