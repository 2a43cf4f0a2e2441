"""The index in memory: the conditions of workers.index.interface, each operation a step of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from schemas.errors import Unavailable
from schemas.points import Payload, Status, being_written
from workers.embedder.interface import ModelId
from workers.index.layout import HEAD_FIELDS, complete_payload
from workers.index.metadata import Metadata
from workers.index.stored import Stored
from workers.index.writes import DenseVector, Patch, Upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    import numpy as np

    from workers.index.writes import Write
    from workers.words.item import Words

    Operation = Callable[[], None]

COLLECTION = "simulated"
MODEL = ModelId("simulated", "1", 2)


@dataclass
class Point:
    """The stored payload and vector of an item."""

    payload: dict[str, Any]
    words: Words | None
    dense: np.ndarray[Any, np.dtype[np.float32]] | None
    writer: str
    """The process whose item record, or whose turned window, the point shows."""


class Points:
    """All points, as the server holds them."""

    def __init__(self, written: Callable[[Point | None, Point], None]) -> None:
        """`written` is called with a point before and after each write."""
        self.by_id: dict[str, Point] = {}
        self.positions: dict[str, int] = {}
        self._written = written

    def write(self, write: Write, writer: str) -> None:
        """Apply one conditional operation of this process."""
        before = self.by_id.get(write.product_id)
        if isinstance(write, Upsert):
            if before is None or self.lower(before, write.version):
                self._put(write.product_id, before, Point(dict(write.payload), write.words, write.dense, writer))
            return
        base = write.base if isinstance(write, Patch) else write.version
        if before is not None and self.same(before, base):
            after = Point({**before.payload, **write.payload}, before.words, before.dense, writer)
            self._put(write.product_id, before, after)

    def lower(self, point: Point, version: int) -> bool:
        """Return whether a whole point may be replaced by this version."""
        return bool(point.payload["version"] < version)

    def same(self, point: Point, version: int) -> bool:
        """Return whether a patch that was planned on this version may be applied."""
        return bool(point.payload["version"] == version)

    def clear_pending(self, product_id: str, fingerprint: str, fields: Mapping[str, Any]) -> None:
        """Clear the pending embedding of a point, where it is still that of this text."""
        point = self.by_id.get(product_id)
        if point is not None and point.payload["vector_due"] == fingerprint:
            cleared = {**point.payload, **fields, "vector_due": None, "vector_due_at_ms": None}
            self._put(product_id, point, Point(cleared, point.words, point.dense, point.writer))

    def begin_vector(self, made: DenseVector) -> None:
        """Say that a vector is being written, where the pending embedding is still that of its text."""
        point = self.by_id.get(made.product_id)
        if point is not None and point.payload["vector_due"] == made.fingerprint:
            begun = {**point.payload, "vector_fingerprint": being_written(made.fingerprint)}
            self._put(made.product_id, point, Point(begun, point.words, point.dense, point.writer))

    def end_vector(self, made: DenseVector) -> None:
        """Clear the pending embedding of a vector, where nothing was written since `begin_vector`."""
        point = self.by_id.get(made.product_id)
        if point is not None and point.payload["vector_fingerprint"] == being_written(made.fingerprint):
            self.clear_pending(made.product_id, made.fingerprint, {"vector_fingerprint": made.fingerprint})

    def write_vector(self, made: DenseVector) -> None:
        """Write a vector, where the pending embedding is still that of its text."""
        point = self.by_id.get(made.product_id)
        if point is not None and point.payload["vector_due"] == made.fingerprint:
            self._put(made.product_id, point, Point(point.payload, point.words, made.vector, point.writer))

    def version(self, product_id: str) -> int:
        """Return the stored version, or -1 where there is no point."""
        point = self.by_id.get(product_id)
        return -1 if point is None else cast("int", point.payload["version"])

    def where(self, partitions: Collection[int] | None, field: str, at_most: float = float("inf")) -> list[Payload]:
        """Return the payloads of these partitions, or of all, whose field has a value up to `at_most`, least first."""
        payloads = [point.payload for point in self.by_id.values()]
        found = [each for each in payloads if partitions is None or each["partition"] in partitions]
        due = [payload for payload in found if payload[field] is not None and payload[field] <= at_most]
        return [cast("Payload", payload) for payload in sorted(due, key=lambda payload: payload[field])]

    def _put(self, product_id: str, before: Point | None, after: Point) -> None:
        self.by_id[product_id] = after
        self._written(before, after)


class Request:
    """A call that is under way: its operations are applied one by one, then it is answered."""

    def __init__(self, what: str, operations: list[Operation], answer: Callable[[], Any]) -> None:
        self.what = what
        self._operations = operations
        self._answer = answer
        self.reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def writes(self) -> bool:
        """True if some of its operations are not applied yet."""
        return bool(self._operations)

    def step(self) -> bool:
        """Apply one operation; return whether that was the last."""
        if self._operations:
            self._operations.pop(0)()
        if self._operations:
            return False
        if not self.reply.done():
            self.reply.set_result(self._answer())
        return True

    def fail(self) -> None:
        """Answer that the index is away, and apply no further operation."""
        if not self.reply.done():
            self.reply.set_exception(Unavailable("the simulated index is away"))


class IndexClient:
    """The Index of one process: each call becomes a request, which the scheduler carries out."""

    collection = name = COLLECTION
    model = MODEL
    metadata = Metadata(COLLECTION, MODEL)

    def __init__(self, points: Points, ask: Callable[[Request], asyncio.Future[Any]], writer: str) -> None:
        """`writer`: the name of the process."""
        self._points = points
        self._writer = writer
        self._ask = ask

    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:

        def read() -> dict[str, Stored]:
            there = ((p, self._points.by_id[p]) for p in product_ids if p in self._points.by_id)
            return {p: Stored(cast("Payload", point.payload), point.dense if vectors else None) for p, point in there}

        result: dict[str, Stored] = await self._ask(Request(f"reads {'+'.join(product_ids)}", [], read))
        return result

    async def heads(self, product_ids: Collection[str]) -> dict[str, Payload]:

        def read() -> dict[str, Payload]:
            there = {p: self._points.by_id[p].payload for p in product_ids if p in self._points.by_id}
            return {p: complete_payload({name: whole[name] for name in HEAD_FIELDS}) for p, whole in there.items()}

        result: dict[str, Payload] = await self._ask(Request(f"reads heads {'+'.join(product_ids)}", [], read))
        return result

    async def times(self, product_ids: Collection[str]) -> dict[str, dict[str, int | None]]:
        return {p: head["searchable_at_ms"] for p, head in (await self.heads(product_ids)).items()}

    async def write(self, writes: Sequence[Write]) -> set[str]:
        patches = [write for write in writes if isinstance(write, Patch)]

        def missed() -> set[str]:
            return {p.product_id for p in patches if self._points.version(p.product_id) < p.version}

        # What was missed is asked for after the writes: something may come between.
        apply = [
            *(_bound(self._points.write, write, self._writer) for write in writes),
            *([_nothing] if patches else []),
        ]
        return cast("set[str]", await self._ask(Request(f"writes {_named(writes)}", apply, missed)))

    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        steps = [step for vector in vectors for step in self._vector_write(vector)]
        await self._ask(Request(f"writes the vectors of {'+'.join(v.product_id for v in vectors)}", steps, _nothing))

    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        step = _bound(self._points.clear_pending, product_id, fingerprint, {"vector_failed": reason})
        await self._ask(Request(f"gives up {product_id}", [step], _nothing))

    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:

        def read() -> list[Payload]:
            pending = self._points.where(partitions, "vector_due_at_ms")
            return pending[::-1][:limit] if newest else pending[:limit]

        return cast("list[Payload]", await self._ask(Request("reads the backlog", [], read)))

    async def due_price_changes(self, partitions: Collection[int] | None, now_ms: int, limit: int) -> list[Payload]:

        def read() -> list[Payload]:
            due = self._points.where(partitions, "price_changes_at_ms", now_ms)
            return [payload for payload in due if payload["status"] == Status.VISIBLE][:limit]

        return cast("list[Payload]", await self._ask(Request("reads windows", [], read)))

    async def pending_alerts(self, partitions: Collection[int], limit: int) -> list[Payload]:
        due = Request("reads alerts", [], lambda: self._points.where(partitions, "alerts_due_at_ms")[:limit])
        return cast("list[Payload]", await self._ask(due))

    async def count_pending_embeddings(self) -> int:
        return sum(point.payload["vector_due"] is not None for point in self._points.by_id.values())

    async def positions(self) -> dict[str, int]:
        return cast(
            "dict[str, int]", await self._ask(Request("reads positions", [], lambda: dict(self._points.positions)))
        )

    async def save_positions(self, positions: Mapping[str, int]) -> None:
        step = _bound(self._points.positions.update, dict(positions))
        await self._ask(Request(f"saves positions {dict(positions)}", [step], _nothing))

    async def flush(self) -> None:
        """Do nothing, because the points are in memory."""

    def _vector_write(self, made: DenseVector) -> Iterator[Operation]:
        yield _bound(self._points.begin_vector, made)
        yield _bound(self._points.write_vector, made)
        yield _bound(self._points.end_vector, made)


def _bound(call: Callable[..., None], *arguments: Any) -> Operation:
    return lambda: call(*arguments)


def _nothing() -> None: ...


def _named(writes: Sequence[Write]) -> str:
    return ", ".join(
        f"{type(write).__name__.lower()} {write.product_id}@{write.version & ((1 << 40) - 1)}" for write in writes
    )
