"""The lanes of one collection over a real embedded index, whose clock a test moves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.events import parse
from schemas.items import NO_REVIEWS, Change, ItemRecord, ItemState
from schemas.logged_item import LoggedItem
from schemas.state_codec import encode_item
from tests.support.waiting import until
from workers.embedder.cache import VectorCache
from workers.embedder.fake import FakeEmbedder
from workers.index.edge.open import open_edge
from workers.lanes.compose import LaneParts, LaneTuning, compose_lanes
from workers.lanes.embedding import EmbeddingLane, EmbeddingPace
from workers.lanes.lane_order import BOUNDS, LaneBounds
from workers.lanes.pending_item import PendingItem
from workers.lanes.sinks import Embedded, Planned, Repriced, Retried, Searchable, VectorSearchable
from workers.query_gate import QueryGate
from workers.retry import Backoff
from workers.state.fold import fold
from workers.watches.watch_set import WatchSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from schemas.points import Payload
    from workers.embedder.interface import Vectors
    from workers.index.edge.index import EdgeIndex
    from workers.lanes.sinks import LaneEvent
    from workers.lanes.vector_writer import Documents
    from workers.point.plan import Action
    from workers.watches.watch import Watch


FEW_TEXTS_MAX, TEXTS_MAX = EmbeddingPace().few_texts_max, BOUNDS.texts_max


NOW_MS = 1_800_000_000_000


def logged(record: ItemRecord) -> LoggedItem:
    return LoggedItem(encode_item(record))


class Told:
    """A sink, and dead letters, that remember everything."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.became: list[tuple[str, Change]] = []
        self.retries = 0
        self.bugs: list[Exception] = []
        self.embedded: list[int] = []
        self.repriced = 0
        self.turned: list[str] = []
        self.failed: dict[str, str] = {}
        self.vectors_due_at_ms: list[int | None] = []

    def note(self, event: LaneEvent) -> None:
        match event:
            case Planned(action, items):
                self.actions += [action] * items
            case Searchable(facet, change):
                self.became.append((facet, change))
            case Retried():
                self.retries += 1
            case Embedded(texts=texts):
                self.embedded.append(texts)
            case Repriced(items, turned):
                self.repriced += items
                self.turned += (product_id for product_id, _ in turned)
            case VectorSearchable(due_at_ms=due_at_ms):
                self.vectors_due_at_ms.append(due_at_ms)

    async def refuse(self, pending: PendingItem, error: Exception) -> None:
        self.bugs.append(error)

    async def refuse_text(self, payload: Payload, reason: str) -> None:
        self.failed[payload["product_id"]] = reason


class Acked:
    """The ack of a record of an item, which the bench remembers."""

    def __init__(self, bench: Bench, product_id: str) -> None:
        self._bench, self._product_id = bench, product_id

    def ack(self) -> None:
        self._bench.acked.append(self._product_id)


class Assigned(NamedTuple):
    partitions: Collection[int] = (0,)


class Serving:
    """Knows which lane is that of the collection that searches ask, and that it is the one of the bench."""

    def __init__(self) -> None:
        self.lane: EmbeddingLane | None = None

    @property
    def serving_lane(self) -> EmbeddingLane:
        assert self.lane is not None
        return self.lane

    def serves(self, collection: str) -> bool:
        return True


class NoAlerts:
    """Sends no alert, as there is no watch."""

    async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
        raise AssertionError("an alert without a watch")


class Async:
    """The fake embedder as the lane sees one: off the loop."""

    def __init__(self, embedder: FakeEmbedder) -> None:
        self._embedder = embedder

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_documents(texts)


class Bench:
    """The lanes of one collection; it is their clock, too."""

    def __init__(
        self,
        index: EdgeIndex,
        failing: str | None = None,
        *,
        gate: QueryGate | None = None,
        bounds: LaneBounds | None = None,
        pace: EmbeddingPace = EmbeddingPace(),  # noqa: B008 -- immutable
        serving: Serving | None = None,
        documents: Documents | None = None,
    ) -> None:
        self.index, self.told, self.ms = index, Told(), NOW_MS
        self.acked: list[str] = []
        self.states: dict[str, ItemState] = {}
        self.version = 0
        self.watches = WatchSet()
        knows, gate = serving or Serving(), gate or QueryGate()
        parts = LaneParts(Assigned(), knows, VectorCache(), self, gate, None, self.told, self.watches, NoAlerts())
        composed = compose_lanes(
            index,
            documents or Async(FakeEmbedder(failing)),
            parts,
            observing=self.told,
            sinks=[self.told],
            tuning=LaneTuning(bounds, pace, Backoff(0.01, 0.01)),
        )
        self.lanes, self.embedding, self.windows, _, self.pressure = composed
        if serving is None:
            knows.lane = self.embedding

    def now_ms(self) -> int:
        return self.ms

    def thread_s(self) -> float:
        return 0.0

    def monotonic_s(self) -> float:
        return self.ms / 1000

    async def put(self, topic: str, product_id: str, **fields: Any) -> None:
        self.version += 1
        body = {"product_id": product_id, "updated_at": NOW_MS, "version": self.version, **fields}

        event = parse(topic, product_id.encode(), orjson.dumps(body), arrived_at_ms=NOW_MS, event_time_ms=None)
        state = self.states[product_id] = fold(self.states.get(product_id, ItemState(product_id)), event)
        facet = {"products": "product", "prices": "price"}[topic]
        record = ItemRecord("me", state, NO_REVIEWS, {facet: Change(self.ms, 1)})
        await self.lanes.put(
            PendingItem(
                LoggedItem(encode_item(record)), 0, self.version, [Acked(self, product_id)], dict(record.changes)
            )
        )

    async def quiet(self) -> None:
        await until(lambda: len(self.lanes) == 0 and len(self.acked) == self.version, "all is acked")

    async def payload(self, product_id: str) -> Payload:
        return (await self.index.stored([product_id]))[product_id].payload


@asynccontextmanager
async def bench(tmp_path: Path, failing: str | None = None, **more: Any) -> AsyncIterator[Bench]:
    index = open_edge(tmp_path, model=FakeEmbedder().model)
    made = Bench(index, failing, **more)
    running = asyncio.create_task(made.lanes.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await index.close()


def last(finished: list[str], product_id: str) -> int:
    return len(finished) - 1 - finished[::-1].index(product_id)


async def until_drained(b: Bench) -> None:
    async def drained() -> bool:
        return await b.index.count_pending_embeddings() == 0

    await until(drained, "no vector is pending")
