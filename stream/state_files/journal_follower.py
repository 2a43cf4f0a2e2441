"""Follows the log of one life of the embedded broker into the journal."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from stream.kafka.reader import Reader
from stream.state_files.records import JOURNAL_WRITER, kept_partitions, kept_record, publish_states
from workers.retry import Backoff, until_available

if TYPE_CHECKING:
    from schemas.errors import Unavailable
    from stream.kafka.cluster import Cluster
    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record
    from stream.state_files.journal import Journal

log = logging.getLogger(__name__)

PULL_WAIT_MS = 100
"""A confirmed record reaches the journal within about twice this time."""
DISK_FULL_BACKOFF = Backoff(2.0, 2.0)


class JournalFollower:
    """Publishes the records of the journal to an empty log, and then appends to the journal what the log gets."""

    def __init__(
        self, kafka: Cluster, journal: Journal, partitions: int, disk_full: Backoff = DISK_FULL_BACKOFF
    ) -> None:
        self._disk_full = disk_full
        self._kafka = kafka
        self._journal = journal
        self._reader = Reader(kafka, fetch_wait_ms=PULL_WAIT_MS)
        self._positions = dict.fromkeys(kept_partitions(partitions), 0)

    @property
    def positions(self) -> dict[Partition, int]:
        """The offset of the next record for the journal, by partition."""
        return dict(self._positions)

    async def end_offsets(self) -> dict[Partition, int]:
        """Return the end offsets of these partitions now, also while `follow` runs. Raises Unavailable."""
        return await self._reader.end_offsets()

    async def start(self) -> int:
        """Publish the journal's records to an empty log, and return their number. Raises Unavailable."""
        count = await publish_states(self._kafka, self._journal.records(), writer=JOURNAL_WRITER)
        await self._reader.start()
        self._reader.assign(self._positions)
        if sum((end_offsets := await self._reader.end_offsets()).values()) == count:
            self._positions = end_offsets
        # Otherwise an import writes to the log already, and all of the log is read.
        self._reader.assign(self._positions)
        return count

    async def follow(self) -> None:
        """Append the records that the log gets, until cancelled; while the disk is full, wait for room."""
        async for records in self._reader.follow():
            await until_available(partial(self._append, records), None, self._disk_full, before_wait=_warn)

    async def pull(self) -> None:
        """Append all records that were confirmed before the call; not while `follow` runs.

        Raises Unavailable if the broker is away or the disk is full.
        """
        self._reader.assign(self._positions)
        async for records in self._reader.read_to_end():
            await self._append(records)

    async def stop(self) -> None:
        """Close the connections; the journal stays open."""
        await self._reader.stop()

    async def _append(self, records: list[Record]) -> None:
        self._journal.append(kept for record in records if (kept := kept_record(record)))
        self._positions[records[-1].partition] = records[-1].offset + 1


def _warn(error: Unavailable, wait_s: float) -> None:
    log.warning("freshline: %s; again in %.0f s", error, wait_s)
