"""The end of a process' output, which often says why the process ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT_BYTES_READ = 64 << 10
"""The bytes that are read of the end: a log line with a traceback has some 5 KB."""


def last_words(output: Path) -> str:
    """Return the last line of an output; of a line of the log that has a traceback, the error at its end."""
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - OUTPUT_BYTES_READ))
        line = _last_of(file.read().decode(errors="replace"))
    try:
        return _last_of(str(orjson.loads(line)["exception"])) or line
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return line


def _last_of(text: str) -> str:
    """Return the last line in which something is said; those of groups of exceptions stand in frames."""
    lines = (line.strip(" |+-\r\t") for line in reversed(text.split("\n")))
    return next((line for line in lines if line), "")
