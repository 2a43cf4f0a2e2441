"""The settings of the connections to Kafka and Qdrant: addresses, TLS and logins, and which of them fit each other."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pydantic reads the annotations)
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from schemas.texts import is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TransportSettings(BaseSettings):
    """The settings of Kafka's and Qdrant's transport."""

    kafka: str | None = Field(
        None,
        description='Bootstrap servers of Kafka, "host:port,host:port". If it is not set, `up` runs its own broker.',
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How the brokers are spoken to: with TLS or without, with SASL or without."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="The mechanism of SASL."
    )
    kafka_user: str | None = Field(
        None, description="User of SASL; with FRESHLINE_KAFKA_TOKEN_URL the id of the client that asks for tokens."
    )
    kafka_password: SecretStr | None = Field(
        None, description="Password of that user; with FRESHLINE_KAFKA_TOKEN_URL the secret of the client."
    )
    kafka_password_file: Path | None = Field(None, description="File with that password, instead of the password.")
    kafka_token_file: Path | None = Field(
        None, description="File with the token of OAUTHBEARER. It is read at each connection."
    )
    kafka_token_url: str | None = Field(
        None,
        description="URL at which OAUTHBEARER gets its tokens by the client credentials grant, instead of from a file.",
    )
    kafka_token_scope: str | None = Field(None, description="Scope that is asked for at that URL, if it requires one.")
    kafka_ca_file: Path | None = Field(
        None,
        description="PEM file of the CA of the brokers' certificates. If it is not set, it is the CAs of the system.",
    )
    kafka_certificate_file: Path | None = Field(
        None, description="PEM file of the client's certificate, if the brokers require one."
    )
    kafka_key_file: Path | None = Field(
        None,
        description="PEM file of the key of that certificate. If it is not set, the key is in the certificate's file.",
    )
    kafka_key_password: SecretStr | None = Field(None, description="Password of that key, if it is encrypted.")
    qdrant_url: str | None = Field(
        None, description="URL of a Qdrant server. If it is not set, the index is the embedded Qdrant Edge."
    )
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server, if it requires one.")
    qdrant_ca_file: Path | None = Field(
        None,
        description="PEM file of the CA of the Qdrant server's certificate. If it is not set, it is public CAs.",
    )
    qdrant_grpc_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Port of gRPC of the Qdrant server, by default 6334 there. If it is not set, REST is spoken.",
    )

    @field_validator("*")
    @classmethod
    def _text(cls, value: Any) -> Any:
        """Refuse bytes that are no text: the clients of brokers fail on them in the middle, or wait without end.

        The path of a file may have any bytes.
        """
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and not is_text(text):
            raise ValueError("is not UTF-8 text")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if (why := misfit(self)) is not None:
            raise ValueError(why)
        return self


class _Option(NamedTuple):
    """TransportSettings that have an effect only under a condition."""

    fields: tuple[str, ...]
    has_effect: Callable[[TransportSettings], bool]
    advice: str
    """The settings that would give them an effect."""


OPTIONS = (
    _Option(
        ("kafka_sasl_mechanism",),
        lambda s: speaks_sasl(s),
        "FRESHLINE_KAFKA_SECURITY_PROTOCOL=SASL_SSL or SASL_PLAINTEXT",
    ),
    _Option(
        ("kafka_ca_file", "kafka_certificate_file"),
        lambda s: speaks_tls(s),
        "FRESHLINE_KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL",
    ),
    _Option(
        ("kafka_key_file", "kafka_key_password"),
        lambda s: s.kafka_certificate_file is not None,
        "FRESHLINE_KAFKA_CERTIFICATE_FILE",
    ),
    _Option(
        ("kafka_token_file", "kafka_token_url"),
        lambda s: s.kafka_sasl_mechanism == "OAUTHBEARER",
        "FRESHLINE_KAFKA_SASL_MECHANISM=OAUTHBEARER",
    ),
    _Option(("kafka_token_scope",), lambda s: s.kafka_token_url is not None, "FRESHLINE_KAFKA_TOKEN_URL"),
    _Option(
        ("kafka_user", "kafka_password", "kafka_password_file"),
        lambda s: _needs_user(s),
        "FRESHLINE_KAFKA_SASL_MECHANISM=PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, or FRESHLINE_KAFKA_TOKEN_URL",
    ),
    _Option(
        ("qdrant_ca_file",), lambda s: (s.qdrant_url or "").startswith("https:"), "FRESHLINE_QDRANT_URL=https://..."
    ),
    _Option(("qdrant_api_key", "qdrant_grpc_port"), lambda s: s.qdrant_url is not None, "FRESHLINE_QDRANT_URL"),
)


def misfit(settings: TransportSettings) -> str | None:
    """Return a line that names the first setting that does not fit the others, None if all fit."""
    return next(_misfits(settings), None)


def speaks_tls(settings: TransportSettings) -> bool:
    """Return whether the brokers are spoken to with TLS."""
    return settings.kafka_security_protocol in ("SSL", "SASL_SSL")


def speaks_sasl(settings: TransportSettings) -> bool:
    """Return whether the brokers are spoken to with SASL."""
    return settings.kafka_security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")


def _needs_user(settings: TransportSettings) -> bool:
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        return settings.kafka_token_url is not None
    return settings.kafka_sasl_mechanism is not None


def _misfits(settings: TransportSettings) -> Iterator[str]:
    if speaks_sasl(settings) and settings.kafka_sasl_mechanism is None:
        yield (
            f"FRESHLINE_KAFKA_SASL_MECHANISM: {settings.kafka_security_protocol} needs one: set PLAIN, SCRAM-SHA-256, "
            "SCRAM-SHA-512 or OAUTHBEARER"
        )
    for option in OPTIONS:
        for field in option.fields:
            if getattr(settings, field) is not None and not option.has_effect(settings):
                yield f"{_variable(field)}: it has no effect without {option.advice}: set that, or unset this one"
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        yield from _not_one(settings, "OAUTHBEARER", "kafka_token_file", "kafka_token_url")
    if _needs_user(settings):
        needing = _variable("kafka_token_url") if settings.kafka_token_url else str(settings.kafka_sasl_mechanism)
        yield from _not_one(settings, needing, "kafka_user")
        yield from _not_one(settings, needing, "kafka_password", "kafka_password_file")


def _not_one(settings: TransportSettings, needing: str, *fields: str) -> Iterator[str]:
    """Yield a line if not exactly one of the fields is set, which `needing` needs."""
    given = [field for field in fields if getattr(settings, field) is not None]
    if len(given) != 1:
        one = " or ".join(map(_variable, fields))
        yield f"{_variable(fields[0])}: {needing} needs {one}, and {'both are' if given else 'it is not'} set"


def _variable(field: str) -> str:
    return f"FRESHLINE_{field.upper()}"
