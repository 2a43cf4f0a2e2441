"""Partitions of topics, and the partition that the records of a product belong to."""

from __future__ import annotations

from typing import NamedTuple

from aiokafka.partitioner import murmur2


class Partition(NamedTuple):
    """A topic-partition."""

    topic: str
    number: int


def all_partitions(*topics: str, each: int) -> list[Partition]:
    """Return the partitions of topics that have so many each, topic by topic."""
    return [Partition(topic, number) for topic in topics for number in range(each)]


def partition_of(key: bytes, partitions: int) -> int:
    """Return the number of the partition of a product's records, by the product's id or the key of one of its reviews.

    The key of a review is the product's id, NUL and the review's id. The hash is murmur2, as in Java's default
    partitioner, so every client of Kafka that follows Java puts a product into the same partition.
    """
    product_id = key.partition(b"\0")[0]
    return int(murmur2(product_id) & 0x7FFFFFFF) % partitions
