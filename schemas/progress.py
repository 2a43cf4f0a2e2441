"""The records of the topic `progress`: how far each worker has come with each partition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

ITEMS_STAGE = "items"
INDEX_STAGE = "index"
WORKER_STAGE = "worker"


@dataclass(frozen=True, slots=True)
class ItemsProgress:
    """The items app: every input event below `finished` is in the item log below `items_end`, or needs no record."""

    partition: int
    finished: dict[str, int]
    """The first offset that is not acked, by input topic. The name is a field of the stored JSON."""
    items_end: int


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """The index app: every item record below `finished` is searchable in this collection."""

    partition: int
    collection: str
    finished: int


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """The counters of a worker that serves no HTTP."""

    worker: str
    counters: dict[str, float]
    """The values by metric and label, such as "dead_letters/prices"."""

    @property
    def partition(self) -> int:
        """The partition that such reports are written to; they concern no partition."""
        return 0


Progress = ItemsProgress | IndexProgress | WorkerReport


def encode(log_id: str, progress: Progress) -> tuple[bytes, bytes]:
    """Return key and value of a record. Compaction keeps the latest record of each key: log, stage, subject."""
    match progress:
        case ItemsProgress(partition=partition):
            subject: list[Any] = [ITEMS_STAGE, partition]
        case IndexProgress(partition=partition, collection=collection):
            subject = [INDEX_STAGE, partition, collection]
        case WorkerReport(worker=worker):
            subject = [WORKER_STAGE, worker]
    return orjson.dumps([log_id, *subject]), orjson.dumps(progress)


def decode(log_id: str, key: bytes | None, value: bytes | None) -> Progress | None:
    """Return the record; None if it belongs to another log or is no progress record (such as the log's identity)."""
    try:
        parts = orjson.loads(key or b"null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parts, list) or value is None or parts[0] != log_id:
        return None
    stages = {ITEMS_STAGE: ItemsProgress, INDEX_STAGE: IndexProgress, WORKER_STAGE: WorkerReport}
    progress: Progress = stages[parts[1]](**orjson.loads(value))
    return progress
