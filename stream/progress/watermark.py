"""The searchable watermark: the offsets below which search shows everything, over both hops of the pipeline.

It is computed from the records of the topic `progress` and from the writes of this process. Tokens and lag are resolved
with it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import Unavailable
from stream.kafka.partitions import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.progress import IndexProgress, ItemsProgress

LATCHED_MAX = 10_000
"""The most latches that one input partition keeps."""
DROPPED_MAX = 8
"""The dropped collections whose late reports are ignored. Other workers write to one for a second at most."""


class Latched(NamedTuple):
    """Input events below `finished` are searchable once item records below `items_end` are."""

    finished: int
    items_end: int


class Watermark:
    """Combines the progress records of both hops.

    Records may come late, twice, or from a worker that has lost its partition: only higher offsets count.
    """

    def __init__(self, collection: str = "") -> None:
        """`collection` is the one that searches ask at first; `serve` changes it."""
        self._collection = collection
        self._finished: dict[Partition, int] = {}
        self._latched: dict[Partition, deque[Latched]] = defaultdict(deque)
        self._searchable: dict[Partition, int] = {}
        self._indexed: dict[str, dict[int, int]] = defaultdict(dict)
        self._dropped: deque[str] = deque(maxlen=DROPPED_MAX)
        self._waiters: list[tuple[Partition, int, asyncio.Future[None]]] = []
        self._watching: list[asyncio.Future[None]] = []
        self.moves = 0
        """The number of reports so far that may have made something searchable."""

    def items_progress(self, progress: ItemsProgress) -> None:
        """Note how far the items app has acked a partition of the inputs."""
        for topic, finished in progress.finished.items():
            partition = Partition(topic, progress.partition)
            if finished > self._finished.get(partition, -1):
                self._finished[partition] = finished
                self._latch(partition, Latched(finished, progress.items_end))
        self._advance(progress.partition)

    def index_progress(self, progress: IndexProgress) -> None:
        """Note the offset of the item log below which a collection has all records of a partition."""
        if progress.collection in self._dropped:
            return
        indexed = self._indexed[progress.collection]
        if progress.finished > indexed.get(progress.partition, -1):
            indexed[progress.partition] = progress.finished
            if progress.collection == self._collection:
                self._advance(progress.partition)

    def serve(self, collection: str) -> None:
        """Set the collection that searches ask from now on."""
        if collection != self._collection:
            self._collection = collection
            for number in list(self._indexed[collection]):
                self._advance(number)

    def forget(self, collection: str) -> None:
        """Forget a collection that has been dropped and can never serve again, and ignore late reports about it."""
        self._indexed.pop(collection, None)
        self._dropped.append(collection)

    def finished(self, partition: Partition) -> int:
        """Return the first offset of an input partition that the items app is not known to have acked."""
        return self._finished.get(partition, 0)

    def indexed(self, number: int) -> int:
        """Return the first offset of a partition of the item log that is not known to be searchable."""
        return self._indexed[self._collection].get(number, 0)

    def unreported(self, numbers: Iterable[int]) -> list[int]:
        """Return the partitions among these that no worker of the first or the second hop has reported yet."""
        reported = {partition.number for partition in self._finished} & self._indexed[self._collection].keys()
        return [number for number in numbers if number not in reported]

    def searchable(self, partition: Partition) -> int:
        """Return the first offset of an input partition that is not known to be searchable, or to change nothing."""
        return self._searchable.get(partition, 0)

    async def reaches(self, partition: Partition, offset: int) -> None:
        """Wait until an offset is searchable. Raises Unavailable if the process ends before."""
        if self.searchable(partition) > offset:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (partition, offset, reached)
        self._waiters.append(waiter)
        try:
            await reached
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    async def moves_beyond(self, seen: int) -> None:
        """Wait until `moves` is greater than this. Raises Unavailable if the process ends before."""
        if self.moves > seen:
            return
        moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching.append(moved)
        try:
            await moved
        finally:
            if moved in self._watching:
                self._watching.remove(moved)

    def abandon(self) -> None:
        """End all waits with Unavailable, because this process ends; the next one knows the answer."""
        for waiting in (*(reached for _, _, reached in self._waiters), *self._watching):
            if not waiting.done():
                waiting.set_exception(Unavailable("the index worker ends; ask again once it has started"))

    def _latch(self, partition: Partition, latch: Latched) -> None:
        latched = self._latched[partition]
        if len(latched) >= LATCHED_MAX:  # Coarser but never wrong: the older offset waits for the newer end.
            latched.pop()
        latched.append(latch)

    def _advance(self, number: int) -> None:
        indexed = self.indexed(number)
        for partition in [each for each in self._latched if each.number == number]:
            latched = self._latched[partition]
            while latched and latched[0].items_end <= indexed:
                self._searchable[partition] = latched.popleft().finished
        self._wake()

    def _wake(self) -> None:
        self.moves += 1
        watching, self._watching = self._watching, []
        for moved in watching:
            if not moved.done():
                moved.set_result(None)
        waiting = []
        for partition, offset, reached in self._waiters:
            if self.searchable(partition) <= offset:
                waiting.append((partition, offset, reached))
            elif not reached.done():
                reached.set_result(None)
        self._waiters = waiting
