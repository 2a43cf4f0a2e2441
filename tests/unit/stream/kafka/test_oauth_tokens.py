"""The tokens of OAUTHBEARER: from a file that others renew, and from an identity provider, asked seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from stream.kafka.oauth_tokens import AiokafkaTokens, KafkaPythonTokens, NoToken, TokenFile, TokenUrl
from tests.support.clocks import ManualClock
from tests.support.token_provider import Provider, token_provider

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

SECRET = "nobody-may-read-this"


def provider() -> AbstractContextManager[Provider]:
    return token_provider("shop", SECRET)


def tokens_of(server: Provider, clock: ManualClock, secret: str = SECRET) -> TokenUrl:
    return TokenUrl(server.url, "shop", SecretStr(secret), "kafka", clock)


def test_a_token_of_a_provider_is_used_until_shortly_before_its_end() -> None:
    with provider() as server:
        clock = ManualClock()
        tokens = tokens_of(server, clock)
        assert [tokens.token(), tokens.token()] == ["one", "one"] and len(server.forms) == 1
        server.answer = (200, '{"access_token": "two", "expires_in": 100}')
        clock.sleep(69)
        assert tokens.token() == "one"
        clock.sleep(1)
        assert tokens.token() == "two"
        assert server.forms == 2 * [{"grant_type": ["client_credentials"], "scope": ["kafka"]}]


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
            tokens_of(server, ManualClock()).token()
    assert str(none.value) == reason


def test_a_provider_that_does_not_know_the_client_is_said() -> None:
    with provider() as server, pytest.raises(NoToken, match="it answered 401 Unauthorized"):
        tokens_of(server, ManualClock(), "wrong").token()


def test_a_provider_that_does_not_answer_is_said() -> None:
    with provider() as server:
        tokens = tokens_of(server, ManualClock())
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
