"""Brokers for the tests: the embedded one always, Apache Kafka where KAFKA_HOME is set."""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, settings

from stream.runtime.ports import free_port
from tests.support.running_broker import RunningBroker, new_broker
from tests.support.secured_kafka import SecuredKafka
from tests.support.shares import in_shares

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

# No test asserts how fast something is, and none fails because a busy machine makes its examples slowly. A failure
# prints how to play it again.
settings.register_profile("freshline", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("freshline"), max_examples=20)  # `make unit`
settings.load_profile("freshline")
# By default structlog draws a traceback with all variables, which takes seconds in a test of a bug.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
# httpcore looks for it several times for each request, in vain: 0.1 ms each time beside pytest's own import hook.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without the garbage collector, and exclude the modules and tests from its later work.

    Importing all modules leaves no garbage, but has the collector look at all of them again and again: half of the
    processor time of collecting 5,300 tests (7.1 s for 3.3).
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each process of pytest-xdist begin with the tests that start processes of their own."""
    if processes := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
        items[:] = in_shares(items, processes, _shared_fixtures)


def _shared_fixtures(item: pytest.Item) -> str | None:
    """Return the tests that share what is costly to start: those of one stack, all that load a model, all of the
    browser's, a module's; None for other unit tests."""
    if "shared_stack" in getattr(item, "fixturenames", ()):
        return "shared_stack"
    folder, _, test = item.nodeid.removeprefix("tests/").partition("/")
    module = test.partition("::")[0]
    if "workers/embedder/" in module or module == "test_embedders.py":
        return "embedder"
    if folder == "unit":
        return None
    return folder if folder == "browser" else f"{folder}/{module}"


@pytest.fixture(scope="session", autouse=True)
def _one_tls_context() -> Iterator[None]:
    """Let all clients of httpx share what each would read again: the authorities that it trusts, in 15 ms a client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield


def _running(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    broker = new_broker(kind, tmp_path_factory.mktemp(kind)).start()
    yield broker
    broker.kill()


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """Shared by all tests: use topics of your own, and leave it running."""
    yield from _running("embedded", tmp_path_factory)


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """Shared by all tests: use topics of your own, and leave it running. Skips where KAFKA_HOME is not set."""
    yield from _running("kafka", tmp_path_factory)


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """Shared by all tests of transports. Skips where KAFKA_HOME is not set."""
    if not os.environ.get("KAFKA_HOME"):
        pytest.skip("KAFKA_HOME is not set")
    directory = tmp_path_factory.mktemp("secured")
    kafka = SecuredKafka.of_environment(directory / "kafka", free_port())
    running = RunningBroker(kafka, directory / "broker.log").start()
    kafka.add_user()
    yield kafka
    running.kill()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def any_broker(request: pytest.FixtureRequest) -> RunningBroker:
    """One test over both brokers."""
    fixture = {"embedded": "embedded_broker", "kafka": "apache_kafka"}[request.param]
    broker: RunningBroker = request.getfixturevalue(fixture)
    return broker


@pytest.fixture
def own_embedded_broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """An embedded broker for tests that kill it."""
    broker = new_broker("embedded", tmp_path).start()
    yield broker
    broker.kill()


@pytest.fixture
def second_embedded_broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """Beside `own_embedded_broker`, with another log."""
    (tmp_path / "second").mkdir()
    broker = new_broker("embedded", tmp_path / "second").start()
    yield broker
    broker.kill()
