"""Counts what a replay would send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stream.kafka.reader import Record

KEYS_MAX = 100_000
"""Different keys that are counted; beyond it is "at least"."""
KEYS_SHOWN = 5


@dataclass(slots=True)
class PartitionCounts:
    """Of one partition: its records, and the first and last offset and timestamp of these."""

    records: int = 0
    first_offset: int = 0
    last_offset: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def count(self, offset: int, timestamp_ms: int) -> None:
        """One more."""
        if not self.records:
            self.first_offset, self.first_ms, self.last_ms = offset, timestamp_ms, timestamp_ms
        self.records += 1
        self.last_offset = offset
        self.first_ms, self.last_ms = min(self.first_ms, timestamp_ms), max(self.last_ms, timestamp_ms)


@dataclass(slots=True)
class ReplayPlan:
    """What would be sent."""

    parts: dict[int, PartitionCounts] = field(default_factory=dict)
    """By partition of the source."""
    size_bytes: int = 0
    """Of keys and values."""
    copies: int = 0
    """Left out: an earlier replay's copies of records that are sent anyway."""
    keys: dict[bytes | None, None] = field(default_factory=dict)
    """The first KEYS_MAX different ones, in their order."""

    @property
    def records(self) -> int:
        """In all."""
        return sum(part.records for part in self.parts.values())

    def count(self, record: Record) -> None:
        """It would be sent."""
        self.parts.setdefault(record.partition.number, PartitionCounts()).count(record.offset, record.timestamp_ms)
        self.size_bytes += len(record.key or b"") + len(record.value or b"")
        if len(self.keys) < KEYS_MAX:
            self.keys.setdefault(record.key)

    def as_json(self) -> dict[str, Any]:
        """For `--json`; timestamps in milliseconds since the epoch."""
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
        """A few of them, as text."""
        return [_text(key) for key, _ in zip(self.keys, range(KEYS_SHOWN), strict=False)]


def _text(key: bytes | None) -> str:
    return "(no key)" if key is None else key.decode(errors="backslashreplace")


def _fields(part: PartitionCounts) -> dict[str, int]:
    return {name: getattr(part, name) for name in PartitionCounts.__slots__}
