"""The tokens of OAUTHBEARER: from a file that others renew, and from an identity provider, asked seldom."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from stream.kafka.tokens import AiokafkaTokens, KafkaPythonTokens, NoToken, TokenFile, TokenUrl
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "nobody-may-read-this"


class Provider(ThreadingHTTPServer):
    """An identity provider that answers with what a test sets."""

    answer: tuple[int, str] = (200, '{"access_token": "one", "expires_in": 100}')

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    def tokens(self, clock: ManualClock, scope: str | None = "kafka") -> TokenUrl:
        return TokenUrl(f"http://127.0.0.1:{self.server_port}/token", "shop", SecretStr(SECRET), scope, clock)


class _Asked(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.server.asked.append((self.headers["authorization"], form))
        status, body = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@contextmanager
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_token_of_a_provider_is_used_until_shortly_before_its_end() -> None:
    with provider() as server:
        clock = ManualClock()
        tokens = server.tokens(clock)
        assert [tokens.token(), tokens.token()] == ["one", "one"] and len(server.asked) == 1
        server.answer = (200, '{"access_token": "two", "expires_in": 100}')
        clock.sleep(69)
        assert tokens.token() == "one"
        clock.sleep(1)
        assert tokens.token() == "two"
        authorization, form = server.asked[0]
        assert form == {"grant_type": ["client_credentials"], "scope": ["kafka"]}
        assert authorization.startswith("Basic ")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((401, f'{{"error": "invalid_client {SECRET}"}}'), "it answered 401 Unauthorized"),
        ((200, "[]"), "its answer has no access_token"),
        ((200, "no JSON"), "its answer has no access_token"),
        ((200, '{"access_token": "one", "expires_in": "soon"}'), "its answer has no access_token"),
    ],
)
def test_a_provider_that_gives_none_is_said_without_its_answer(answer: tuple[int, str], reason: str) -> None:
    with provider() as server:
        server.answer = answer
        with pytest.raises(NoToken) as none:
            server.tokens(ManualClock()).token()
    assert str(none.value) == reason


def test_a_provider_that_does_not_answer_is_said() -> None:
    with provider() as server:
        tokens = server.tokens(ManualClock())
    with pytest.raises(NoToken, match="it does not answer"):
        tokens.token()


async def test_a_file_is_read_each_time_by_both_libraries(tmp_path: Path) -> None:
    file = tmp_path / "token"
    tokens = TokenFile(file)
    for text in ("one\n", "two"):
        file.write_text(text)
        assert await AiokafkaTokens(tokens).token() == KafkaPythonTokens(tokens).token() == text.strip()
    file.write_text("\n")
    with pytest.raises(NoToken, match="is empty"):
        tokens.token()
    file.unlink()
    with pytest.raises(NoToken, match=r"cannot be read \(No such file"):
        tokens.token()
