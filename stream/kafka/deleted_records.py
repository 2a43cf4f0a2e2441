"""Records that a broker has deleted before a worker read them: retention ended while the worker was away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.kafka.partitions import Partition

log = structlog.get_logger(__name__)


def log_deleted(starts: Mapping[Partition, int], begins: Mapping[Partition, int]) -> None:
    """Log an error for each partition whose log begins behind the offset at which reading was to begin.

    aiokafka goes on at the beginning of the log, and says so in a line that is no warning. A start at offset 0 tells
    nothing: the group is new, and the topic may be old.
    """
    for partition, start in starts.items():
        begin = begins.get(partition, 0)
        if 0 < start < begin:
            log.error(
                "records were deleted before they were read: raise retention.ms, and send them again",
                topic=partition.topic,
                partition=partition.number,
                offset=start,
                deleted=begin - start,
            )
