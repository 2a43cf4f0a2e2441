"""The diagnosis of brokers that cannot be used as the settings say; the Kafka clients report only that none answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from typing import TYPE_CHECKING

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import FreshlineError, Misconfigured, Unavailable
from stream.kafka.oauth_tokens import NoToken

if TYPE_CHECKING:
    from stream.kafka.cluster import Cluster, Security

TIMEOUT_MS = 3000
"""The time that a broker may take for each step of the diagnosis."""
PROTOCOL = "FRESHLINE_KAFKA_SECURITY_PROTOCOL"


class VerifyCode(IntEnum):
    """The results of OpenSSL's X509_verify_cert that mean something else than an unknown CA."""

    NOT_YET_VALID = 9
    EXPIRED = 10
    OTHER_HOST = 62
    OTHER_ADDRESS = 64


def diagnose(kafka: Cluster, timeout_ms: int = TIMEOUT_MS) -> FreshlineError | None:
    """Return the result of `why_unusable`, and block until it has one.

    It runs in a new thread, because the caller's thread may already run an event loop.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(why_unusable(kafka, timeout_ms))).result()


async def why_unavailable(kafka: Cluster, otherwise: str) -> Unavailable:
    """Return the result of `why_unusable`, or `otherwise`, as an error after which a process tries again."""
    return Unavailable(str(await why_unusable(kafka) or otherwise))


async def why_unusable(kafka: Cluster, timeout_ms: int = TIMEOUT_MS) -> FreshlineError | None:
    """Connect to the brokers as the clients do, and return what is wrong with the settings, certificates or brokers.

    Return None if a broker can be used, or if nothing listens at their addresses. The result is Misconfigured where a
    setting must be changed, Unavailable where something has expired that others may renew, or may come back.
    """
    found: FreshlineError | None = None
    try:
        brokers = collect_hosts(kafka.hosts)
    except ValueError:
        return _no_address(kafka)
    for host, port, _ in brokers:
        try:
            await _use(host, port, kafka, timeout_ms)
        except OverflowError:  # A port above 65,535.
            return _no_address(kafka)
        except (OSError, KafkaError, TimeoutError) as error:
            found = found or await _explained_by_probing(error, host, port, kafka.security, timeout_ms)
        else:
            return None
    return found


def _no_address(kafka: Cluster) -> Misconfigured:
    return Misconfigured(f"{kafka} is no list of brokers: set FRESHLINE_KAFKA to host:port, with commas between them")


def explained(error: BaseException, broker: str, security: Security) -> FreshlineError | None:
    """Return the meaning of a connection's error for a person, None if it is not known; `broker` names it."""
    match error:
        case ssl.SSLCertVerificationError():
            return _untrusted(error, broker)
        case SaslAuthenticationFailed() if security.tokens is not None:
            return Unavailable(f"{broker} refused the token: has it expired? See {security.tokens.setting}")
        case SaslAuthenticationFailed():
            return Misconfigured(
                f"{broker} refused the password of {security.user} by {security.mechanism}: "
                f"check FRESHLINE_KAFKA_USER and {security.password_setting}"
            )
        case UnsupportedSaslMechanismError():
            return Misconfigured(
                f"{broker} does not offer {security.mechanism}: set FRESHLINE_KAFKA_SASL_MECHANISM to what it offers"
            )
        case IllegalSaslStateError():
            without = "SSL" if security.tls else "PLAINTEXT"
            return Misconfigured(f"{broker} does not speak SASL on this port: set {PROTOCOL}={without}")
        case NoToken() if security.tokens is not None:
            return Unavailable(f"there is no token for {broker}: {security.tokens.setting}: {error}")
    alert = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(alert, ssl.SSLError) and "CERTIFICATE" in (alert.reason or ""):
        return _certificate_refused(alert, broker, security)
    return None


def _untrusted(error: ssl.SSLCertVerificationError, broker: str) -> FreshlineError:
    """Return the fault of the broker's certificate."""
    match error.verify_code:
        case VerifyCode.EXPIRED:
            return Unavailable(f"the certificate of {broker} has expired: renew it there")
        case VerifyCode.NOT_YET_VALID:
            return Unavailable(f"the certificate of {broker} is not valid yet: is the clock right, here and there?")
        case VerifyCode.OTHER_HOST | VerifyCode.OTHER_ADDRESS:
            return Misconfigured(
                f"{broker} has a certificate for another host: name it in FRESHLINE_KAFKA as its certificate does, and "
                "let it advertise that name"
            )
    return Misconfigured(
        f"the certificate of {broker} is from a CA that is not trusted here ({error.verify_message}): "
        "set FRESHLINE_KAFKA_CA_FILE to the certificate of that CA"
    )


def _certificate_refused(alert: ssl.SSLError, broker: str, security: Security) -> FreshlineError:
    if not security.shows_certificate:
        return Misconfigured(
            f"{broker} requires a certificate of the client: set FRESHLINE_KAFKA_CERTIFICATE_FILE and its key"
        )
    said = (alert.reason or "").removeprefix("SSLV3_ALERT_").removeprefix("TLSV1_ALERT_").replace("_", " ").lower()
    return Unavailable(
        f"{broker} refused the certificate of the client ({said}): has that of FRESHLINE_KAFKA_CERTIFICATE_FILE "
        "expired, or does the broker not trust its CA?"
    )


async def _use(host: str, port: int, kafka: Cluster, timeout_ms: int) -> None:
    """Log in at a broker, and ask it something that it answers only after that."""
    given = {name: value for name, value in kafka.for_aiokafka.items() if name != "bootstrap_servers"}
    connection = await create_conn(host, port, request_timeout_ms=timeout_ms, **given)
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


async def _explained_by_probing(
    error: Exception, host: str, port: int, security: Security, timeout_ms: int
) -> FreshlineError | None:
    """Return the meaning of the error; if it is a closed connection, find out which protocol the broker speaks."""
    broker = f"the broker at {host}:{port}"
    if (found := explained(error, broker, security)) is not None:
        return found
    if isinstance(error, socket.gaierror):
        return Unavailable(f"the name {host} leads to no address ({error.strerror}): correct FRESHLINE_KAFKA")
    if isinstance(error, TimeoutError) and await _connects(host, port):
        return Unavailable(
            f"{broker} takes connections and answers none within {timeout_ms / 1000:.1g} s: does it hang? Its log says "
            "why; end it and start it again, or correct FRESHLINE_KAFKA if another program listens there"
        )
    if not isinstance(error, (ConnectionResetError, ssl.SSLError, KafkaConnectionError)):
        return None
    if security.tls is not None and await _answers_plaintext(host, port):
        others = "PLAINTEXT or SASL_PLAINTEXT"
        return Misconfigured(f"{broker} does not speak TLS on this port: set {PROTOCOL}={others}")
    if security.tls is None and await _speaks_tls(host, port):
        return Misconfigured(f"{broker} speaks TLS on this port: set {PROTOCOL}=SSL or SASL_SSL")
    if security.mechanism is None and isinstance(error, KafkaConnectionError):
        sasl = "SASL_SSL" if security.tls else "SASL_PLAINTEXT"
        return Misconfigured(
            f"{broker} closes the connection before a login: is it a broker? If it requires SASL, set {PROTOCOL}={sasl}"
        )
    return None


async def _connects(host: str, port: int) -> bool:
    """Return whether anything takes a connection, which a network that drops packets does not."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_MS / 1000):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return True
    return False


async def _answers_plaintext(host: str, port: int) -> bool:
    try:
        (await create_conn(host, port, request_timeout_ms=TIMEOUT_MS)).close()
    except (OSError, KafkaError, TimeoutError):
        return False
    return True


async def _speaks_tls(host: str, port: int) -> bool:
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE  # Nothing is sent, and nobody is believed.
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_MS / 1000):
            _, writer = await asyncio.open_connection(host, port, ssl=anyone)
        writer.close()
        return True
    return False
