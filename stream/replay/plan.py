"""Counts the records that a replay would send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stream.kafka.reader import Record

KEYS_MAX = 100_000
"""The most different keys that are counted; with more, the number is reported as "at least"."""
KEYS_SHOWN = 5
"""The keys that a plan names as examples."""


@dataclass(slots=True)
class PartitionCounts:
    """The number of records of one partition, and their first and last offset and timestamp."""

    records: int = 0
    first_offset: int = 0
    last_offset: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def count(self, offset: int, timestamp_ms: int) -> None:
        """Count one more record."""
        if not self.records:
            self.first_offset, self.first_ms, self.last_ms = offset, timestamp_ms, timestamp_ms
        self.records += 1
        self.last_offset = offset
        self.first_ms, self.last_ms = min(self.first_ms, timestamp_ms), max(self.last_ms, timestamp_ms)


@dataclass(slots=True)
class ReplayPlan:
    """The records that a replay would send, counted while they are read."""

    parts: dict[int, PartitionCounts] = field(default_factory=dict)
    """The counts of each partition of the source."""
    size_bytes: int = 0
    """The bytes of all keys and values."""
    copies: int = 0
    """The records left out because an earlier replay copied them from records that this one sends anyway."""
    keys: dict[bytes | None, None] = field(default_factory=dict)
    """The first KEYS_MAX different keys, in the order in which they came."""

    @property
    def records(self) -> int:
        """The number of records in all partitions."""
        return sum(part.records for part in self.parts.values())

    def count(self, record: Record) -> None:
        """Count a record that would be sent."""
        self.parts.setdefault(record.partition.number, PartitionCounts()).count(record.offset, record.timestamp_ms)
        self.size_bytes += len(record.key or b"") + len(record.value or b"")
        if len(self.keys) < KEYS_MAX:
            self.keys.setdefault(record.key)

    def as_json(self) -> dict[str, Any]:
        """Return the fields that `--json` prints; timestamps are in milliseconds since the epoch."""
        return {
            "records": self.records,
            "bytes": self.size_bytes,
            "copies_left_out": self.copies,
            "keys": len(self.keys),
            "keys_are_at_least": len(self.keys) >= KEYS_MAX,
            "first_keys": self.first_keys(),
            "partitions": [{"partition": number, **_fields(part)} for number, part in sorted(self.parts.items())],
        }

    def first_keys(self) -> list[str]:
        """Return a few of the keys as text."""
        return [_text(key) for key, _ in zip(self.keys, range(KEYS_SHOWN), strict=False)]


def _text(key: bytes | None) -> str:
    return "(no key)" if key is None else key.decode(errors="backslashreplace")


def _fields(part: PartitionCounts) -> dict[str, int]:
    return {name: getattr(part, name) for name in PartitionCounts.__slots__}
