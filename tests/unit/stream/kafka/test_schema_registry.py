"""The schema registry, stood in for by a small HTTP server."""

from __future__ import annotations

import json
import logging
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from schemas.errors import InvalidEvent, Misconfigured, Unavailable
from stream.items.decoder import Decoder
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.kafka.schema_registry import SchemaRegistry, opened_registry
from workers.retry import Backoff, Persistence
from workers.sources.confluent import RegisteredSchema
from workers.sources.formats import Source, SourcesFile
from workers.sources.sources import Sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

QUICK = Persistence(3, Backoff(0.001, 0.001))
MONEY = {"type": "record", "name": "Money", "fields": [{"name": "amount", "type": "string"}]}
OFFER = {"type": "record", "name": "Offer", "fields": [{"name": "money", "type": "Money"}]}


@contextmanager
def registry(answers: dict[str, Any]) -> Iterator[str]:
    """Serve these answers by path: a number is a status, the last of a list is given again and again."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path, 404)
            if self.headers["Authorization"] != "Basic c29tZW9uZTpzZWNyZXQ=":  # someone:secret
                found = 401
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
            self.send_response(found if isinstance(found, int) else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode() if isinstance(found, (dict, list)) else b"no")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://someone:secret@127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@asynccontextmanager
async def asked(answers: dict[str, Any]) -> AsyncIterator[SchemaRegistry]:
    with registry(answers) as url:
        made = SchemaRegistry(url, persistence=QUICK)
        try:
            yield made
        finally:
            await made.close()


async def test_a_schema_comes_with_those_that_it_refers_to() -> None:
    answers = {
        "/schemas/ids/7": {
            "schema": json.dumps(OFFER),
            "references": [{"name": "Money", "subject": "money", "version": 1}],
        },
        "/subjects/money/versions/1": {"schema": json.dumps(MONEY), "id": 3},
    }
    async with asked(answers) as made:
        found = await made.schema(7)
    assert isinstance(found, RegisteredSchema) and found.kind == "AVRO"


@pytest.mark.parametrize("status", [404, 400, 422])
async def test_an_id_that_the_registry_has_not_refuses_the_record(status: int) -> None:
    """A record that is none of theirs has any bytes for an id, which some registries call a bad request."""
    async with asked({"/schemas/ids/7": status}) as made:
        found = await made.schema(7)
    assert isinstance(found, InvalidEvent) and "has no /schemas/ids/7" in str(found)


async def test_a_registry_that_is_away_is_asked_again() -> None:
    async with asked({"/schemas/ids/7": [503, {"schemaType": "JSON", "schema": "{}"}]}) as made:
        assert await made.schema(7) == RegisteredSchema("JSON")
    async with asked({"/schemas/ids/7": 503}) as made:
        with pytest.raises(Unavailable, match="answers 503") as raised:
            await made.schema(7)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [{}, ["a", "list"], {"schema": 5}, {"schema": "{}", "schemaType": 5}, {"schema": "{}", "references": [{}]}],
)
async def test_an_answer_that_is_no_schema_is_no_bug(answer: Any) -> None:
    async with asked({"/schemas/ids/7": [answer]}) as made:
        with pytest.raises(Unavailable, match="answers no schema"):
            await made.schema(7)


async def test_the_certificates_that_a_registry_is_trusted_by_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"registry_ca: there are no certificates at .*ca\.pem"):
        SchemaRegistry("https://registry", tmp_path / "ca.pem")
    made = SchemaRegistry("https://127.0.0.1", persistence=QUICK)
    with pytest.raises(Unavailable, match=r"at 127\.0\.0\.1:443 does not answer"):
        await made.schema(1)
    await made.close()


async def test_a_wrong_user_ends_the_process_without_telling_the_password() -> None:
    async with asked({"/schemas/ids/7": 401}) as made:
        with pytest.raises(Misconfigured, match="refuses the user") as raised:
            await made.schema(7)
    assert "secret" not in str(raised.value)


async def test_a_registry_is_opened_where_one_is_configured_and_gives_what_a_record_lacks() -> None:
    framed = Source(topic="products", encoding="confluent")
    async with opened_registry(SourcesFile(sources=[])) as none:
        assert none is None
    with registry({"/schemas/ids/7": {"schemaType": "JSON", "schema": "{}"}}) as url:
        async with opened_registry(SourcesFile(sources=[framed], registry=url)) as made:
            sources, value = Sources([framed]), b"\0\0\0\0\x07{}"
            record = Record(Partition("products", 0), 0, 0, None, value, ())
            assert sources.missing_schemas("products", None, value, []) == [7]
            await Decoder(sources, made).fetch_schemas("products", [record])
    assert sources.missing_schemas("products", None, value, []) == []


async def test_no_log_tells_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as told:
        async with asked({"/schemas/ids/7": [503, {"schemaType": "JSON", "schema": "{}"}]}) as made:
            assert await made.schema(7) == RegisteredSchema("JSON")
    assert "schema registry away" in str(told) and caplog.records
    assert "secret" not in str(told) + caplog.text


async def test_no_registry_at_all_is_unavailable() -> None:
    made = SchemaRegistry("http://127.0.0.1:9", persistence=QUICK)
    with pytest.raises(Unavailable, match=r"the schema registry at 127.0.0.1:9 does not answer"):
        await made.schema(1)
    await made.close()
