"""Records of the topic `progress`: how far each stage is with each partition."""

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
    """By input topic: the first offset that is not finished."""
    items_end: int


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """The index app: every item record below `finished` is searchable in this collection."""

    partition: int
    collection: str
    finished: int


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """Counters of a worker that serves no HTTP of its own."""

    worker: str
    counters: dict[str, float]
    """By metric and label, e.g. "dead_letters/prices"."""

    @property
    def partition(self) -> int:
        """It is of none: where such reports are kept."""
        return 0


Progress = ItemsProgress | IndexProgress | WorkerReport


def encode(log_id: str, progress: Progress) -> tuple[bytes, bytes]:
    """Key and value of a record. The key ends with what the record is the latest word on."""
    match progress:
        case ItemsProgress(partition=partition):
            place: list[Any] = [ITEMS_STAGE, partition]
        case IndexProgress(partition=partition, collection=collection):
            place = [INDEX_STAGE, partition, collection]
        case WorkerReport(worker=worker):
            place = [WORKER_STAGE, worker]
    return orjson.dumps([log_id, *place]), orjson.dumps(progress)


def decode(log_id: str, key: bytes | None, value: bytes | None) -> Progress | None:
    """The record, or None if it is of another log or not a stage's word (such as the log's identity)."""
    try:
        place = orjson.loads(key or b"null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(place, list) or value is None or place[0] != log_id:
        return None
    stages = {ITEMS_STAGE: ItemsProgress, INDEX_STAGE: IndexProgress, WORKER_STAGE: WorkerReport}
    progress: Progress = stages[place[1]](**orjson.loads(value))
    return progress
