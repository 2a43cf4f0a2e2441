"""Up to where everything is searchable: tokens and lag over both hops, resolved from the records of `progress`."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import Unavailable
from stream.kafka.partitions import Partition

if TYPE_CHECKING:
    from schemas.progress import IndexProgress, ItemsProgress

LATCHED_MAX = 10_000


class Latched(NamedTuple):
    """Input events below `finished` are searchable once item records below `items_end` are."""

    finished: int
    items_end: int


class Watermark:
    """What the reports of both stages say together. Reports may come late, twice, or from an older owner."""

    def __init__(self, collection: str = "") -> None:
        """`collection`: the one that serves; see `serve`."""
        self._collection = collection
        self._finished: dict[Partition, int] = {}
        self._latched: dict[Partition, deque[Latched]] = defaultdict(deque)
        self._searchable: dict[Partition, int] = {}
        self._indexed: dict[str, dict[int, int]] = defaultdict(dict)
        self._waiters: list[tuple[Partition, int, asyncio.Future[None]]] = []

    def items_progress(self, word: ItemsProgress) -> None:
        """The items app is this far."""
        for topic, finished in word.finished.items():
            place = Partition(topic, word.partition)
            if finished > self._finished.get(place, -1):
                self._finished[place] = finished
                self._latch(place, Latched(finished, word.items_end))
        self._advance(word.partition)

    def index_progress(self, word: IndexProgress) -> None:
        """An index app is this far with this collection."""
        indexed = self._indexed[word.collection]
        if word.finished > indexed.get(word.partition, -1):
            indexed[word.partition] = word.finished
            if word.collection == self._collection:
                self._advance(word.partition)

    def serve(self, collection: str) -> None:
        """Searches ask this collection from now on."""
        if collection != self._collection:
            self._collection = collection
            for number in list(self._indexed[collection]):
                self._advance(number)

    def finished(self, place: Partition) -> int:
        """First offset of an input partition that is not known to be finished in the items app."""
        return self._finished.get(place, 0)

    def indexed(self, number: int) -> int:
        """First offset of this partition of the item log that is not known to be searchable."""
        return self._indexed[self._collection].get(number, 0)

    def searchable(self, place: Partition) -> int:
        """First offset of an input partition that is not known to be searchable, or else to need nothing."""
        return self._searchable.get(place, 0)

    async def reaches(self, place: Partition, offset: int) -> None:
        """Returns once this offset is searchable. Raises Unavailable where the process ends before."""
        if self.searchable(place) > offset:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (place, offset, reached)
        self._waiters.append(waiter)
        try:
            await reached
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def abandon(self) -> None:
        """Nobody can be told any more: who waits is sent to the process that comes next."""
        for _, _, reached in self._waiters:
            if not reached.done():
                reached.set_exception(Unavailable("the index worker ends; ask again once it has started"))

    def _latch(self, place: Partition, word: Latched) -> None:
        latched = self._latched[place]
        if len(latched) >= LATCHED_MAX:  # Coarser, never wrong: the older word waits for the newer end.
            latched.pop()
        latched.append(word)

    def _advance(self, number: int) -> None:
        indexed = self.indexed(number)
        for place in [place for place in self._latched if place.number == number]:
            latched = self._latched[place]
            while latched and latched[0].items_end <= indexed:
                self._searchable[place] = latched.popleft().finished
        self._wake()

    def _wake(self) -> None:
        waiting = []
        for place, offset, reached in self._waiters:
            if self.searchable(place) <= offset:
                waiting.append((place, offset, reached))
            elif not reached.done():
                reached.set_result(None)
        self._waiters = waiting
