"""The TLS and SASL of a cluster in the words of Faust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT

    from stream.kafka.cluster import Cluster


def credentials_for(kafka: Cluster) -> CredentialsT | None:
    """Return the credentials of Faust's consumer and producer, None for brokers without TLS and SASL."""
    given = kafka.for_aiokafka
    if kafka.security.mechanism is None:
        return None if kafka.security.tls is None else SSLCredentials(kafka.security.tls)
    if kafka.security.tokens is not None:
        return OAuthCredentials(oauth_cb=given["sasl_oauth_token_provider"], ssl_context=kafka.security.tls)
    return SASLCredentials(
        username=given["sasl_plain_username"],
        password=given["sasl_plain_password"],
        ssl_context=kafka.security.tls,
        mechanism=kafka.security.mechanism,
    )
