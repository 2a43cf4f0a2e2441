"""Small files that are whole at any moment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import orjson

from schemas.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


def write_json(path: Path, value: object) -> None:
    """As `write_whole`."""
    write_whole(path, orjson.dumps(value, option=orjson.OPT_INDENT_2))


def write_whole(path: Path, content: bytes) -> None:
    """Takes the place of the old file in one step. Raises Unavailable if the disk is full, say."""
    anew = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with anew.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        anew.replace(path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error.strerror}): free some space") from error
