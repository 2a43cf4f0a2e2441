"""The broker: partitions in memory, commits, and consumer groups as Kafka's protocol with eager rebalances has them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from stream.kafka.topics import INPUTS, ITEMS

from .events import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.kafka.partitions import Partition

    from .loop import Clock


class Stored(NamedTuple):
    """A record, and where it lies in the log."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int
    by_owner: bool
    """True if the partition was assigned to the writer, as the broker knows it."""


class Confirmed(NamedTuple):
    """The broker's answer to a producer."""

    offset: int


class Log:
    """All partitions of all topics."""

    def __init__(self, clock: Clock, appended: Callable[[Stored], None]) -> None:
        self._clock = clock
        self._appended = appended
        self._records: dict[Partition, list[Stored]] = defaultdict(list)
        self.length = 0
        """The number of records in all partitions together."""

    def append(
        self, partition: Partition, key: bytes | None, value: bytes | None, headers: Any, *, by_owner: bool = True
    ) -> Confirmed:
        """Append a record with the broker's time."""
        records = self._records[partition]
        stored = Stored(partition, len(records), key, value, tuple(headers), self._clock.now_ms(), by_owner)
        records.append(stored)
        self.length += 1
        self._appended(stored)
        return Confirmed(stored.offset)

    def end(self, partition: Partition) -> int:
        """Return the offset of the next record."""
        return len(self._records[partition])

    def records(self, partition: Partition, start: int = 0) -> list[Stored]:
        """Return the records from this offset on."""
        return self._records[partition][start:]


class Group:
    """A consumer group: the partitions of each member, and the committed offsets.

    Members are static: a worker that starts again before it was expelled has its partitions back in the same
    generation. Between two generations every member gives up all its partitions, except a frozen one, which finds out
    late.
    """

    def __init__(self, topics: tuple[str, ...]) -> None:
        self.topics = topics
        self.generation = 0
        self.committed: dict[Partition, int] = defaultdict(int)
        self._members: dict[str, set[int]] = {}
        self._joined: set[str] = set()
        self._rebalancing = False

    @property
    def members(self) -> list[str]:
        """The members that the group counts on, dead or alive."""
        return sorted(self._members)

    def knows(self, name: str) -> bool:
        """Return whether this is still a member."""
        return name in self._members

    def wants(self, name: str) -> bool:
        """Return whether the group waits for this member to join again."""
        return self._rebalancing and name not in self._joined

    def join(self, name: str) -> None:
        """Add a member that is new, or that has given up its partitions."""
        if name not in self._members:
            self._members[name] = set()
            self._begin()
        self._joined.add(name)
        self._complete()

    def expel(self, name: str) -> None:
        """Expel a member of which nothing was heard for too long."""
        del self._members[name]
        self._joined.discard(name)
        self._begin()
        self._complete()

    def assignment(self, name: str) -> set[int] | None:
        """Return the member's partitions in the present generation; None while there is none."""
        return None if self._rebalancing else self._members[name]

    def owns(self, name: str, number: int) -> bool:
        """Return whether the partition is assigned to this member now."""
        return number in self._members.get(name, ())

    def commit(self, name: str, generation: int, partition: Partition, offset: int) -> bool:
        """Return whether the commit was accepted: that of a member of an older generation is refused."""
        accepted = name in self._members and generation == self.generation
        if accepted:
            self.committed[partition] = offset
        return accepted

    def _begin(self) -> None:
        self._rebalancing = True
        self._joined = set()

    def _complete(self) -> None:
        if not self._rebalancing or self._joined < self._members.keys():
            return
        self._rebalancing = False
        self.generation += 1
        for number, name in enumerate(self.members):
            self._members[name] = set(range(PARTITIONS)[number :: len(self._members)])


def new_groups() -> dict[str, Group]:
    """Return a new group for each kind of worker."""
    return {"items": Group(INPUTS), "index": Group((ITEMS,))}
