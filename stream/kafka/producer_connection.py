"""The connection of a producer of kafka-python: how it begins and ends, and which errors mean that it is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import KafkaProducer
from kafka.errors import (
    BrokerResponseError,
    InvalidProducerEpochError,
    KafkaError,
    KafkaTimeoutError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)

from schemas.errors import Unavailable
from stream.kafka.diagnosis import diagnose

if TYPE_CHECKING:
    from kafka.producer.future import RecordMetadata

    from stream.kafka.cluster import Cluster

REQUEST_BYTES_MAX = 8 * 1024 * 1024
UNKNOWN_PRODUCER_ERRORS = (
    InvalidProducerEpochError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)
"""Errors of a broker that no longer knows the producer, and accepts nothing more from it."""


def connect(kafka: Cluster, *, confirm_seconds_max: int, connect_seconds_max: float) -> KafkaProducer:
    """Return a producer of kafka-python. Raises Unavailable if no broker answers."""
    try:
        return KafkaProducer(
            **kafka.for_kafka_python,
            acks="all",
            linger_ms=2,
            max_request_size=REQUEST_BYTES_MAX,
            delivery_timeout_ms=confirm_seconds_max * 1000,
            request_timeout_ms=confirm_seconds_max * 500,
            max_block_ms=10_000,
            bootstrap_timeout_ms=round(connect_seconds_max * 1000),
        )
    except (KafkaError, ValueError, OSError) as error:
        nobody = Unavailable(f"no broker answers at {kafka} ({error}): is it running there?")
        raise diagnose(kafka) or nobody from None


def end(kafka: KafkaProducer, seconds_max: float) -> None:
    """Close the connection. Records that are not confirmed by then never will be."""
    try:
        kafka.close(timeout=seconds_max)
    except KafkaTimeoutError:
        # It could not flush, and would go on trying beside the next producer. There is no public way to end it at once.
        # See docs/traps.md#kafka-python.
        kafka._sender.force_close()


def is_loss(outcome: RecordMetadata | KafkaError) -> bool:
    """Return whether the broker was lost, as opposed to one that refused this record."""
    if not isinstance(outcome, KafkaError):
        return False
    return (
        outcome.retriable
        or isinstance(outcome, UNKNOWN_PRODUCER_ERRORS)
        or not isinstance(outcome, BrokerResponseError)
    )
