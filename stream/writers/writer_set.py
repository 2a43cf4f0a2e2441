"""The collections that item records are written to: as their roles say, each by a writer of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Gone, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.writers.writer import Writer
    from workers.index.interface import Collections, Index, Roles

    MakeWriter = Callable[[Index, bool], Writer]
    """(collection, whether it is being built)."""

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.5
AWAY_S = 0.5


class WriterSet:
    """Follows the roles, which announce a rebuild: every worker attaches what is being built and drops what is gone.

    A worker looks before the first record of a new assignment, so that none takes a partition over without knowing.
    """

    def __init__(self, collections: Collections, make: MakeWriter, serves: Callable[[Index], None]) -> None:
        """`serves`: told which collection serves, at first and whenever it is another."""
        self._collections = collections
        self._make = make
        self._serves = serves
        self._writers: dict[str, Writer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._turn = asyncio.Lock()
        self.roles: Roles

    @property
    def writers(self) -> list[Writer]:
        """All of them."""
        return list(self._writers.values())

    @property
    def serving(self) -> Writer:
        """That of the collection that searches ask."""
        return self._writers[self.roles.serving.collection]

    def writer(self, index: Index) -> Writer | None:
        """That of this collection; None once it is gone."""
        return self._writers.get(index.collection)

    async def refresh(self) -> None:
        """Attaches and drops as the roles are now. Raises Unavailable."""
        async with self._turn:
            roles = await self._collections.roles()
            for index in roles.all:
                if index.collection not in self._writers:
                    await self._attach(index, building=index is roles.building)
            self.roles = roles
            self._serves(roles.serving)
            for gone in self._writers.keys() - {index.collection for index in roles.all}:
                await self._detach(gone)

    async def refresh_until_available(self) -> None:
        """As `refresh`, and reads every collection's positions; waits while the index is away. Raises Gone."""
        while True:
            try:
                await self.refresh()
                for writer in self.writers:
                    await writer.read_positions()
            except Gone:
                raise  # What is there now is found by a process that starts anew.
            except Unavailable as error:
                log.warning("index away", error=str(error))
                await asyncio.sleep(AWAY_S)
            else:
                return

    async def run(self) -> None:
        """Runs the writers and follows the roles, for ever. Raises what only a restart can mend."""
        async with asyncio.TaskGroup() as self._group:
            for collection, writer in self._writers.items():
                self._start(collection, writer)
            while True:
                await asyncio.sleep(LOOK_INTERVAL_S)
                try:
                    await self.refresh()
                except Gone:
                    raise
                except Unavailable as error:
                    log.warning("roles unknown", error=str(error))

    async def _attach(self, index: Index, *, building: bool) -> None:
        writer = self._make(index, building)
        await writer.read_positions()
        self._writers[index.collection] = writer
        log.info("attached", collection=index.collection, building=building)
        if self._group is not None:
            self._start(index.collection, writer)

    def _start(self, collection: str, writer: Writer) -> None:
        assert self._group is not None
        self._tasks[collection] = self._group.create_task(self._run(writer), name=collection)

    async def _run(self, writer: Writer) -> None:
        """What a collection without a role says, as it is deleted, is no failure.

        Only then may what waits for it count as finished: a worker that ends commits what is, and nothing else.
        """
        try:
            await writer.run()
        except Exception:
            roles = await self._collections.roles()
            if writer.index.collection in {index.collection for index in roles.all}:
                raise
            writer.lanes.abandon()

    async def _detach(self, collection: str) -> None:
        writer = self._writers.pop(collection)
        if (task := self._tasks.pop(collection, None)) is not None:
            task.cancel()
            await asyncio.wait([task])
        writer.lanes.abandon()
        log.info("detached", collection=collection)
