"""Input events of a log that ends which no worker had finished, carried into the next one."""

from __future__ import annotations

import asyncio
import math
import time
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.headers import EVENT_TIME, event_time_ms
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader, Record
from stream.kafka.topics import ITEMS_GROUP, committed_offsets
from stream.runtime.atomic_files import write_whole
from stream.up.loss_report import now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from aiokafka.structs import RecordMetadata

BATCH_RECORDS = 1_000
GAIN_SECONDS_MAX = 3.0
"""In which what is left must become half as much, or producers are faster than this."""


class InputHandover:
    """Takes what lies above the items workers' commits, which are what is finished; publishes it in the next log.

    Events are published once more at worst: the fold does not mind.
    """

    def __init__(self, partitions: Sequence[Partition], file: Path) -> None:
        """`file`: where they are meanwhile, whoever publishes them then. Raises Misconfigured where it is damaged."""
        self._partitions = partitions
        self._file = file
        self._taken = self._load()
        self._published_at = ""

    def __len__(self) -> int:
        """How many events were taken."""
        return len(self._taken)

    async def take(
        self, kafka: str, meanwhile: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]
    ) -> None:
        """Everything above the commits of workers that have stopped. Raises Unavailable.

        `meanwhile` is called before each look at what is left. `end` is to end the broker: it is called as soon as
        there is no more, as producers go on meanwhile; also where they are faster than this, which is Unavailable too.
        """
        finished, taken = await asyncio.to_thread(committed_offsets, kafka, ITEMS_GROUP), list[Record]()
        try:
            await self._read(kafka, finished, taken, meanwhile, end)
        except BaseException:
            self._taken += taken
            raise
        # What was published into this log is in it: finished, or above the commits and taken once more.
        self._taken, self._published_at = taken if self._published_at else self._taken + taken, ""

    def keep(self) -> None:
        """What was published into this log may be neither finished nor above the commits."""
        self._published_at = ""

    async def _read(
        self,
        kafka: str,
        finished: Mapping[Partition, int],
        taken: list[Record],
        meanwhile: Callable[[], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        async with Reader(kafka) as reader:
            reader.assign({place: finished.get(place, 0) for place in self._partitions})
            least, deadline = math.inf, 0.0
            while True:
                await meanwhile()
                if not (left := _left(ends := await reader.end_offsets(), reader.positions)):
                    break
                if 2 * left <= least:
                    least, deadline = left, time.monotonic() + GAIN_SECONDS_MAX
                elif time.monotonic() > deadline:
                    await end()
                    raise Unavailable("events came faster than they could be read")
                async for records in reader.read_to(ends):
                    taken += records
            await end()

    async def publish(self, kafka: str) -> None:
        """What was taken, with its time of arrival. Raises Unavailable.

        It can be called again, for a log that ends before all of it is finished, until `settle` has forgotten it.
        """
        self._published_at = ""
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=10 << 20)
        try:
            await producer.start()
            for start in range(0, len(self._taken), BATCH_RECORDS):
                some = self._taken[start : start + BATCH_RECORDS]
                await asyncio.gather(*[await _sent(producer, record) for record in some])
        except KafkaError as error:
            raise Unavailable(f"the broker at {kafka} did not confirm events of the log before: {error}") from error
        finally:
            await producer.stop()
        self._published_at = now()

    def settle(self, kept_until: str) -> None:
        """All that was sent before that time (RFC 3339) outlives the broker: forgets what was published before it."""
        if self._taken and kept_until > self._published_at > "":
            self._taken.clear()
            self._file.unlink(missing_ok=True)

    def save(self) -> None:
        """For another process to publish. Raises Unavailable where the disk is full: they are in memory alone then."""
        if self._taken:
            header = orjson.dumps({"events": len(self._taken)}) + b"\n"
            write_whole(self._file, header + b"".join(map(encode_record, self._taken)))
        else:
            self._file.unlink(missing_ok=True)

    def _load(self) -> list[Record]:
        """What another process has taken and not published."""
        if not self._file.exists():
            return []
        taken = []
        header, *lines = self._file.read_bytes().splitlines() or [b""]
        for number, line in enumerate(lines, 2):
            try:
                taken.append(decode_record(line))
            except ValueError as error:
                raise self._damaged(f"line {number}") from error
        if header != orjson.dumps({"events": len(lines)}):
            raise self._damaged("it is not whole")
        return taken

    def _damaged(self, how: str) -> Misconfigured:
        return Misconfigured(
            f"{self._file}: {how}: it has events that were not taken at the last stop. Move it away, `up` starts "
            "without them, and send again what was sent in the last minutes before that stop"
        )


def encode_record(record: Record) -> bytes:
    """A line of JSON, bytes as base64: what is no UTF-8 is carried too."""
    headers = [(name, _text(value)) for name, value in record.headers]
    fields = [*record.partition, record.offset, record.timestamp_ms, _text(record.key), _text(record.value), headers]
    return orjson.dumps(fields) + b"\n"


def decode_record(line: bytes) -> Record:
    """Of a line of `encode_record`. Raises ValueError for another."""
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
    return sum(end - positions[place] for place, end in ends.items())


async def _sent(producer: AIOKafkaProducer, record: Record) -> Awaitable[RecordMetadata]:
    """As it was, and with its time of arrival: the first one counts if it was carried before."""
    before_ms = event_time_ms(record.headers)
    time_ms = record.timestamp_ms if before_ms is None else before_ms
    headers = [*((n, v) for n, v in record.headers if n != EVENT_TIME), (EVENT_TIME, str(time_ms).encode())]
    place = record.partition
    sent: Awaitable[RecordMetadata] = await producer.send(
        place.topic, record.value, key=record.key, partition=place.number, headers=headers
    )
    return sent
