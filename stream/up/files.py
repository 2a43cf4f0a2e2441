"""Small JSON files that are whole at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path


def write_json(path: Path, value: object) -> None:
    """Takes the place of the old file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    anew = path.with_name(path.name + ".new")
    anew.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))
    anew.replace(path)
