"""The ids of canaries."""

from __future__ import annotations

from functools import lru_cache
from itertools import count

from schemas.canaries import CANARY_PREFIX
from stream.kafka.partitions import partition_of


@lru_cache
def canary_id(number: int, partitions: int) -> str:
    """Return the id of the canary of a partition: the first one that belongs there."""
    ids = (f"{CANARY_PREFIX}{number}-{attempt}" for attempt in count())
    return next(each for each in ids if partition_of(each.encode(), partitions) == number)
