"""How far a replay is, kept on this machine, so that the same command goes on after it was cut off."""

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

KEPT_HOURS_MAX = 24
"""Since the last confirmation. After that the same words ("the last hour") mean something else."""


@dataclass(slots=True)
class ReplayPosition:
    """Times in milliseconds since the epoch."""

    path: Path
    begun_ms: int
    span: OffsetRange
    selection: Selection
    """As it was understood at the beginning: "1h" means the hour before it."""
    next: dict[Partition, int]
    """By partition the first offset that is not confirmed."""
    sent: int = 0

    @classmethod
    def read(cls, path: Path, topic: str, now_ms: int) -> Self | None:
        """What an earlier run kept; None if there is nothing, or nothing that still holds."""
        try:
            kept = orjson.loads(path.read_bytes())
            parts = {Partition(topic, int(number)): part for number, part in kept["partitions"].items()}
            age_ms = now_ms - int(path.stat().st_mtime * 1000)
            position = cls(
                path,
                int(kept["begun_ms"]),
                OffsetRange(_offsets(parts, "first"), _offsets(parts, "end")),
                _selection(kept["selection"]),
                _offsets(parts, "next"),
                int(kept["sent"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return position if age_ms < KEPT_HOURS_MAX * 3_600_000 else None

    @property
    def rest(self) -> OffsetRange:
        """What is not confirmed yet."""
        return OffsetRange(self.next, self.span.end)

    def confirm(self, place: Partition, offset: int) -> None:
        """A record is in the target, and all that were sent before it."""
        self.next[place] = offset + 1
        self.sent += 1

    def save(self) -> None:
        """Atomically."""
        parts = {
            str(place.number): {"first": first, "next": self.next[place], "end": self.span.end[place]}
            for place, first in self.span.first.items()
        }
        first, end, partition, key = self.selection
        selection = {"first": list(first), "end": list(end), "partition": partition, "key": key and key.decode()}
        write_json(
            self.path, {"begun_ms": self.begun_ms, "sent": self.sent, "selection": selection, "partitions": parts}
        )

    def forget(self) -> None:
        """It is done."""
        self.path.unlink(missing_ok=True)


def position_path(state_dir: Path, topic: str, words: Sequence[object]) -> Path:
    """Of a replay of this topic; `words`: whatever makes it another one if it differs."""
    return state_dir / "replays" / f"{topic}-{sha256(orjson.dumps(list(words))).hexdigest()[:16]}.json"


def _offsets(parts: dict[Partition, dict[str, Any]], name: str) -> dict[Partition, int]:
    return {place: int(part[name]) for place, part in parts.items()}


def _selection(kept: dict[str, Any]) -> Selection:
    key = kept["key"]
    return Selection(
        Bound(*kept["first"]), Bound(*kept["end"]), kept["partition"], None if key is None else str(key).encode()
    )
