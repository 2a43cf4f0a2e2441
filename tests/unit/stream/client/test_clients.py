"""Both clients answer alike: typed answers, errors in a sentence, streams."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.answers import SearchAnswer
from schemas.errors import Conflict, FreshlineError, NotFound, RefusedRequest, Unauthorized, Unavailable
from stream.api.models import StatusReport
from stream.client import AsyncClient, Client
from stream.client.endpoints import EventReader
from stream.client.routes import Routes
from tests.support.running_commands import serving
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Ask = Any
"""Asks a method of a client by its name, with parameters, and returns the answer."""


@pytest.fixture(scope="module")
def stack() -> Iterator[tuple[StandIn, str]]:
    service = StandIn(P1="Chiffon cake", **{"odd/id ?#": "Walnut cake"})
    with serving(service) as address:
        yield service, address


@pytest.fixture
def service(stack: tuple[StandIn, str]) -> Iterator[StandIn]:
    service, _ = stack
    yield service
    service.away, service.reasons = False, []
    service.asked.clear()
    service.watches.keys = {}


def blocking(api: str, **options: Any) -> Callable[..., Any]:
    def ask(name: str, **parameters: object) -> Any:
        with Client(api, **options) as client:
            answer = getattr(client, name)(**parameters)
            return next(answer) if name == "snapshots" else answer

    return ask


def awaited(api: str, **options: Any) -> Callable[..., Any]:
    async def answer(name: str, **parameters: object) -> Any:
        async with AsyncClient(api, **options) as client:
            answer = getattr(client, name)(**parameters)
            return await anext(answer) if name == "snapshots" else await answer

    return lambda name, **parameters: asyncio.run(answer(name, **parameters))


@pytest.fixture(params=[blocking, awaited])
def client_of(request: pytest.FixtureRequest) -> Callable[..., Callable[..., Any]]:
    """Either client of an address."""
    made: Callable[..., Callable[..., Any]] = request.param
    return made


@pytest.fixture
def ask(client_of: Callable[..., Callable[..., Any]], stack: tuple[StandIn, str]) -> Callable[..., Any]:
    return client_of(stack[1])


def test_a_search_has_a_typed_answer_and_sends_every_parameter(ask: Ask, service: StandIn) -> None:
    answer = ask(
        "search", q="cake", max_price=9, facets=["brand", "price"], group=True, sort="price_asc", understand=False,
        highlight=True, limit=3, after="prices:1:7", wait_ms=50,
    )  # fmt: skip
    assert isinstance(answer, SearchAnswer) and answer.hits[0].title == "Chiffon cake"
    assert answer.hits[0].highlights is not None
    [(asked, after, wait_ms)] = service.asked
    assert (asked.q, asked.max_price, asked.facets, asked.group, asked.sort) == (
        "cake", 9, ["brand", "price"], True, "price_asc",
    )  # fmt: skip
    assert (asked.understand, asked.highlight, asked.limit) == (False, True, 3)
    assert (str(after), wait_ms) == ("prices:1:7", 50)


def test_a_product_is_named_by_any_id(ask: Ask) -> None:
    assert ask("item", product_id="odd/id ?#").indexed.title == "Walnut cake"
    assert ask("life", product_id="odd/id ?#").product_id == "odd/id ?#"
    for steps in (".", ".."):  # A path that is sent with them bare leads elsewhere.
        with pytest.raises(NotFound, match=f"no item {re.escape(steps)} was ever heard of"):
            ask("life", product_id=steps)


def test_every_other_route_answers(ask: Ask, service: StandIn) -> None:
    assert isinstance(ask("status"), StatusReport) and ask("ready").ready
    assert ask("suggest", q="chiff").queries == ["chiffon cake"]
    assert ask("explain", q="cake", product_id="P1", max_price=5).filters[0].name == "max_price"
    assert ask("progress", after="prices:1:7").searchable
    assert ask("metrics").startswith("freshline_") and ask("alive") == "alive\n"
    assert ask("sales").coming == [] and ask("dead_letters", topic="prices").waiting == 0
    assert ask("resend", topic="prices", origin="prices:1:7", text="{}").origin == "prices:1:7"
    assert ask("start_reconcile").state == "running" and ask("reconcile").state == "done"


def test_a_stream_yields_what_its_events_say(ask: Ask, service: StandIn) -> None:
    assert ask("snapshots").at_ms == 1


def test_a_stream_of_alerts_goes_on_after_the_last_one_that_was_read(
    stack: tuple[StandIn, str], ask: Ask, service: StandIn
) -> None:
    watch = ask("set_watch", owner="u", q="lamp")
    with Client(stack[1]) as client:
        first, second = client.alerts(watch_id=watch.id)
        assert [each.id for each in client.alerts(watch_id=watch.id, last_event_id=first.id)] == [second.id]
    named = Routes.alerts.call(watch_id="w", last_event_id="w:麵包:1")
    assert named.headers == {"Last-Event-ID": "w:麵包:1".encode()} and named.query == {}


def test_every_kind_of_error_has_its_class_and_its_sentence(ask: Ask, service: StandIn) -> None:
    with pytest.raises(NotFound, match="no item none-such was ever heard of"):
        ask("item", product_id="none-such")
    with pytest.raises(Conflict, match="a rebuild runs already"):
        ask("start_rebuild")
    service.away = True
    with pytest.raises(Unavailable, match="searches work again"):
        ask("search", q="cake")


def test_what_only_the_api_can_refuse_names_the_parameter(ask: Ask, service: StandIn) -> None:
    with pytest.raises(RefusedRequest, match=r"^after: prices has 4 partitions") as refused:
        ask("search", q="cake", after="prices:9:7")
    assert refused.value.field == "after"


@pytest.mark.parametrize(
    ("parameters", "field", "sentence"),
    [
        ({"q": "cake", "limit": 0}, "limit", "limit: should be greater than or equal to 1"),
        ({"q": "cake", "colour": "red"}, "colour", "colour: there is no such parameter"),
        ({}, "q", "q: give a query, or at least one filter to browse by"),
        ({"q": "lamp\udcff"}, "q", "q: 'lamp\\udcff' is not UTF-8 text"),
        ({"q": "cake", "facets": ["colour"]}, "facets", "facets: there is no facet colour"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_sent(
    ask: Ask, service: StandIn, parameters: dict[str, object], field: str, sentence: str
) -> None:
    with pytest.raises(RefusedRequest) as refused:
        ask("search", **parameters)
    assert refused.value.field == field and str(refused.value).startswith(sentence)
    assert service.asked == []


@pytest.mark.parametrize("address", ["nonsense", "http://[::1", "ftp://x", "http://xn--"])
def test_a_wrong_address_is_named(client_of: Callable[..., Callable[..., Any]], address: str) -> None:
    with pytest.raises(RefusedRequest, match="no address of an API") as refused:
        client_of(address)("status")
    assert refused.value.field == "api"


def test_where_nothing_answers_it_says_where(client_of: Callable[..., Callable[..., Any]]) -> None:
    with pytest.raises(Unavailable, match="nothing answers at http://127"):
        client_of("http://127.0.0.1:9")("status")


class SomethingElse(ThreadingHTTPServer):
    """A server that is not Freshline, and gives one answer to every request."""

    status, content = 200, b""


class Answer(BaseHTTPRequestHandler):
    server: SomethingElse

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def something_else() -> Iterator[SomethingElse]:
    with SomethingElse(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("name", ["search", "snapshots"])
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "is not Freshline: its answer is no JSON"),
        (200, b'{"hits": 7}', r"answers otherwise than this version of Freshline \(\w+: "),
        (502, b"bad gateway", "answers HTTP 502: is Freshline running there"),
        (500, b'{"error": {"field": null, "message": "this is a bug"}}', "^this is a bug$"),
    ],
)
def test_an_answer_of_something_else_is_an_error_with_a_sentence(
    something_else: SomethingElse, name: str, status: int, body: bytes, said: str
) -> None:
    content = b"event: snapshot\ndata: " + body + b"\n\n" if name == "snapshots" and status == 200 else body
    something_else.status, something_else.content = status, content
    with Client(f"http://127.0.0.1:{something_else.server_port}") as client, pytest.raises(FreshlineError, match=said):
        client.search(q="cake") if name == "search" else next(client.snapshots())


def test_the_time_that_the_api_waits_is_added_to_that_of_an_answer() -> None:
    assert Routes.search.call(q="cake", after="prices:1:7", wait_ms=5_000).wait_seconds == 5
    assert Routes.search.call(q="cake", after="prices:1:7").wait_seconds == 2
    assert Routes.search.call(q="cake").wait_seconds == 0


@given(st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 120), max_size=8))
def test_a_stream_has_the_same_events_wherever_its_parts_end(end: str, cuts: list[int]) -> None:
    title = "Lamp\u2028two\u2029three\x85four\x0b\x0c\x1cfive"
    stream = f": here\nevent: snapshot\ndata: {{\ndata: {title}}}\nid: 7\n\ndata: alone\n\n: end\n"
    content, reader = stream.replace("\n", end).encode(), EventReader()
    places = [0, *sorted(cuts), len(content)]
    found = [event for start, stop in pairwise(places) for event in reader.read(content[start:stop])]
    assert found == [("snapshot", f"{{\n{title}}}".encode()), ("message", b"alone")]


def test_the_client_imports_no_server() -> None:
    heavy = "fastapi", "faust", "torch", "qdrant_client", "qdrant_edge", "kafka", "uvicorn"
    program = "import sys, stream.client; print([m for m in sys.argv[1:] if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_client_sends_its_key_and_says_where_one_is_missing(
    client_of: Callable[..., Callable[..., Any]], stack: tuple[StandIn, str], service: StandIn
) -> None:
    service.watches.keys = {"secret": "shop"}
    asked = {"owner": "u-17", "q": "lamp"}
    set_by_shop = client_of(stack[1], key="secret")("set_watch", **asked)
    assert set_by_shop.key == "shop"
    assert client_of(stack[1], key="secret")("watches", owner="u-17").watches[-1] == set_by_shop
    with pytest.raises(Unauthorized, match="send a key"):
        client_of(stack[1])("set_watch", **asked)


@pytest.mark.parametrize("key", ["the-secret-of-a-file\n", "the secret", "the-secret-\u00fc", ""])
def test_a_key_that_no_header_can_have_is_refused_and_never_shown(
    client_of: Callable[..., Callable[..., Any]], stack: tuple[StandIn, str], key: str
) -> None:
    with pytest.raises(RefusedRequest, match="must be ASCII without blanks") as refused:
        client_of(stack[1], key=key)("watches", owner="u-17")
    assert refused.value.field == "key" and "secret" not in str(refused.value)


@pytest.mark.parametrize("read_last", ["prices:1\nX: y", " w:P1:1", "w:P1:1 ", "\x7f", "\t"])
def test_an_id_that_no_header_can_have_is_named(stack: tuple[StandIn, str], read_last: str) -> None:
    with Client(stack[1]) as client, pytest.raises(RefusedRequest, match="last_event_id"):
        next(client.alerts(watch_id="w", last_event_id=read_last))
