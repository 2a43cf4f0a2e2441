"""The reporter publishes what is newest, and does not forget what the broker did not confirm."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from aiokafka.errors import KafkaTimeoutError

from schemas.progress import IndexProgress, decode
from stream.progress.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiokafka.structs import RecordMetadata

    from stream.kafka.send import Headers


class Subject(NamedTuple):
    finished: int

    def latest(self) -> IndexProgress:
        return IndexProgress(0, "items-1", self.finished)


class Broker:
    """Keeps the confirmations open until a test ends them."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.confirmations: list[asyncio.Future[RecordMetadata]] = []
        self.changed = asyncio.Condition()

    async def send(
        self, _topic: str, key: bytes | None, value: bytes | None, _partition: int, _headers: Headers, /
    ) -> Awaitable[RecordMetadata]:
        self.sent.append(cast("IndexProgress", decode("log-1", key, value)).finished)
        self.confirmations.append(asyncio.get_running_loop().create_future())
        async with self.changed:
            self.changed.notify_all()
        return self.confirmations[-1]

    async def has(self, *sent: int) -> None:
        """Wait until the broker was sent these records, and no others."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: self.sent == list(sent))


async def test_what_the_broker_did_not_confirm_is_sent_again_until_it_does() -> None:
    """A broker away for longer than the producer tries may lose the record of the last event before a silence."""
    broker = Broker()
    reporter = Reporter("log-1", broker, again_s=0.0)
    running = asyncio.create_task(reporter.run())
    reporter.mark("items-1", Subject(7))
    for attempts in (1, 2):
        await broker.has(*[7] * attempts)
        broker.confirmations[-1].set_exception(KafkaTimeoutError())
    await broker.has(7, 7, 7)
    broker.confirmations[-1].set_result(cast("RecordMetadata", None))
    reporter.mark("items-1", Subject(7))
    await reporter.flush()
    assert broker.sent == [7, 7, 7]
    running.cancel()


async def test_a_subject_that_is_forgotten_is_reported_again_if_it_is_marked_after_all() -> None:
    """The reporter keeps nothing of it: a rebuild leaves as many subjects behind as there are partitions."""
    broker = Broker()
    reporter = Reporter("log-1", broker)
    for sent in ([7], [7, 7]):
        reporter.mark("items-1", Subject(7))
        await reporter.flush()
        assert broker.sent == sent
        reporter.forget("items-1")


@pytest.mark.parametrize("newer_is_sent", ["before the failure", "after it"])
async def test_an_older_report_that_fails_is_not_sent_after_a_newer_one(newer_is_sent: str) -> None:
    """The topic is compacted: the last record of a key is all that a process finds that starts later."""
    broker = Broker()
    reporter = Reporter("log-1", broker, again_s=0.0)
    reporter.mark("items-1", Subject(7))
    await reporter.flush()
    if newer_is_sent == "after it":
        broker.confirmations[0].set_exception(KafkaTimeoutError())
        await asyncio.sleep(0)
    reporter.mark("items-1", Subject(8))
    await reporter.flush()
    if newer_is_sent == "before the failure":
        broker.confirmations[0].set_exception(KafkaTimeoutError())
    for _ in range(3):  # The turns in which the failure is heard, and would be marked and sent.
        await asyncio.sleep(0)
        await reporter.flush()
    assert broker.sent == [7, 8]
