"""A Qdrant server behind TLS that requires an API key: who is let in, and what a person reads who is not."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pydantic import SecretStr

from schemas.errors import FreshlineError, Misconfigured, Unavailable
from schemas.queries import Filters
from stream.runtime.ports import free_port
from tests.qdrant_front.serving import in_thread
from tests.support.certificates import Certificates
from tests.support.index_backends import MODEL, content, ids, point_ids, put, vector
from tests.support.tls_proxy import TlsProxy
from workers.index.address import ServerAddress
from workers.index.open import check_answers
from workers.index.server.calls import Calls, Persistence
from workers.index.server.client import create_client
from workers.index.server.collections import open_server
from workers.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "a-key-that-nobody-may-read"
QUICK = Persistence(2, Backoff(0.001, 0.002))


class Locked(NamedTuple):
    """The server, and the certificates that it may show."""

    address: ServerAddress
    certificates: Certificates
    proxy: TlsProxy


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    certificates, port = Certificates.make(tmp_path_factory.mktemp("certificates")), free_port()
    front = in_thread(KEY).removeprefix("http://")
    with TlsProxy(port, front, certificates.broker).running() as proxy:
        yield Locked(ServerAddress(f"https://127.0.0.1:{port}", SecretStr(KEY), certificates.ca), certificates, proxy)


async def test_an_index_is_written_and_searched_with_the_key_over_tls(locked: Locked) -> None:
    alias = f"test-{uuid.uuid4().hex}"
    collections = await open_server(locked.address, alias=alias, model=MODEL, model_source=None)
    index = await collections.serving()
    await put(index, content("P1", "Brass desk lamp"), 1, dense=vector(1.0))
    assert point_ids(await index.search_dense(vector(1.0), Filters(), limit=5)) == ids("P1")
    await collections.close()


@pytest.mark.parametrize(
    ("key", "ca", "reason"),
    [
        ("wrong", "ca", r"the Qdrant server refused the API key \(401\): check FRESHLINE_QDRANT_API_KEY"),
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
    plain = locked.address._replace(url=in_thread().replace("http:", "https:"))
    with pytest.raises(Misconfigured, match="does not speak TLS on this port"):
        await check_answers(plain)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [("expired", "has expired: renew it there"), ("misnamed", "has a certificate for another host")],
)
async def test_a_certificate_that_is_wrong_later_is_waited_for(locked: Locked, shown: str, reason: str) -> None:
    client = create_client(locked.address)
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


def test_the_text_of_an_address_has_no_key(locked: Locked) -> None:
    assert KEY not in repr(locked.address) and KEY not in str(FreshlineError(locked.address))
