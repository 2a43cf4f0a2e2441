"""Small files that are replaced in one step, so that a reader always finds a complete one."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import orjson

from schemas.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a system whose disk, or whose share of it, is full."""


def write_json(path: Path, value: object) -> None:
    """Replace the file by this value as indented JSON. Raises Unavailable like `write_whole`."""
    write_whole(path, orjson.dumps(value, option=orjson.OPT_INDENT_2))


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file by this content in one step, which also survives a crash of the machine.

    Raises Unavailable if the file cannot be written, because the disk is full for example. The old file stays then.
    """
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        advice = "free some space" if error.errno in FULL else f"let this user write in {path.parent}"
        raise Unavailable(f"{path} cannot be written ({error.strerror}): {advice}") from error
