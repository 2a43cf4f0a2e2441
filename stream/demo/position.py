"""Where the demo is in its script, kept in the data directory, so that a second start goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class DemoPosition:
    """Saved every few seconds: what a crash makes the demo send twice changes nothing."""

    path: Path
    loaded: bool = False
    """Whether the whole catalogue is in the log."""
    changes: int = 0
    """Changes sent after it."""

    @classmethod
    def read(cls, data_dir: Path) -> DemoPosition:
        """The start of the script if there is none, or none that can be read."""
        path = data_dir / "demo.json"
        try:
            kept = orjson.loads(path.read_bytes())
            return cls(path, bool(kept["loaded"]), int(kept["changes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def save(self) -> None:
        """Atomically."""
        new = self.path.with_suffix(".new")
        new.write_bytes(orjson.dumps({"loaded": self.loaded, "changes": self.changes}))
        new.replace(self.path)
