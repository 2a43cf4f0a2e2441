"""The position of a replay, saved on this machine, so that the same command goes on after it was cut off."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import orjson

from stream.kafka.partitions import Partition
from stream.replay.offset_range import OffsetRange
from stream.replay.selection import Bound, Selection
from stream.runtime.atomic_files import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SAVED_HOURS_MAX = 24
"""The most hours since the last confirmation. After that the same selection ("the last hour") means something else."""


@dataclass(slots=True)
class ReplayPosition:
    """The offsets that a replay has still to send; it can be saved and read again."""

    path: Path
    begun_ms: int
    """The time at which the replay was begun, in milliseconds since the epoch."""
    offset_range: OffsetRange
    """All offsets of the replay, fixed when it was begun."""
    selection: Selection
    """The selection as it was understood at the beginning: "1h" means the hour before that."""
    next: dict[Partition, int]
    """The first offset of each partition that is not confirmed yet."""
    sent: int = 0
    """The records confirmed so far, by all runs of the command."""

    @classmethod
    def read(cls, path: Path, topic: str, now_ms: int) -> Self | None:
        """Return the position that an earlier run saved; None if there is none, or it is damaged or too old."""
        try:
            saved = orjson.loads(path.read_bytes())
            parts = {Partition(topic, int(number)): part for number, part in saved["partitions"].items()}
            age_ms = now_ms - int(path.stat().st_mtime * 1000)
            position = cls(
                path,
                int(saved["begun_ms"]),
                OffsetRange(_offsets(parts, "first"), _offsets(parts, "end")),
                _selection(saved["selection"]),
                _offsets(parts, "next"),
                int(saved["sent"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return position if age_ms < SAVED_HOURS_MAX * 3_600_000 else None

    @property
    def rest(self) -> OffsetRange:
        """The range that is not confirmed yet."""
        return OffsetRange(self.next, self.offset_range.end)

    def confirm(self, partition: Partition, offset: int) -> None:
        """Note that this record and all that were sent before it are in the target."""
        self.next[partition] = offset + 1
        self.sent += 1

    def skip(self, partition: Partition, offset: int) -> None:
        """Note that this record is refused, and that the next run begins behind it."""
        self.next[partition] = offset + 1

    def save(self) -> None:
        """Write the file in one step: a kill leaves the old or the new one."""
        parts = {
            str(partition.number): {
                "first": first,
                "next": self.next[partition],
                "end": self.offset_range.end[partition],
            }
            for partition, first in self.offset_range.first.items()
        }
        first, end, number, key = self.selection
        selection = {"first": list(first), "end": list(end), "partition": number, "key": key and key.decode()}
        write_json(
            self.path, {"begun_ms": self.begun_ms, "sent": self.sent, "selection": selection, "partitions": parts}
        )

    def forget(self) -> None:
        """Remove the file: the replay is complete."""
        self.path.unlink(missing_ok=True)


def position_path(state_dir: Path, topic: str, identity: Sequence[object]) -> Path:
    """Return the file of a replay of this topic. If any part of `identity` differs, it is another replay."""
    return state_dir / "replays" / f"{topic}-{sha256(orjson.dumps(list(identity))).hexdigest()[:16]}.json"


def _offsets(parts: dict[Partition, dict[str, Any]], name: str) -> dict[Partition, int]:
    return {partition: int(part[name]) for partition, part in parts.items()}


def _selection(saved: dict[str, Any]) -> Selection:
    key = saved["key"]
    return Selection(
        Bound(*saved["first"]), Bound(*saved["end"]), saved["partition"], None if key is None else str(key).encode()
    )
