"""The Faust apps of both workers: raw bytes, no web server, no tables, and commits decided by the offset trackers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import faust
from faust.app.base import BootStrategy

from stream.agents.credentials import credentials_for
from stream.agents.transport import Starts, Transport
from stream.kafka.cluster import cluster_of
from stream.kafka.fetch_waits import WOKEN_WAIT_MS
from stream.kafka.offset_tracker import OffsetTrackers
from stream.kafka.send_batch import send_batch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Sequence

    from aiokafka.structs import RecordMetadata
    from faust.transport.drivers import aiokafka as driver

    from stream.kafka.record_batch import RecordBatch
    from stream.kafka.send import Headers, KeyedRecord
    from stream.runtime.process import Failure
    from stream.runtime.settings import Settings

FETCH_WAITS_MS = {
    # Does not wake a waiting fetch when data arrives.
    "embedded": 5,
    "kafka": WOKEN_WAIT_MS,
}
"""The time for which each broker keeps a fetch that finds nothing. An idle consumer asks again after it."""
FETCH_RESTS_MS_MAX = {"embedded": 100, "kafka": 8}
"""The longest rest between two fetches of each broker, see `adapt_fetch_waits`. A fetch of Apache Kafka costs little:
with 0, 8, 30 ms a price beside 500 events a second and ten searches took 7, 8, 32 ms (p50), a search 12, 10, 9."""
SESSION_TIMEOUTS_S = {
    # The first member of a group joins after half of its session, and 3 s later with an instance id. A group has one
    # worker on the embedded broker.
    "embedded": 2.0,
    "kafka": 8.0,
}
"""The time without a word from a worker after which each broker takes its partitions away."""
REBALANCE_TIMEOUT_S = 2.0
REQUEST_TIMEOUT_S = 40.0
POLL_INTERVAL_S = 10.0**6
"""The longest time between two fetches. aiokafka leaves its group for good once it is over, and an index may be away
for longer than any bound; `stream.runtime.watchdog` notices work that stands still."""
RECORD_BYTES_MAX = 10 * 1024 * 1024
SEND_BATCH_BYTES = 512 * 1024
"""The most bytes of records that go to a partition together: some 400 items of 1.2 KB."""
BATCHES_QUEUED_MAX = 16
"""The batches of a topic that may wait for its agent; above it Faust stops fetching the partition."""


class _Boot(BootStrategy):
    enable_web = False


class Worker(Starts, Protocol):
    """A worker as its Faust app sees it."""

    def assign(self, numbers: Collection[int]) -> None:
        """Replace the partitions that are assigned to this worker; none while the group rebalances."""

    async def handle(self, batch: RecordBatch) -> None:
        """Handle a batch of records. Raises only what must end the process."""


class _App(faust.App):
    BootStrategy = _Boot

    def __init__(self, name: str, *, failure: Failure, **options: Any) -> None:
        super().__init__(name, **options)
        self._failure = failure
        self._loop_of_failure = asyncio.get_running_loop()

    def _crash(self, reason: BaseException) -> None:
        """Report the failure of any part of Faust, which tells the app and then does nothing more."""
        super()._crash(reason)
        self._loop_of_failure.call_soon_threadsafe(self._failure.fail, reason)  # The consumer has a thread of its own.


class AppParts(NamedTuple):
    """A Faust app, its transport with the trackers that decide its commits, and what ends the process."""

    app: _App
    transport: Transport
    failure: Failure

    @property
    def trackers(self) -> OffsetTrackers:
        """Return the trackers of the records that are delivered and acked."""
        return self.transport.trackers

    def joining(self) -> int:
        """Return 1 while the consumer group rebalances, else 0."""
        return int(self.app.rebalancing)

    def generation(self) -> int:
        """Return the generation of the consumer group as this worker knows it."""
        return self.app.consumer_generation_id

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Headers
    ) -> Awaitable[RecordMetadata]:
        """Put a record into the producer's buffer, and return the broker's confirmation to await."""
        return await self.app.producer.send(topic, key, value, partition, None, headers)

    async def send_batch(self, topic: str, partition: int, records: Sequence[KeyedRecord]) -> Awaitable[int]:
        """Put records of one partition into the producer's buffer, see `Sender`."""
        producer = cast("driver.Producer", self.app.producer)
        return await send_batch(producer._ensure_producer(), topic, partition, records)


def create_app(name: str, settings: Settings, failure: Failure) -> AppParts:
    """Create a Faust app on the settings' broker. `name` is its consumer group; `failure` is told what ends it.

    `connect` gives it its worker, which needs the app's producer and group, before the app starts.
    """
    kafka, directory = cluster_of(settings), settings.data_dir / "faust"
    session_timeout_s = SESSION_TIMEOUTS_S[settings.broker_kind]
    directory.mkdir(parents=True, exist_ok=True)
    app = _App(
        name,
        failure=failure,
        broker=[f"kafka://{host}" for host in kafka.hosts],
        broker_credentials=credentials_for(kafka),
        datadir=str(directory / name),
        key_serializer="raw",
        value_serializer="raw",
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 4,
        broker_rebalance_timeout=REBALANCE_TIMEOUT_S,
        broker_request_timeout=REQUEST_TIMEOUT_S,
        broker_max_poll_interval=POLL_INTERVAL_S,
        consumer_group_instance_id=None if settings.broker_kind == "embedded" else f"{name}-{settings.worker_slot}",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=RECORD_BYTES_MAX,
        producer_max_request_size=RECORD_BYTES_MAX,
        producer_max_batch_size=SEND_BATCH_BYTES,
        producer_acks=-1,
        producer_linger_ms=0,
        producer_request_timeout=REQUEST_TIMEOUT_S,
        stream_wait_empty=False,
        stream_buffer_maxsize=BATCHES_QUEUED_MAX,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
    )
    app.transport = transport = _transport(app, settings)
    return AppParts(app, transport, failure)


def _transport(app: _App, settings: Settings) -> Transport:
    return Transport(
        app.conf.broker,
        app,
        trackers=OffsetTrackers(),
        fetch_wait_ms=FETCH_WAITS_MS[settings.broker_kind],
        fetch_rest_ms_max=FETCH_RESTS_MS_MAX[settings.broker_kind],
    )


def connect(parts: AppParts, topics: Sequence[str], worker: Worker) -> None:
    """Connect a worker: one agent for each topic hands it every batch, and it hears which partitions are assigned.

    No exception leaves an agent by accident: Faust would start it again behind the lost batch.
    """

    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await worker.handle(event.message.batch)
            except Exception as error:
                parts.failure.fail(error)
                raise

    async def assigned(_app: Any, /, *arguments: Any, signal: Any, **_: Any) -> None:
        worker.assign({tp.partition for tp in arguments[0] if tp.topic == topics[0]})

    async def revoked(_app: Any, /, *_arguments: Any, signal: Any, **_: Any) -> None:
        worker.assign(set())

    parts.transport.start_with(worker)
    for topic in topics:
        # Without `value_serializer` Faust decodes the bytes as JSON all the same.
        raw = parts.app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
        parts.app.agent(raw, name=topic)(agent)
    parts.app.on_partitions_assigned.connect(assigned, weak=False)
    parts.app.on_partitions_revoked.connect(revoked, weak=False)
    parts.app.finalize()
