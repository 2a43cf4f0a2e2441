"""The embedding lane: takes its work from the index itself, so that it survives crashes and never blocks the acks."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

import structlog

from schemas.errors import EmbeddingFailed, Unavailable
from workers.document import document
from workers.index.interface import DenseVector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from schemas.points import Payload
    from workers.embedder.cache import VectorCache
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

BATCH_TEXTS_MAX = 64
FEW_TEXTS_MAX = 2
BEHIND_SECONDS_MAX = 1.0
"""While words and prices wait, they get the processor: so many texts are embedded, once in so long. None starves."""
OLDEST_EVERY = 4
"""Newest change first, but one batch in four takes the oldest: none starves."""
ATTEMPTS_MAX = 3
REST_SECONDS, REST_SECONDS_MAX = 0.05, 0.25
"""After a batch that took all there was, for each of its texts: those that come meanwhile go together, and a pass costs
as much for one as for five."""
IDLE_SECONDS_MAX = 2.0
"""Looks for debts without being told, such as those of a partition taken over."""


class Documents(Protocol):
    """What the lane needs of an embedder."""

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """float32 `(len(texts), dimension)`. Raises EmbeddingFailed."""


class Ahead(Protocol):
    """The lanes that go before this one."""

    @property
    def behind(self) -> bool:
        """More waits there than is written at once."""

    async def caught_up(self) -> None:
        """Returns once that is not so."""


class Observer(Protocol):
    """What the lane tells."""

    def embedded(self, texts: int) -> None:
        """They went through the model."""

    def vector_searchable(self, due_at_ms: int | None, now_ms: int) -> None:
        """A vector that was owed can be found."""

    def vector_failed(self, payload: Payload, reason: str) -> Awaitable[None]:
        """A text is given up; one dead letter says so. Returns when that is confirmed."""


class EmbeddingLane:
    """Pays the vectors that are owed in the partitions this worker owns."""

    def __init__(
        self,
        index: Index,
        documents: Documents,
        cache: VectorCache,
        *,
        partitions: Callable[[], Collection[int]],
        clock_ms: Callable[[], int],
        observer: Observer,
        ahead: Ahead,
        after: Callable[[], EmbeddingLane | None] = lambda: None,
    ) -> None:
        """`after`: whose debts are paid before these, if any: those of the collection that serves."""
        self._index = index
        self._ahead = ahead
        self._after = after
        self._documents = documents
        self._cache = cache
        self._partitions = partitions
        self._clock_ms = clock_ms
        self._observer = observer
        self._batches = 0
        self._wake = asyncio.Event()
        self._paid_up = asyncio.Event()

    def wake(self) -> None:
        """There is work."""
        self._paid_up.clear()
        self._wake.set()

    async def run(self) -> None:
        """Pays for ever."""
        while True:
            await self._let_serving_go_first()
            await self._let_lanes_go_ahead()
            self._wake.clear()
            try:
                paid = await self.pay_batch()
            except Unavailable as error:
                log.warning("index away", error=str(error))
                paid = 0
            if not paid:
                self._paid_up.set()
                await self._idle()
            elif paid < BATCH_TEXTS_MAX and not self._ahead.behind:
                self._paid_up.set()
                await asyncio.sleep(min(REST_SECONDS * paid, REST_SECONDS_MAX))

    async def pay_batch(self) -> int:
        """Pays one batch; how many were owed."""
        partitions = self._partitions()
        if not partitions:
            return 0
        self._batches += 1
        newest = self._batches % OLDEST_EVERY != 0
        most = FEW_TEXTS_MAX if self._ahead.behind else BATCH_TEXTS_MAX
        owed = await self._index.owed(partitions, most, newest=newest)
        if owed:
            await self._pay(owed)
        return len(owed)

    async def _let_serving_go_first(self) -> None:
        """Asks again which that is: at a switch both would wait for each other for ever."""
        while (first := self._after()) is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS_MAX):
                    await first._paid_up.wait()
                    return

    async def _let_lanes_go_ahead(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEHIND_SECONDS_MAX):
                await self._ahead.caught_up()

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS_MAX):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _pay(self, owed: list[Payload]) -> None:
        try:
            vectors = await self._vectors(owed)
        except EmbeddingFailed:
            for payload in owed:
                await self._pay_alone(payload)
            return
        await self._write(owed, vectors)

    async def _pay_alone(self, payload: Payload) -> None:
        """One text spoils a batch: each gets its own attempts, and the one that cannot be embedded is given up."""
        text, reason = document(payload, self._index.model).text, ""
        for _ in range(ATTEMPTS_MAX):
            try:
                await self._write([payload], await self._embed([text]))
            except EmbeddingFailed as error:
                reason = str(error) or "the model failed on this text"
            else:
                return
        await self._observer.vector_failed(payload, reason)
        await self._index.give_up_vector(payload["product_id"], payload["vector_due"] or "", reason)

    async def _vectors(self, owed: list[Payload]) -> list[Vectors]:
        """One for each, float32 `(dimension,)`: what another item or collection has paid for is at hand."""
        vectors = {each["vector_due"]: self._cache.get(each["vector_due"] or "") for each in owed}
        missing = {each["vector_due"]: each for each in owed if vectors[each["vector_due"]] is None}
        if missing:
            texts = [document(each, self._index.model).text for each in missing.values()]
            vectors |= dict(zip(missing, await self._embed(texts), strict=True))
        return [vector for each in owed if (vector := vectors[each["vector_due"]]) is not None]

    async def _embed(self, texts: list[str]) -> Vectors:
        vectors = await self._documents.embed_documents(texts)
        self._observer.embedded(len(texts))
        return vectors

    async def _write(self, owed: list[Payload], vectors: Iterable[Vectors]) -> None:
        paid = [
            DenseVector(payload["product_id"], payload["vector_due"] or "", vector)
            for payload, vector in zip(owed, vectors, strict=True)
        ]
        await self._index.write_dense(paid)
        now_ms = self._clock_ms()
        for payload, vector in zip(owed, paid, strict=True):
            self._cache.put(vector.fingerprint, vector.vector)
            self._observer.vector_searchable(payload["vector_due_at_ms"], now_ms)
