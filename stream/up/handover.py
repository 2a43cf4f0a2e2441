"""The handover: it copies input events that no worker had acked when a log ended into the next log."""

from __future__ import annotations

import asyncio
import math
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Protocol

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.headers import EVENT_TIME, event_time_ms
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader, Record
from stream.kafka.topic_admin import committed_offsets
from stream.kafka.topics import ITEMS_GROUP
from stream.runtime.atomic_files import write_whole
from stream.up.loss_report import rfc3339_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from pathlib import Path

    from aiokafka.structs import RecordMetadata

    from stream.kafka.cluster import Cluster
    from workers.clock import Clock

BATCH_RECORDS = 1_000
GAIN_SECONDS_MAX = 3.0
"""The time in which the number of events left to read must halve; otherwise producers are too fast."""


class EndingLog(Protocol):
    """The log that is about to end."""

    async def pull(self) -> None:
        """Keep the item state that an import has written meanwhile. Called before each request for the end offsets."""

    async def end_broker(self) -> None:
        """End the broker at once."""


class InputHandover:
    """Collects the events above the items workers' commits, which are not acked, and publishes them to the next log.

    At worst an event is published twice, which does not change the result of the fold.
    """

    def __init__(
        self,
        partitions: Sequence[Partition],
        file: Path,
        clock: Clock,
        *,
        gain_seconds_max: float = GAIN_SECONDS_MAX,
    ) -> None:
        """Load the events that an earlier `up` has left in `file`. Raises Misconfigured if the file is damaged."""
        self._partitions = partitions
        self._file = file
        self._clock = clock
        self._gain_seconds_max = gain_seconds_max
        self._events = self._load()
        self._published_at = ""
        """The time at which the events were published to the current log (RFC 3339); empty if they were not."""

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self._events)

    async def collect(self, kafka: Cluster, ending: EndingLog) -> None:
        """Read all events above the commits of the items workers, which have stopped, and end the broker.

        The broker is ended as soon as all events have been read, because producers go on sending. It is ended too if
        producers send faster than events can be read; then Unavailable is raised.
        """
        commits, collected = await asyncio.to_thread(committed_offsets, kafka, ITEMS_GROUP), list[Record]()
        try:
            await self._read(kafka, commits, collected, ending)
        except BaseException:
            self._events += collected
            raise
        # Events that were published to this log are either acked, or above the commits and thus collected again.
        self._events, self._published_at = collected if self._published_at else self._events + collected, ""

    def keep_published(self) -> None:
        """Keep the events that were published to this log, because they may be neither acked nor above the commits."""
        self._published_at = ""

    async def _read(
        self,
        kafka: Cluster,
        commits: Mapping[Partition, int],
        collected: list[Record],
        ending: EndingLog,
    ) -> None:
        async with Reader(kafka) as reader:
            reader.assign({partition: commits.get(partition, 0) for partition in self._partitions})
            least, deadline_s = math.inf, 0.0
            while True:
                await ending.pull()
                if not (left := _left(ends := await reader.end_offsets(), reader.positions)):
                    break
                if 2 * left <= least:
                    least, deadline_s = left, self._clock.monotonic_s() + self._gain_seconds_max
                elif self._clock.monotonic_s() > deadline_s:
                    await ending.end_broker()
                    raise Unavailable("events came faster than they could be read")
                async for records in reader.read_to(ends):
                    collected += records
            await ending.end_broker()

    async def publish(self, kafka: Cluster) -> None:
        """Publish the events, each with its time of arrival. Raises Unavailable.

        The same events can be published again, to the log that follows a log that ended before all of them were acked,
        until `forget` has dropped them.
        """
        self._published_at = ""
        producer = AIOKafkaProducer(**kafka.for_aiokafka, acks="all", max_request_size=10 << 20)
        try:
            await producer.start()
            for start in range(0, len(self._events), BATCH_RECORDS):
                some = self._events[start : start + BATCH_RECORDS]
                await asyncio.gather(*[await _sent(producer, record) for record in some])
        except KafkaError as error:
            raise Unavailable(f"the broker at {kafka} did not confirm events of the log before: {error}") from error
        finally:
            await producer.stop()
        self._published_at = rfc3339_now(self._clock)

    def forget(self, kept_until: str) -> None:
        """Drop the events if they were published before `kept_until` (RFC 3339): the journal has their effect now."""
        if self._events and kept_until > self._published_at > "":
            self._events.clear()
            self._file.unlink(missing_ok=True)

    def save(self) -> None:
        """Write the events to the file, so that the next `up` can publish them.

        Raises Unavailable if the disk is full; the events are then in memory only.
        """
        if self._events:
            header = orjson.dumps({"events": len(self._events)}) + b"\n"
            write_whole(self._file, header + b"".join(map(encode_record, self._events)))
        else:
            self._file.unlink(missing_ok=True)

    def _load(self) -> list[Record]:
        """Return the events that an earlier `up` collected and did not publish."""
        if not self._file.exists():
            return []
        events = []
        header, *lines = self._file.read_bytes().splitlines() or [b""]
        for number, line in enumerate(lines, 2):
            try:
                events.append(decode_record(line))
            except ValueError as error:
                raise self._damaged(f"line {number}") from error
        if header != orjson.dumps({"events": len(lines)}):
            raise self._damaged("it is not whole")
        return events

    def _damaged(self, how: str) -> Misconfigured:
        return Misconfigured(
            f"{self._file}: {how}: it has events that were not taken at the last stop. Move it away, `up` starts "
            "without them, and send again what was sent in the last minutes before that stop"
        )


def encode_record(record: Record) -> bytes:
    """Return a record as a line of JSON, with its bytes as base64, because they need not be UTF-8."""
    headers = [(name, _text(value)) for name, value in record.headers]
    fields = [*record.partition, record.offset, record.timestamp_ms, _text(record.key), _text(record.value), headers]
    return orjson.dumps(fields) + b"\n"


def decode_record(line: bytes) -> Record:
    """Return the record in a line of `encode_record`. Raises ValueError for any other line."""
    try:
        topic, number, offset, timestamp_ms, key, value, headers = orjson.loads(line)
        kept = tuple((name, _bytes(text) or b"") for name, text in headers)
        return Record(Partition(topic, number), offset, timestamp_ms, _bytes(key), _bytes(value), kept)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _text(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text, validate=True)


def _left(ends: Mapping[Partition, int], positions: Mapping[Partition, int]) -> int:
    return sum(end - positions[partition] for partition, end in ends.items())


async def _sent(producer: AIOKafkaProducer, record: Record) -> Awaitable[RecordMetadata]:
    """Send a record unchanged, with a header for the time at which it first arrived."""
    before_ms = event_time_ms(record.headers)
    time_ms = record.timestamp_ms if before_ms is None else before_ms
    headers = [*((n, v) for n, v in record.headers if n != EVENT_TIME), (EVENT_TIME, str(time_ms).encode())]
    sent: Awaitable[RecordMetadata] = await producer.send(
        record.partition.topic, record.value, key=record.key, partition=record.partition.number, headers=headers
    )
    return sent
