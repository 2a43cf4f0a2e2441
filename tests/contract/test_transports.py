"""TLS and SASL to Apache Kafka: what lets all clients in, and what a person reads where it does not."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import FreshlineError, Misconfigured, Unavailable
from stream.agents.app import connect, create_app
from stream.kafka.cluster import cluster_of
from stream.kafka.diagnosis import diagnose
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.partitions import Partition
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import ensure_topics, topic_id
from stream.runtime.process import Failure
from stream.runtime.settings import Settings, read_settings
from tests.support.secured_kafka import PASSWORD, USER, SecuredKafka, token
from tests.support.token_provider import Provider, token_provider
from tests.support.waiting import HANG_S, until

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from stream.kafka.record_batch import RecordBatch

pytestmark = pytest.mark.kafka

LOGINS = (
    *("PLAIN over TLS", "SCRAM-SHA-256 over TLS", "SCRAM-SHA-512 over TLS", "a client certificate", "a token"),
    "a token of a provider",
)
SCRAM, MTLS, TOKEN, PROVIDER = LOGINS[1], LOGINS[3], LOGINS[4], LOGINS[5]


class Member:
    """A worker that keeps what it is handed."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []

    async def start_offsets(self, commits: Mapping[Partition, int]) -> dict[Partition, int]:
        return dict.fromkeys(commits, 0)

    async def handle(self, batch: RecordBatch) -> None:
        self.values += [record.value for record in batch.records]

    def assign(self, numbers: Collection[int]) -> None:
        """Accept any assignment."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with token_provider(USER, PASSWORD) as server:
        server.answer = (200, json.dumps({"access_token": token(valid_seconds=3600), "expires_in": 3600}))
        yield server


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(token(valid_seconds=3600))
    return file


def settings_with(monkeypatch: pytest.MonkeyPatch, env: Mapping[str, str], **fields: Any) -> Settings:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return read_settings(**fields)


@pytest.mark.parametrize("login", LOGINS)
def test_one_login_lets_all_three_clients_in(
    secured_kafka: SecuredKafka,
    token_file: Path,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    login: str,
) -> None:
    logins = secured_kafka.logins(token_file, provider.url)
    settings = settings_with(monkeypatch, logins[login], data_dir=tmp_path)
    kafka, value = cluster_of(settings), login.encode()
    ensure_topics(settings)
    with Producer(kafka) as producer:
        written = producer.send_now(OutgoingRecord(1, "products", b"P1", value))
    place = Partition(written.topic, written.partition)

    async def read() -> list[bytes | None]:
        async with Reader(kafka) as reader:
            reader.assign({place: written.offset})
            return [record.value async for records in reader.read_to_end() for record in records]

    async def consume() -> list[bytes | None]:
        member, failure = Member(), Failure()
        parts = create_app(f"group-{time.monotonic_ns()}", settings, failure)
        connect(parts, ["products"], member)
        await parts.app.start()
        await until(lambda: value in member.values, "Faust hands over the record")
        confirmed = await parts.send("products", b"P1", value, place.number, [])
        assert (await confirmed).offset > written.offset
        await parts.app.stop()
        return member.values

    assert asyncio.run(read()) == [value]
    assert value in asyncio.run(consume())
    assert bool(provider.forms) == (login == PROVIDER)


WRONG: list[tuple[str, str, dict[str, str], type[FreshlineError], str]] = [
    (SCRAM, "SASL", {"PASSWORD": "wrong"}, Misconfigured, "refused the password of shop by SCRAM-SHA-256"),
    (SCRAM, "SASL", {"USER": "nobody"}, Misconfigured, "refused the password of nobody"),
    (SCRAM, "SASL", {"SASL_MECHANISM": "PLAIN", "PASSWORD": "wrong"}, Misconfigured, "by PLAIN: check FRESHLINE_KAFKA"),
    (SCRAM, "OAUTH", {}, Misconfigured, "does not offer SCRAM-SHA-256: set FRESHLINE_KAFKA_SASL_MECHANISM"),
    (SCRAM, "SASL", {"CA_FILE": "other_ca"}, Misconfigured, "from a CA that is not trusted here"),
    (SCRAM, "CLEAR", {}, Misconfigured, "does not speak TLS on this port: set FRESHLINE_KAFKA_SECURITY_PROTOCOL"),
    (MTLS, "EXPIRED", {}, Unavailable, "the certificate of the broker at .* has expired"),
    (MTLS, "MISNAMED", {}, Misconfigured, "has a certificate for another host: name it in FRESHLINE_KAFKA"),
    (MTLS, "SASL", {}, Misconfigured, "If it requires SASL"),
    (MTLS, "MTLS", {"CERTIFICATE_FILE": "", "KEY_FILE": ""}, Misconfigured, "requires a certificate of the client"),
    (MTLS, "MTLS", {"CERTIFICATE_FILE": "expired_client", "KEY_FILE": ""}, Unavailable, "refused the certificate of"),
    (MTLS, "MTLS", {"CERTIFICATE_FILE": "stranger", "KEY_FILE": ""}, Unavailable, "does the broker not trust its CA"),
    (TOKEN, "OAUTH", {"TOKEN_FILE": "old"}, Unavailable, "refused the token: has it expired"),
    (TOKEN, "OAUTH", {"TOKEN_FILE": "none"}, Unavailable, "none cannot be read .No such file"),
    (PROVIDER, "OAUTH", {"PASSWORD": "wrong"}, Unavailable, "FRESHLINE_KAFKA_TOKEN_URL: it answered 401 Unauthorized"),
    (PROVIDER, "OAUTH", {"TOKEN_URL": "http://127.0.0.1:9/"}, Unavailable, "TOKEN_URL: it does not answer"),
]


@pytest.mark.parametrize(("login", "listener", "changes", "kind", "reason"), WRONG)
def test_what_is_wrong_is_said_in_one_line(
    secured_kafka: SecuredKafka,
    token_file: Path,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    login: str,
    listener: str,
    changes: dict[str, str],
    kind: type[FreshlineError],
    reason: str,
) -> None:
    (tmp_path / "old").write_text(token(valid_seconds=-60))
    files = {name: str(path) for name, path in secured_kafka.certificates._asdict().items()}
    files |= {name: str(tmp_path / name) for name in ("old", "none")}
    env = secured_kafka.logins(token_file, provider.url)[login] | {"FRESHLINE_KAFKA": secured_kafka.at(listener)}
    env |= {f"FRESHLINE_KAFKA_{name}": files.get(value, value) for name, value in changes.items()}
    error = diagnose(cluster_of(settings_with(monkeypatch, env)))
    assert type(error) is kind
    with pytest.raises(kind, match=reason):
        raise error
    assert "\n" not in str(error) and PASSWORD not in str(error)


@pytest.mark.parametrize("listener", ["SASL", "CLEAR"])
def test_without_tls_and_sasl_it_is_said_what_the_broker_requires(secured_kafka: SecuredKafka, listener: str) -> None:
    required = {"SASL": "=SSL or SASL_SSL", "CLEAR": "=SASL_PLAINTEXT"}[listener]
    error = diagnose(cluster_of(Settings(kafka=secured_kafka.at(listener))))
    assert isinstance(error, Misconfigured) and str(error).endswith(f"FRESHLINE_KAFKA_SECURITY_PROTOCOL{required}")


def test_a_broker_that_can_be_used_has_nothing_wrong(secured_kafka: SecuredKafka) -> None:
    assert diagnose(cluster_of(Settings(kafka=f"127.0.0.1:9,{secured_kafka.address}"))) is None


def test_nobody_to_ask_is_no_fault_of_the_settings() -> None:
    assert diagnose(cluster_of(Settings(kafka="127.0.0.1:9"))) is None


@pytest.mark.parametrize("addresses", ["nowhere:abc", ":", "[::1", "127.0.0.1:9,127.0.0.1:99999999"])
def test_what_is_no_address_is_said(addresses: str) -> None:
    kafka = cluster_of(Settings(kafka=addresses))
    assert str(diagnose(kafka)).startswith(f"{addresses} is no list of brokers: set FRESHLINE_KAFKA to host:port")
    with pytest.raises(Misconfigured, match="is no list of brokers"):
        Producer(kafka, connect_seconds_max=0.1)
    with pytest.raises(Misconfigured, match="is no list of brokers"):
        topic_id(kafka, "items", connect_seconds_max=0.1)


async def test_it_is_found_out_within_a_running_loop_too(secured_kafka: SecuredKafka) -> None:
    with pytest.raises(Misconfigured, match="speaks TLS on this port"):
        topic_id(cluster_of(Settings(kafka=secured_kafka.at("SASL"))), "items", connect_seconds_max=0.1)


async def test_a_client_that_runs_on_waits_where_a_start_would_end(
    secured_kafka: SecuredKafka, token_file: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = secured_kafka.logins(token_file, provider.url)[SCRAM] | {"FRESHLINE_KAFKA_PASSWORD": "changed"}
    kafka = cluster_of(settings_with(monkeypatch, env))
    with pytest.raises(Unavailable, match="refused the password of shop"):
        async with asyncio.timeout(HANG_S), EndOffsets(kafka):
            raise AssertionError("it was let in")
