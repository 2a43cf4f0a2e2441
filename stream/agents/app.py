"""How both Faust apps are built: raw bytes, no web server, no tables, commits by the tracker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import faust
from faust.app.base import BootStrategy

from stream.agents.transport import Transport
from stream.kafka.offsets import OffsetTrackers
from workers.priority import CooperativeTurns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiokafka.structs import RecordMetadata

    from stream.kafka.partitions import Partition
    from stream.kafka.send import Headers
    from stream.runtime.settings import Settings
    from workers.priority import QueryGate

    Take = Callable[[Any], Awaitable[None]]
    Own = Callable[[set[int]], None]


FETCH_WAITS_MS = {
    # Does not wake a waiting fetch when data arrives.
    "embedded": 5,
    "kafka": 500,
}
"""How long the broker keeps a fetch that finds nothing; an idle consumer asks as often."""
FETCH_RESTS_MS_MAX = {"embedded": 100, "kafka": 0}
"""See be_patient."""
SESSION_TIMEOUT_S = 8.0
REBALANCE_TIMEOUT_S = 2.0
REQUEST_TIMEOUT_S = 40.0
POLL_INTERVAL_S = 10.0**6
"""aiokafka gives up a group that fetches nothing for a while, for good: an index may be away for longer than any bound,
and stream.runtime.watchdog watches what does not move."""
RECORD_BYTES_MAX = 10 * 1024 * 1024


class _Boot(BootStrategy):
    enable_web = False


class _App(faust.App):
    BootStrategy = _Boot
    fail: Callable[[BaseException], None]

    def _crash(self, reason: BaseException) -> None:
        """Any part of Faust that fails tells the app, and then does nothing more."""
        super()._crash(reason)
        self.fail(reason)


class AppParts(NamedTuple):
    """A Faust app, and the transport with the trackers that decide its commits."""

    app: _App
    transport: Transport

    @property
    def trackers(self) -> OffsetTrackers:
        """What is delivered and finished."""
        return self.transport.trackers

    def joining(self) -> int:
        """1 while the consumer group finds out who has which partitions, else 0."""
        return int(self.app.rebalancing)

    def generation(self) -> int:
        """Of the consumer group, as this worker knows it."""
        return self.app.consumer_generation_id

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Headers
    ) -> Awaitable[RecordMetadata]:
        """Awaited, the record is in the producer's buffer; awaited again, the broker has confirmed it."""
        return await self.app.producer.send(topic, key, value, partition, None, headers)


def create_app(name: str, settings: Settings) -> AppParts:
    """A Faust app on the settings' broker; `name` is its consumer group."""
    directory = settings.data_dir / "faust"
    directory.mkdir(parents=True, exist_ok=True)
    app = _App(
        name,
        broker=[f"kafka://{address}" for address in (settings.kafka or "").split(",")],
        datadir=str(directory / name),
        key_serializer="raw",
        value_serializer="raw",
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=SESSION_TIMEOUT_S / 4,
        broker_rebalance_timeout=REBALANCE_TIMEOUT_S,
        broker_request_timeout=REQUEST_TIMEOUT_S,
        broker_max_poll_interval=POLL_INTERVAL_S,
        consumer_group_instance_id=f"{name}-{settings.worker_slot}",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=RECORD_BYTES_MAX,
        producer_max_request_size=RECORD_BYTES_MAX,
        producer_acks=-1,
        producer_linger_ms=0,
        producer_request_timeout=REQUEST_TIMEOUT_S,
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
    )
    transport = Transport(app.conf.broker, app)
    transport.trackers = OffsetTrackers()
    transport.fetch_wait_ms = FETCH_WAITS_MS[settings.broker]
    transport.fetch_rest_ms_max = FETCH_RESTS_MS_MAX[settings.broker]
    transport.starts = _at_commits
    app.transport = transport
    return AppParts(app, transport)


async def _at_commits(commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
    return commits


def connect(
    parts: AppParts,
    topics: Sequence[str],
    *,
    take: Take,
    own: Own,
    fail: Callable[[BaseException], None],
    gate: QueryGate,
) -> None:
    """One agent a topic that hands every record to `take`; `own` hears which partitions this worker has.

    No exception leaves an agent by accident: Faust would start it again behind the lost event.
    """

    async def agent(stream: Any) -> None:
        turns = CooperativeTurns(gate)
        async for event in stream.noack().events():
            try:
                await take(event.message)
            except Exception as error:
                fail(error)
                raise
            await turns.yield_if_over()  # What has been fetched comes without a pause.

    async def assigned(_app: Any, /, *arguments: Any, signal: Any, **_: Any) -> None:
        own({tp.partition for tp in arguments[0] if tp.topic == topics[0]})

    async def revoked(_app: Any, /, *_arguments: Any, signal: Any, **_: Any) -> None:
        own(set())

    loop = asyncio.get_running_loop()

    def failed(error: BaseException) -> None:
        loop.call_soon_threadsafe(fail, error)  # The consumer has a thread of its own.

    parts.app.fail = failed
    for topic in topics:
        # Without `value_serializer` Faust decodes the bytes as JSON all the same.
        raw = parts.app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
        parts.app.agent(raw, name=topic)(agent)
    parts.app.on_partitions_assigned.connect(assigned, weak=False)
    parts.app.on_partitions_revoked.connect(revoked, weak=False)
    parts.app.finalize()
