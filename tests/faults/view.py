"""The log, read apart from the workers, to check that their commits are backed by records."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.errors import InvalidEvent
from schemas.events import parse
from schemas.logged_item import LoggedItem
from schemas.points import point_version
from schemas.state_codec import decode_review, split_review_key
from stream.items.partition import ItemPartition
from stream.kafka.cluster import Cluster
from stream.kafka.headers import event_time_ms
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topics import DEAD_LETTERS, INPUTS, ITEMS, STATES

if TYPE_CHECKING:
    from schemas.events import Event
    from stream.kafka.reader import Record

GROUPS = {"freshline-items": INPUTS, "freshline-index": (ITEMS,)}


class Letter(NamedTuple):
    """A dead letter: the position of its original, and the reason."""

    topic: str
    partition: int
    offset: int
    reason: str
    value: bytes | None


class LogView:
    """Everything in the topics of one log, read on with each `catch_up`."""

    def __init__(self, kafka: str, partitions: int) -> None:
        self._kafka = Cluster(kafka)
        self._partitions = partitions
        self._reader = Reader(self._kafka)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        self.states = {number: ItemPartition(number, "harness") for number in range(partitions)}
        self.letters: list[Letter] = []
        self.unchecked: dict[Partition, deque[tuple[int, Event | None]]] = defaultdict(deque)
        """The input records above the last commit that was checked; None for one that must be a dead letter."""
        self.unsearched: dict[Partition, deque[tuple[int, str]]] = defaultdict(deque)
        """The item records above it: offset and product_id."""

    async def start(self) -> None:
        """Connect. Raises Unavailable, KafkaError."""
        self._epoch = (await log_identity(self._kafka)).epoch
        await self._admin.start()
        await self._reader.start()
        topics = (*INPUTS, *STATES, *DEAD_LETTERS.values())
        self._reader.assign({Partition(topic, n): 0 for topic in topics for n in range(self._partitions)})

    async def stop(self) -> None:
        """Close the connections. Idempotent."""
        await self._reader.stop()
        await self._admin.close()

    async def committed(self) -> dict[Partition, int]:
        """Return the committed offsets of both groups."""
        found: dict[Partition, int] = {}
        for group, topics in GROUPS.items():
            asked = [TopicPartition(topic, number) for topic in topics for number in range(self._partitions)]
            offsets = await self._admin.list_consumer_group_offsets(group, partitions=asked)
            found |= {Partition(tp.topic, tp.partition): at.offset for tp, at in offsets.items() if at.offset >= 0}
        return found

    async def catch_up(self) -> None:
        """Read all records that were confirmed before the call."""
        async for records in self._reader.read_to_end():
            for record in records:
                self._take(record)

    def _take(self, record: Record) -> None:
        partition, value = record.partition, record.value
        if partition.topic in INPUTS:
            self.unchecked[partition].append((record.offset, event_of(record)))
        elif partition.topic == ITEMS and value is not None:
            item = LoggedItem(value)
            self.states[partition.number].join_record(item)
            self.unsearched[partition].append((record.offset, item.product_id))
        elif partition.topic in STATES:
            product_id, review_id = split_review_key(record.key or b"")
            self.states[partition.number].join_review(product_id, review_id, decode_review(value or b""))
        else:
            self._take_letter(record)

    def _take_letter(self, record: Record) -> None:
        told = {name.removeprefix("freshline-"): value.decode() for name, value in record.headers}
        self.letters.append(
            Letter(told["topic"], int(told["partition"]), int(told["offset"]), told["reason"], record.value)
        )

    def lost(self, committed: dict[Partition, int]) -> list[str]:
        """Return the events below the commits whose effect is not in the log. `catch_up` came after the commits."""
        refused = {letter[:3] for letter in self.letters}
        found = []
        for partition, waiting in self.unchecked.items():
            while waiting and waiting[0][0] < committed.get(partition, 0):
                offset, event = waiting.popleft()
                taken = (
                    (partition.topic, partition.number, offset) in refused
                    if event is None
                    else self._has(partition, event)
                )
                if not taken:
                    found.append(f"{partition.topic}:{partition.number}:{offset} is committed and without effect")
        return found

    def _has(self, partition: Partition, event: Event) -> bool:
        """Return whether the log has the effect of the event; a forwarded event is checked where it went."""
        number = partition_of(event.product_id.encode(), self._partitions)
        return number != partition.number or not self.states[number].fold(event)

    def searchable(self, committed: dict[Partition, int]) -> dict[str, int]:
        """Return by product_id the version that the index must have reached, by the commits of its group."""
        least = {}
        for partition, waiting in self.unsearched.items():
            while waiting and waiting[0][0] < committed.get(partition, 0):
                offset, product_id = waiting.popleft()
                least[product_id] = point_version(self._epoch, offset)
        return least


def event_of(record: Record) -> Event | None:
    """Return the event; None where the items worker refuses it."""
    try:
        return parse(
            record.partition.topic,
            record.key,
            record.value,
            arrived_at_ms=record.timestamp_ms,
            event_time_ms=event_time_ms(record.headers),
        )
    except InvalidEvent:
        return None
