"""The writer set: it follows the roles of the collections, and attaches one writer to each collection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from stream.writers.writer import Writer
from workers.index.metadata import outdated_words
from workers.retry import Backoff, every, until_available

if TYPE_CHECKING:
    from collections.abc import Collection

    from stream.writers.attached import AttachedWriter
    from stream.writers.context import WriterContext
    from stream.writers.progress_sink import InformedWatermark
    from workers.index.interface import Index
    from workers.index.roles import Collections, Roles

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.5
AWAY = Backoff(0.5, 0.5)


class WriterSet:
    """Follows the roles of the collections, and attaches and detaches writers accordingly.

    The roles announce a rebuild: every worker then attaches a writer to the collection that is being built, and
    detaches the writers of deleted collections.

    A worker reads the roles before the first record of a new assignment, so that it knows every collection before it
    writes to any of them.
    """

    def __init__(self, collections: Collections, context: WriterContext, watermark: InformedWatermark) -> None:
        self._collections = collections
        self._context = context
        self._attached = context.attached
        self._watermark = watermark
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._turn = asyncio.Lock()
        self._roles: Roles | None = None

    @property
    def roles(self) -> Roles:
        """The roles as they were last read; empty before the first `refresh`."""
        assert self._roles is not None, "the roles were not read yet"
        return self._roles

    @property
    def assigned(self) -> Collection[int]:
        """The partitions of the item log that this process writes."""
        return self._context.assignment.partitions

    @property
    def writers(self) -> list[AttachedWriter]:
        """All writers."""
        return self._attached.all

    @property
    def serving(self) -> AttachedWriter:
        """The writer of the collection that searches ask."""
        return self._attached.serving

    def writer(self, index: Index) -> AttachedWriter | None:
        """Return the writer of a collection; None once the collection has been deleted."""
        return self._attached.get(index.collection)

    async def refresh(self) -> None:
        """Read the roles, and attach and detach writers accordingly. Raises Unavailable."""
        async with self._turn:
            roles = await self._collections.roles()
            for index in roles.all:
                if self.writer(index) is None:
                    await self._attach(index, building=index is roles.building)
            self._roles = roles
            self._attached.serve(roles.serving.collection)
            self._watermark.serve(roles.serving.collection)
            for gone in self._attached.collections() - {index.collection for index in roles.all}:
                await self._detach(gone)

    async def refresh_until_available(self) -> None:
        """Refresh, and read the positions of every collection; wait while the index is unavailable.

        Raises Gone if a collection has been deleted: the worker must then start again, to find the present collections.
        """
        await until_available(self._refresh_and_read, "index away", AWAY)

    async def run(self) -> None:
        """Run the writers and follow the roles until cancelled. Raises errors that only a restart can repair."""
        async with asyncio.TaskGroup() as self._group:
            for writer in self._attached.all:
                self._start(writer)
            await every(LOOK_INTERVAL_S, self.refresh, "roles unknown")

    async def _refresh_and_read(self) -> None:
        await self.refresh()
        for writer in self._attached.all:
            await writer.read_positions()

    async def _attach(self, index: Index, *, building: bool) -> None:
        writer = Writer(index, self._context, building=building)
        await writer.read_positions()
        self._attached.attach(writer)
        log.info("attached", collection=index.collection, building=building)
        if (outdated := outdated_words(index.metadata)) is not None:
            log.warning(outdated)
        if self._group is not None:
            self._start(writer)

    def _start(self, writer: AttachedWriter) -> None:
        assert self._group is not None
        name = writer.index.collection
        self._tasks[name] = self._group.create_task(self._run(writer), name=name)

    async def _run(self, writer: AttachedWriter) -> None:
        """Run a writer, and ignore its error if the collection has lost its role, because it is then being deleted.

        Only in that case may the records that wait for the collection be acked: a worker that ends commits exactly the
        acked records.
        """
        try:
            await writer.run()
        except Exception:
            roles = await self._collections.roles()
            if writer.index.collection in {index.collection for index in roles.all}:
                raise
            writer.lanes.abandon()

    async def _detach(self, collection: str) -> None:
        writer = self._attached.detach(collection)
        if (task := self._tasks.pop(collection, None)) is not None:
            task.cancel()
            await asyncio.wait([task])
        writer.lanes.abandon()
        self._watermark.forget(collection)
        log.info("detached", collection=collection)
