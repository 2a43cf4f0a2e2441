"""The end of a process' output, which often says why the process ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT_BYTES_READ = 64 << 10
"""The bytes that are read from the end of the output. A log line with a traceback has some 5 KB."""
_FRAME_OF_JAVA = re.compile(r"\s+(?:at .*|\.\.\. \d+ more)")
"""The lines of a Java traceback below the error."""


def last_words(output: Path) -> str:
    """Return the last line of an output. If it is a log line with a traceback, return the error at the end of that."""
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - OUTPUT_BYTES_READ))
        line = last_said(file.read().decode(errors="replace"))
    try:
        return last_said(str(orjson.loads(line)["exception"])) or line
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return line


def last_said(text: str) -> str:
    """Return the last line that says something, without the frame that Python draws around groups of exceptions."""
    said = (line for line in reversed(text.split("\n")) if not _FRAME_OF_JAVA.match(line))
    return next(filter(None, (line.strip(" |+-\r\t") for line in said)), "")
