"""The epoch of an item log, and the mark that says to which log the positions of a collection belong."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from schemas.points import point_epoch
from stream.kafka.log_identity import log_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.kafka.cluster import Cluster
    from stream.kafka.log_identity import LogIdentity
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

LOG = "log"
"""The name of the log's mark among a collection's positions."""
_MARK_BYTES = 6
"""Six bytes keep the mark below 2^53, like every position."""


def log_mark(log_id: str) -> int:
    """Return the mark of a log: a number that no other log has."""
    return int.from_bytes(sha256(log_id.encode()).digest()[:_MARK_BYTES])


async def identity_for(index: Index, kafka: Cluster) -> LogIdentity:
    """Return the identity of the log at these brokers, with an epoch above that of any other log that filled the index.

    Two clusters may have reached the same epoch. If the index was filled from the other cluster, this log gets a higher
    epoch, so that the index is filled again. Raises Unavailable.
    """
    kept = await index.positions()
    highest = _highest_epoch(kept)
    identity = await log_identity(kafka, epoch_floor=highest)
    if identity.epoch == highest and kept.get(LOG) not in (None, log_mark(identity.log_id)):
        log.warning("the index was filled from another log: it is filled again from this one", kafka=str(kafka))
        identity = await log_identity(kafka, epoch_floor=highest + 1)
    return identity


def _highest_epoch(kept: Mapping[str, int]) -> int:
    return max((point_epoch(version) for name, version in kept.items() if name.isdecimal()), default=0)
