"""The embedding lane: takes its work from the index itself, so that the backlog survives crashes and blocks no ack.

This module enforces docs/invariants.md#4.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from workers.document import document
from workers.lanes.sinks import Planned, VectorFailed
from workers.point.plan import Action
from workers.retry import unless_away

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from schemas.points import Payload
    from workers.clock import Clock
    from workers.index.interface import Index
    from workers.lanes.assigned import AssignedPartitions
    from workers.lanes.lanes import LanePressure
    from workers.lanes.sinks import DeadLetters, LaneEvent, Sink
    from workers.lanes.vector_writer import VectorWriter

OLDEST_EVERY = 4
"""Newest change first, but one batch in four takes the oldest texts: none starves."""


class EmbeddingPace(NamedTuple):
    """The pace of the lane: how many texts it embeds at once, and how long it waits."""

    texts_max: int = 64
    texts_at_once: int = 8
    """The texts of one call of the embedder. Between calls the lane looks for texts that were written meanwhile."""
    new_texts_every_s: float = 0.1
    """The least time between two looks for texts that were written meanwhile, which go ahead of the rest of a batch: in
    a flood they would otherwise cut it into calls of a few texts, which cost more."""
    few_texts_max: int = 2
    """The most texts embedded ahead of the rest of a batch, or while text and price changes wait, once in
    `behind_s_max`: the changes get the processor, and no text starves."""
    new_texts_within_s: float = 2.0
    """The time for which calls have few texts, once two texts were written beside a backlog within it: the next text
    waits for a shorter call. A backlog takes a quarter longer that way."""
    behind_s_max: float = 1.0
    idle_s_max: float = 2.0
    """The longest time between two looks at the backlog, which find the texts of newly assigned partitions."""


class ServingLane(Protocol):
    """Knows the embedding lane of the serving collection."""

    @property
    def serving_lane(self) -> EmbeddingLane:
        """The lane of the serving collection, which changes when a rebuild switches."""


class EmbeddingLane:
    """Embeds the texts of one collection that have no vector yet, in the partitions assigned to this worker.

    The backlog of the serving collection goes before that of any other. As a sink it wakes when a new text is written.
    """

    def __init__(
        self,
        index: Index,
        vectors: VectorWriter,
        *,
        assigned: AssignedPartitions,
        serving: ServingLane,
        pressure: LanePressure,
        clock: Clock,
        sink: Sink,
        dead_letters: DeadLetters,
        pace: EmbeddingPace = EmbeddingPace(),  # noqa: B008 -- immutable
    ) -> None:
        self._index = index
        self._vectors = vectors
        self._assigned = assigned
        self._serving = serving
        self._pressure = pressure
        self._clock = clock
        self._sink = sink
        self._dead_letters = dead_letters
        self._pace = pace
        self._batches = 0
        self._looks_at_s = 0.0
        self._found_new_s = -math.inf
        self._few_until_s = -math.inf
        self._wake = asyncio.Event()
        self._took_all = True
        """True if the last batch had all texts that waited when it began, or could not be read."""
        self._drained = asyncio.Event()

    def note(self, event: LaneEvent) -> None:
        """Wake when a text was written whose vector is pending."""
        if isinstance(event, Planned) and event.action is Action.EMBED:
            self.wake()

    def wake(self) -> None:
        """Wake the lane, because the backlog is not empty."""
        self._drained.clear()
        self._wake.set()

    async def run(self) -> None:
        """Embed until cancelled.

        It never waits for more texts to share a pass: a text of eighty tokens costs the model as much beside others as
        alone, and what comes during a pass is embedded together anyway.
        """
        while True:
            await self._let_serving_go_first()
            await self._let_lanes_go_ahead()
            await unless_away(self.embed_batch, "index away", None)
            if self._took_all:
                self._drained.set()
                await self._idle()

    async def embed_batch(self) -> None:
        """Embed one batch of the backlog.

        A batch ends early once the lanes are behind: what is left of it waits until they have caught up. A text that
        was written since the lane last looked goes ahead of a backlog, of which this batch may take the oldest texts.
        """
        if self._took_all:
            self._wake.clear()
        self._took_all = True
        texts_max = self._pace.few_texts_max if self._pressure.behind else self._pace.texts_max
        self._batches += 1
        newest = self._batches % OLDEST_EVERY != 0
        partitions = self._assigned.partitions
        backlog = await self._index.pending_embeddings(partitions, texts_max, newest=newest) if partitions else []
        # Texts of about one length together need little padding.
        waiting = sorted(backlog, key=lambda payload: -len(document(payload, self._index.model).text))
        while waiting:
            written = [_text_of(payload) for payload in await self._embed_written_meanwhile(partitions)]
            waiting = [payload for payload in waiting if _text_of(payload) not in written]
            at_once = self._texts_at_once()
            await self._embed_all(waiting[:at_once])
            waiting = waiting[at_once:]
            if self._pressure.behind:
                break
        self._took_all = len(backlog) < texts_max and not waiting

    async def _embed_written_meanwhile(self, partitions: Collection[int]) -> list[Payload]:
        """Embed the newest texts if any text has been written since the lane last looked, and return them."""
        if not self._wake.is_set() or self._clock.monotonic_s() < self._looks_at_s:
            return []
        self._wake.clear()
        newest = await self._index.pending_embeddings(partitions, self._pace.few_texts_max, newest=True)
        await self._embed_all(newest)
        now_s = self._clock.monotonic_s()
        self._looks_at_s = now_s + self._pace.new_texts_every_s
        if now_s < self._found_new_s + self._pace.new_texts_within_s and not self._pressure.behind:
            self._few_until_s = now_s + self._pace.new_texts_within_s
        self._found_new_s = now_s
        return newest

    def _texts_at_once(self) -> int:
        """Return how many texts of a backlog the next call embeds, for which a text written meanwhile has to wait."""
        few = self._clock.monotonic_s() < self._few_until_s
        return self._pace.few_texts_max if few else self._pace.texts_at_once

    async def _let_serving_go_first(self) -> None:
        """Wait for the lane of the serving collection.

        The lane is asked for again in every round: after a switch both lanes would otherwise wait for each other.
        """
        while (first := self._serving.serving_lane) is not self:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.idle_s_max):
                    await first._drained.wait()
                    return

    async def _let_lanes_go_ahead(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.behind_s_max):
                await self._pressure.caught_up()

    async def _idle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.idle_s_max):
                await self._wake.wait()

    async def _embed_all(self, backlog: Sequence[Payload]) -> None:
        for payload, reason in await self._vectors.write(backlog):
            await self._mark_failed(payload, reason)

    async def _mark_failed(self, payload: Payload, reason: str) -> None:
        """Write the dead letter, then mark the embedding as failed in the index, after which it is not tried again.

        The point itself says so in every collection. There is one dead letter: of the collection that serves.
        """
        if self._serving.serving_lane is self:
            self._sink.note(VectorFailed(reason))
            await self._dead_letters.refuse_text(payload, reason)
        await self._index.mark_embedding_failed(payload["product_id"], payload["vector_due"] or "", reason)


def _text_of(payload: Payload) -> tuple[str, str | None]:
    return payload["product_id"], payload["vector_due"]
