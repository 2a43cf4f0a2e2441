"""The addresses, TLS and SASL of the brokers, in the words of each Kafka client."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from schemas.errors import Misconfigured
from stream.kafka.oauth_tokens import AiokafkaTokens, KafkaPythonTokens, TokenFile, TokenUrl
from stream.kafka.tls import tls_context
from stream.runtime.transport_settings import speaks_sasl, speaks_tls
from workers.clock import SystemClock

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from stream.kafka.oauth_tokens import Tokens
    from stream.runtime.settings import Settings


@dataclass(frozen=True)
class Security:
    """TLS and SASL. Its text has no secret."""

    protocol: str = "PLAINTEXT"
    mechanism: str | None = None
    user: str | None = None
    password: SecretStr | None = None
    tokens: Tokens | None = None
    """The source of the tokens of OAUTHBEARER."""
    tls: ssl.SSLContext | None = None
    shows_certificate: bool = False
    """True if the client has a certificate of its own."""
    password_setting: str = "FRESHLINE_KAFKA_PASSWORD"

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that aiokafka and kafka-python have in common."""
        by_password = self.password is not None and self.tokens is None
        given = {
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.user if by_password else None,
            "sasl_plain_password": self.password.get_secret_value() if self.password and by_password else None,
        }
        return {"security_protocol": self.protocol} | {name: value for name, value in given.items() if value}


PLAINTEXT = Security()


@dataclass(frozen=True)
class Cluster:
    """The brokers of one Kafka. Its text is their addresses."""

    addresses: str
    """The bootstrap servers, "host:port,host:port"."""
    security: Security = field(default=PLAINTEXT, repr=False)
    wakes_fetches: bool = False
    """True if a fetch that waits is answered as soon as a record comes, as Apache Kafka does."""

    def __str__(self) -> str:
        return self.addresses

    @property
    def hosts(self) -> list[str]:
        """The bootstrap servers, each "host:port"."""
        return [host.strip() for host in self.addresses.split(",")]

    @cached_property
    def for_aiokafka(self) -> dict[str, Any]:
        """The arguments with which every client of aiokafka reaches the brokers."""
        tokens = self.security.tokens
        provider = {"sasl_oauth_token_provider": AiokafkaTokens(tokens)} if tokens else {}
        return {"bootstrap_servers": self.hosts} | self.security.arguments | provider

    @cached_property
    def for_kafka_python(self) -> dict[str, Any]:
        """The arguments with which every client of kafka-python reaches the brokers."""
        tokens = self.security.tokens
        provider = {"sasl_oauth_token_provider": KafkaPythonTokens(tokens)} if tokens else {}
        return {"bootstrap_servers": self.hosts} | self.security.arguments | provider


def cluster_of(settings: Settings) -> Cluster:
    """Return the brokers that the settings name. Raises Misconfigured if a file of the settings cannot be read."""
    has_file = settings.kafka_password_file is not None
    security = Security(
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism if speaks_sasl(settings) else None,
        settings.kafka_user,
        password := _password(settings),
        _tokens(settings, password),
        _tls(settings) if speaks_tls(settings) else None,
        settings.kafka_certificate_file is not None,
        "FRESHLINE_KAFKA_PASSWORD_FILE" if has_file else "FRESHLINE_KAFKA_PASSWORD",
    )
    return Cluster(settings.kafka or "", security, wakes_fetches=settings.broker_kind == "kafka")


def _password(settings: Settings) -> SecretStr | None:
    file = settings.kafka_password_file
    return settings.kafka_password if file is None else SecretStr(_line(file, "FRESHLINE_KAFKA_PASSWORD_FILE"))


def _line(file: Path, setting: str) -> str:
    """Return the text of a file without the end of its line."""
    try:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Misconfigured(f"{setting}: {file} cannot be read ({reason})") from None
    if not text:
        raise Misconfigured(f"{setting}: {file} is empty")
    return text


def _tokens(settings: Settings, secret: SecretStr | None) -> Tokens | None:
    if settings.kafka_token_file is not None:
        return TokenFile(settings.kafka_token_file)
    if settings.kafka_token_url is None or settings.kafka_user is None or secret is None:
        return None
    return TokenUrl(settings.kafka_token_url, settings.kafka_user, secret, settings.kafka_token_scope, SystemClock())


def _tls(settings: Settings) -> ssl.SSLContext:
    key_password = settings.kafka_key_password
    return tls_context(
        settings.kafka_ca_file,
        settings.kafka_certificate_file,
        settings.kafka_key_file,
        None if key_password is None else key_password.get_secret_value(),
    )
