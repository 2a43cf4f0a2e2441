"""A Qdrant server behind TLS that requires an API key: who is let in, and what a person reads who is not; over REST and
over gRPC, where a lost server and a dead connection are found out too."""

from __future__ import annotations

import contextlib
import uuid
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
from pydantic import SecretStr

from schemas.errors import FreshlineError, Misconfigured, Unavailable
from schemas.queries import Filters
from stream.runtime.ports import free_port
from tests.qdrant_front.serving import Front, in_thread
from tests.support.certificates import Certificates
from tests.support.index_backends import MODEL, content, ids, point_ids, put, vector
from tests.support.tls_proxy import TlsProxy
from tests.support.waiting import until
from workers.clock import SystemClock
from workers.index.address import ServerAddress
from workers.index.open import check_answers
from workers.index.server.calls import Calls
from workers.index.server.client import BOUNDS, ConnectionBounds, create_client, create_grpc_client
from workers.index.server.open import open_server
from workers.retry import Backoff, Persistence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from qdrant_client import AsyncQdrantClient

KEY = "a-key-that-nobody-may-read"
QUICK = Persistence(2, Backoff(0.001, 0.002))


class Locked(NamedTuple):
    """The server over one transport, and the certificates that it may show."""

    address: ServerAddress
    certificates: Certificates
    proxy: TlsProxy
    plain: Front
    """The front of the same server without TLS."""

    @property
    def has_grpc(self) -> bool:
        return self.address.grpc_port is not None


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=["REST", "gRPC"])
def locked(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Locked]:
    """The server behind a proxy for REST, and behind another for gRPC where that is asked; the proxy of the last."""
    port, grpc_port, plain = free_port(), free_port(), in_thread(KEY)
    address = ServerAddress(f"https://127.0.0.1:{port}", SecretStr(KEY), certificates.ca)
    with TlsProxy(port, plain.url.removeprefix("http://"), certificates.broker).running() as proxy:
        if request.param == "REST":
            yield Locked(address, certificates, proxy, plain)
            return
        with TlsProxy(grpc_port, f"127.0.0.1:{plain.grpc_port}", certificates.broker).running() as grpc_proxy:
            yield Locked(address._replace(grpc_port=grpc_port), certificates, grpc_proxy, plain)


def client_of(locked: Locked, bounds: ConnectionBounds = BOUNDS) -> AsyncQdrantClient:
    """Return the client for the transport that is tested."""
    return create_grpc_client(locked.address, bounds) or create_client(locked.address, bounds)


async def test_an_index_is_written_and_searched_with_the_key_over_tls(locked: Locked) -> None:
    alias = f"test-{uuid.uuid4().hex}"
    collections = await open_server(locked.address, alias=alias, model=MODEL, model_source=None, clock=SystemClock())
    index = await collections.serving()
    await put(index, content("P1", "Brass desk lamp"), 1, dense=vector(1.0))
    assert point_ids(await index.search_dense(vector(1.0), Filters(), limit=5)) == ids("P1")
    await collections.close()


@pytest.mark.parametrize(
    ("key", "ca", "reason"),
    [
        (
            "wrong",
            "ca",
            r"the Qdrant server refused the API key \((401|UNAUTHENTICATED)\): check FRESHLINE_QDRANT_API_KEY",
        ),
        (None, "ca", "check FRESHLINE_QDRANT_API_KEY"),
        (KEY, "other_ca", "from a CA that is not trusted here .*: set FRESHLINE_QDRANT_CA_FILE"),
        (KEY, None, "set FRESHLINE_QDRANT_CA_FILE"),
        (KEY, "client_key", "FRESHLINE_QDRANT_CA_FILE: .*client_key.pem cannot be read as certificates"),
    ],
)
async def test_who_is_not_let_in_reads_one_line(locked: Locked, key: str | None, ca: str | None, reason: str) -> None:
    file: Path | None = None if ca is None else getattr(locked.certificates, ca)
    given = locked.address._replace(api_key=None if key is None else SecretStr(key), ca_file=file)
    with pytest.raises(Misconfigured, match=reason) as refused:
        await check_answers(given)
    assert "\n" not in str(refused.value) and KEY not in str(refused.value)


async def test_https_to_a_server_without_tls_is_said(locked: Locked) -> None:
    plain = locked.address._replace(url=locked.plain.url.replace("http:", "https:"))
    if locked.has_grpc:
        plain = plain._replace(grpc_port=locked.plain.grpc_port)
    with pytest.raises(Misconfigured, match="does not speak TLS on this port"):
        await check_answers(plain)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_port_of_rest_that_is_named_as_that_of_grpc_is_said(certificates: Certificates, scheme: str) -> None:
    rest, port = in_thread(KEY).url.removeprefix("http://"), free_port()
    with TlsProxy(port, rest, certificates.broker, ["http/1.1"]).running():
        address = ServerAddress(f"{scheme}://127.0.0.1:9", SecretStr(KEY), grpc_port=int(rest.rpartition(":")[2]))
        if scheme == "https":
            address = address._replace(ca_file=certificates.ca, grpc_port=port)
        with _key_in_the_clear(scheme), pytest.raises(Misconfigured, match="does not speak gRPC on this port: set"):
            await check_answers(address)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [("expired", "has expired: renew it there"), ("misnamed", "has a certificate for another host")],
)
async def test_a_certificate_that_is_wrong_later_is_waited_for(locked: Locked, shown: str, reason: str) -> None:
    client = client_of(locked)
    calls = Calls(client, QUICK)
    await calls.ask(client.get_collections)
    locked.proxy.show(getattr(locked.certificates, shown))
    try:
        with pytest.raises(Unavailable, match=reason):
            await calls.ask(client.get_collections)
    finally:
        locked.proxy.show(locked.certificates.broker)
    await calls.ask(client.get_collections)
    await client.close()


async def test_a_server_that_was_away_is_found_again(locked: Locked) -> None:
    client = client_of(locked)
    calls = Calls(client, Persistence(1, QUICK.backoff))
    await calls.ask(client.get_collections)

    async def answers() -> bool:
        with contextlib.suppress(Unavailable):
            await calls.ask(client.get_collections)
            return True
        return False

    async def is_away() -> bool:
        return not await answers()

    faults = httpx.AsyncClient(base_url=locked.plain.url, headers={"api-key": KEY}, trust_env=False)
    async with faults:
        (await faults.post("/_faults", json={"away_seconds": 1.0})).raise_for_status()
    await until(is_away, "the server is away")
    await until(answers, "it is found again")
    await client.close()


async def test_a_connection_whose_other_end_says_nothing_any_more_is_replaced(locked: Locked) -> None:
    client = client_of(locked, ConnectionBounds(answer_seconds_max=2, keepalive_time_ms=200, keepalive_timeout_ms=200))
    calls = Calls(client, QUICK)
    await calls.ask(client.get_collections)
    locked.proxy.silence()
    await calls.ask(client.get_collections)
    await client.close()


def _key_in_the_clear(scheme: str) -> AbstractContextManager[object]:
    """Return the block in which qdrant-client warns of a key that is sent without TLS."""
    return pytest.warns(UserWarning, match="insecure connection") if scheme == "http" else nullcontext()


def test_the_text_of_an_address_has_no_key(locked: Locked) -> None:
    assert KEY not in repr(locked.address) and KEY not in str(FreshlineError(locked.address))


async def test_a_start_that_finds_no_server_leaves_no_client_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker starts again and again while its server is away, and a client of gRPC goes on connecting."""
    closed = []
    close = Calls.close

    async def noted(calls: Calls) -> None:
        closed.append(calls)
        await close(calls)

    monkeypatch.setattr(Calls, "close", noted)
    nobody = ServerAddress(f"http://127.0.0.1:{free_port()}", grpc_port=free_port())
    with pytest.raises(Unavailable):
        await open_server(nobody, alias="items", model=MODEL, model_source=None, clock=SystemClock())
    assert len(closed) == 1
