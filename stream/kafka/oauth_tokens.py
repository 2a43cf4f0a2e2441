"""The tokens of OAUTHBEARER: from a file that others renew, or from an identity provider, for both client libraries."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Protocol

import httpx
from aiokafka.abc import AbstractTokenProvider
from kafka.net.sasl.oauth import AbstractTokenProvider as SyncTokenProvider
from typing_extensions import override

from stream.kafka.connections import end_refused_logins

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from workers.clock import Clock

ANSWER_SECONDS_MAX = 5.0
RENEWAL_SECONDS = 30.0
"""The time before its end at which a token is replaced: the broker closes a connection whose token has expired."""
LIFETIME_SECONDS = 300.0
"""The time for which a token is used whose lifetime the identity provider does not tell."""


class NoToken(OSError):
    """There is no token now. Both libraries take an OSError for a connection that failed, and try again."""


class Tokens(Protocol):
    """A source of tokens. It may be asked from several threads."""

    @property
    def setting(self) -> str:
        """The setting that names the source."""

    def token(self) -> str:
        """Return a token that is valid now. It blocks. Raises NoToken."""


class TokenFile:
    """A file with the token, which is read at each connection, because others renew it."""

    setting = "FRESHLINE_KAFKA_TOKEN_FILE"

    def __init__(self, path: Path) -> None:
        self._path = path

    def token(self) -> str:
        """Return the content of the file. Raises NoToken."""
        try:
            text = self._path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoToken(f"{self._path} cannot be read ({_reason(error)})") from None
        if not text:
            raise NoToken(f"{self._path} is empty")
        return text


class TokenUrl:
    """An identity provider that gives tokens for the id and secret of a client (RFC 6749, section 4.4)."""

    setting = "FRESHLINE_KAFKA_TOKEN_URL"

    def __init__(self, url: str, client_id: str, secret: SecretStr, scope: str | None, clock: Clock) -> None:
        self._url = url
        self._login = httpx.BasicAuth(client_id, secret.get_secret_value())
        self._form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        self._clock = clock
        self._asking = threading.Lock()
        self._token = ""
        self._renew_at_s = 0.0

    def token(self) -> str:
        """Return the last token, or a new one shortly before its end. Raises NoToken."""
        with self._asking:
            if not self._token or self._clock.monotonic_s() >= self._renew_at_s:
                self._token, lifetime_s = self._new_token()
                self._renew_at_s = self._clock.monotonic_s() + lifetime_s - min(RENEWAL_SECONDS, lifetime_s / 2)
            return self._token

    def _new_token(self) -> tuple[str, float]:
        """Return a new token, and its lifetime in seconds. No answer of the provider is repeated in an error."""
        try:
            answer = httpx.post(self._url, data=self._form, auth=self._login, timeout=ANSWER_SECONDS_MAX)
            answer.raise_for_status()
            given = answer.json()
            return str(given["access_token"]), float(given.get("expires_in") or LIFETIME_SECONDS)
        except httpx.HTTPStatusError as error:
            raise NoToken(f"it answered {error.response.status_code} {error.response.reason_phrase}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoToken(f"it does not answer ({_reason(error)})") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise NoToken("its answer has no access_token") from None


class AiokafkaTokens(AbstractTokenProvider):  # type: ignore[misc]
    """The tokens in the form that aiokafka and Faust ask for."""

    def __init__(self, tokens: Tokens) -> None:
        end_refused_logins()
        self._tokens = tokens

    @override
    async def token(self) -> str:
        return await asyncio.to_thread(self._tokens.token)


class KafkaPythonTokens(SyncTokenProvider):  # type: ignore[misc]
    """The tokens in the form that kafka-python asks for."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    @override
    def token(self) -> str:
        return self._tokens.token()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
