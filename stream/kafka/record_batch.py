"""The unit that flows through a worker: records of one partition that one fetch returned, at most 256; or a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream.kafka.partitions import Partition


class FetchedRecord(Protocol):
    """A record as aiokafka returns it from a fetch."""

    @property
    def offset(self) -> int:
        """The offset of the record in its partition."""

    @property
    def timestamp(self) -> int:
        """The time of the record, by its producer or its broker, in milliseconds since the epoch."""

    @property
    def timestamp_type(self) -> int | None:
        """Whose time that is: 0 its producer's, 1 its broker's."""

    @property
    def key(self) -> bytes | None:
        """The key of the record."""

    @property
    def value(self) -> bytes | None:
        """The value of the record."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The headers of the record, in the order of its producer."""


class RecordBatch(NamedTuple):
    """Records of one partition, in the order of their offsets. A lone event is a batch of one.

    A batch without records says that a gap was passed: offsets that have none, such as the marker at the end of a
    transaction.
    """

    partition: Partition
    generation_id: int
    """The generation of the consumer group in which they were fetched."""
    records: Sequence[FetchedRecord]
    end: int
    """The offset up to which the partition was read with this batch."""
