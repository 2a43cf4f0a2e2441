"""Whole stacks over SASL and TLS on Apache Kafka and a Qdrant server; and no secret in anything that comes out."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.topics import ITEMS
from stream.replay.offset_range import end_offsets_now
from stream.runtime.ports import free_port
from tests.qdrant_front.serving import in_thread
from tests.support.running_commands import Done, freshline
from tests.support.running_stack import running_stack
from tests.support.secured_kafka import PASSWORD, SecuredKafka
from tests.support.tls_proxy import TlsProxy
from tests.support.waiting import wait_end, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Certificates
    from tests.support.running_stack import RunningStack

pytestmark = pytest.mark.kafka

WRONG_PASSWORD = "another-password-that-nobody-may-read"
KEY, WRONG_KEY = "a-key-that-nobody-may-read", "another-key-that-nobody-may-read"
PARTITIONS = 4
SECRETS = (PASSWORD, WRONG_PASSWORD, KEY, WRONG_KEY)


@contextmanager
def stack_with(login: dict[str, str], folder: Path) -> Iterator[RunningStack]:
    """Run a stack, with this process set up for its commands: one process for each would cost a second of processor."""
    with running_stack(folder, **login) as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in {**login, "FRESHLINE_API": stack.api, "XDG_STATE_HOME": str(folder / "state")}.items():
            patch.setenv(name, value)
        yield stack


@contextmanager
def locked_qdrant(certificates: Certificates) -> Iterator[tuple[dict[str, str], TlsProxy]]:
    """Run a Qdrant server that requires a key and TLS; yield the settings for it, and what ends TLS for gRPC."""
    port, grpc_port, front = free_port(), free_port(), in_thread(KEY)
    settings = {
        "FRESHLINE_QDRANT_URL": f"https://127.0.0.1:{port}",
        "FRESHLINE_QDRANT_GRPC_PORT": str(grpc_port),
        "FRESHLINE_QDRANT_API_KEY": KEY,
        "FRESHLINE_QDRANT_CA_FILE": str(certificates.ca),
    }
    rest = TlsProxy(port, front.url.removeprefix("http://"), certificates.broker)
    with rest.running(), TlsProxy(grpc_port, f"127.0.0.1:{front.grpc_port}", certificates.broker).running() as proxy:
        yield settings, proxy


def sent_and_found(product_id: str) -> list[Done]:
    """Send a product and search for it by commands; return how they ended."""
    event = f'{{"product_id": "{product_id}", "title": "Brass desk lamp {product_id}"}}'
    done = [
        freshline("produce", "products", "--wait", stdin=event.encode()),
        freshline("search", f"brass {product_id}"),
        freshline("status"),
    ]
    assert [each.code for each in done] == [0, 0, 0], done
    assert product_id in done[1].out
    return done


def written_in(folder: Path) -> Iterator[str]:
    """Yield the text of each log and report of a stack."""
    for path in [*folder.rglob("*.log"), *folder.rglob("*.json")]:
        yield path.read_text(errors="replace")


def test_a_stack_over_scram_and_tls_works_and_tells_no_secret(
    secured_kafka: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = secured_kafka.logins(tmp_path)["SCRAM-SHA-512 over TLS"]
    with stack_with(login, tmp_path) as stack:
        done = sent_and_found("scram-1")
        others = [freshline(*line.split()) for line in ("replay products", "export -", "status --json", "--help")]
        assert [each.code for each in others] == [0, 0, 0, 0], others
        monkeypatch.setenv("FRESHLINE_KAFKA_PASSWORD", WRONG_PASSWORD)
        wrong = freshline("replay", "products")
        assert wrong.code == 1 and wrong.err.count("\n") == 1
        assert "refused the password of shop by SCRAM-SHA-512" in wrong.err
        monkeypatch.setenv("FRESHLINE_KAFKA_SECURITY_PROTOCOL", "SSL")
        misfit = freshline("produce", "products")
        assert misfit.code == 1 and misfit.err.startswith("freshline: FRESHLINE_KAFKA_SASL_MECHANISM: ")
        monkeypatch.undo()
        said = [each.out + each.err for each in (*done, *others, wrong, misfit)]
        said += [stack.http.get(path).text for path in ("/status", "/metrics", "/readyz", "/openapi.json")]
    started = start_worker(login | {"FRESHLINE_KAFKA_PASSWORD": WRONG_PASSWORD}, tmp_path / "other")
    assert wait_end(started, "a worker with a wrong password ends") == 78
    said += [(tmp_path / "worker.log").read_text(), *written_in(tmp_path)]
    assert "refused the password" in (tmp_path / "worker.log").read_text()
    assert not any(secret in text for secret in SECRETS for text in said)


def test_a_stack_with_a_client_certificate_on_a_qdrant_server_over_grpc_with_a_key_and_tls_works_and_tells_no_secret(
    secured_kafka: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = secured_kafka.certificates
    with locked_qdrant(files) as (server, proxy):
        login = secured_kafka.logins(tmp_path)["a client certificate"] | server
        with stack_with(login, tmp_path) as stack:
            done = sent_and_found("grpc-1")
            others = [freshline(*line.split()) for line in ("reconcile", "status --json")]
            assert [each.code for each in others] == [0, 0], others
            proxy.show(files.expired)
            stack.until(lambda: stack.http.get("/search", params={"q": "lamp"}).status_code == 503, "it is noticed")
            said = [stack.http.get(path).text for path in ("/search?q=lamp", "/status", "/readyz", "/metrics")]
            assert "the certificate of the Qdrant server has expired: renew it there" in said[0]
            proxy.show(files.broker)
            stack.until(lambda: stack.http.get("/search", params={"q": "lamp"}).status_code == 200, "it is renewed")
            monkeypatch.setenv("FRESHLINE_QDRANT_API_KEY", WRONG_KEY)
            wrong = freshline("up", "--data-dir", str(tmp_path / "other"))
            assert wrong.code == 1 and wrong.err.count("\n") == 1 and "refused the API key" in wrong.err
            monkeypatch.undo()
        started = start_worker(login | {"FRESHLINE_QDRANT_API_KEY": WRONG_KEY}, tmp_path / "other", "index")
        assert wait_end(started, "a worker with a wrong key ends") == 78
        log = (tmp_path / "worker.log").read_text()
        assert "refused the API key (UNAUTHENTICATED): check FRESHLINE_QDRANT_API_KEY" in log.splitlines()[-1]
    said += [each.out + each.err for each in (*done, *others, wrong)]
    said += [log, *written_in(tmp_path)]
    assert not any(secret in text for secret in SECRETS for text in said)
    assert not any("ssl_transport_security" in text for text in said), "gRPC says nothing by itself"


def start_worker(env: dict[str, str], data_dir: Path, kind: str = "items") -> subprocess.Popen[bytes]:
    """Start an items or index worker, whose log is beside its data directory."""
    theirs = os.environ | env | {"FRESHLINE_DATA_DIR": str(data_dir), "FRESHLINE_BROKER": "kafka"}
    with (data_dir.parent / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", f"stream.{kind}"], env=theirs, stdout=log, stderr=log)


def items_written(kafka: SecuredKafka) -> int:
    """Return the number of records of the item log."""
    partitions = [Partition(ITEMS, number) for number in range(PARTITIONS)]
    return sum(end_offsets_now(Cluster(kafka.address), partitions).values())


def test_a_certificate_that_expires_is_said_in_one_line_and_its_renewal_ends_it(
    secured_kafka: SecuredKafka, tmp_path: Path
) -> None:
    files = secured_kafka.certificates
    proxy = TlsProxy(secured_kafka.proxy_port, secured_kafka.at("CLEAR"), files.broker)
    env = secured_kafka.logins(tmp_path)["SCRAM-SHA-256 over TLS"]
    env |= {"FRESHLINE_KAFKA": f"127.0.0.1:{secured_kafka.proxy_port}"}
    log = tmp_path / "worker.log"
    with proxy.running():
        worker = start_worker(env, tmp_path / "data")
        try:
            wait_until(lambda: "recovered" in log.read_text(), "it has its partitions", process=worker)
            proxy.show(files.expired)
            said = "the certificate of broker 1 of .* has expired: renew it there"
            wait_until(lambda: "has expired: renew it there" in log.read_text(), said, process=worker)
            lines = [line for line in log.read_text().splitlines() if "has expired" in line]
            assert "Traceback" not in log.read_text() and PASSWORD not in log.read_text()
            assert len(lines) <= 2, lines
            before = items_written(secured_kafka)
            with Producer(Cluster(secured_kafka.address)) as producer:
                producer.send_now(OutgoingRecord(1, "products", b"P9", b'{"product_id": "P9", "title": "A new lamp"}'))
            assert items_written(secured_kafka) == before
            proxy.show(files.broker)
            wait_until(lambda: items_written(secured_kafka) > before, "it works again", process=worker)
        finally:
            worker.terminate()
            wait_end(worker, "the worker ends")
