"""Partitions of topics, and which of them a product's records belong to."""

from __future__ import annotations

from typing import NamedTuple

from aiokafka.partitioner import murmur2


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


def partition_of(key: bytes, partitions: int) -> int:
    """Where records of a product are, by its id or the key of one of its reviews (id NUL review id): as Java has it."""
    product_id = key.partition(b"\0")[0]
    return int(murmur2(product_id) & 0x7FFFFFFF) % partitions
