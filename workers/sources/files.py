"""The rows of a file: JSON lines, a JSON array, delimited text or XML, packed or in UTF-16, recognised by its bytes."""

from __future__ import annotations

import gzip
import json
import zlib
from codecs import BOM_UTF8
from typing import IO, TYPE_CHECKING, NamedTuple

from schemas.errors import InvalidEvent, WrongUsage
from schemas.events import EVENT_BYTES_MAX
from workers.sources.delimited import DELIMITERS, delimited_rows, known_delimiter, likely_delimiter
from workers.sources.json_values import CHUNK_CHARACTERS, is_answer, json_rows
from workers.sources.row import Row
from workers.sources.unpacking import PEEK_BYTES, unpacked
from workers.sources.xml_rows import xml_rows

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
"""The errors of reading a packed file that was cut off or damaged."""


class Shape(NamedTuple):
    """The shape of a file."""

    name: str
    delimiter: str | None = None
    """The sign between the cells of delimited text."""

    @property
    def has_texts(self) -> bool:
        """True if the rows are texts by name, not JSON."""
        return self.delimiter is not None or self.name == "XML"


def rows(file: IO[bytes], *, takes_text: bool, chunk_characters: int = CHUNK_CHARACTERS) -> Iterator[Row]:
    """Yield the rows that are not blank. `takes_text`: whether the format is one of delimited text or XML.

    A JSON array is read `chunk_characters` at a time.

    Raises WrongUsage, before the first row, for a file that is something else, with what to do.
    """
    shape, text = recognised_file(file, is_table=takes_text)
    if shape.has_texts and not takes_text:
        raise WrongUsage(
            f"the file is {shape.name}: give `--format google-merchant` for a Merchant feed, or `--format csv` for a "
            "table whose header has our field names"
        )
    return rows_of(shape, text, chunk_characters)


def recognised_file(file: IO[bytes], *, is_table: bool = False) -> tuple[Shape, io.BufferedReader]:
    """Return the shape of a file, and its text. `is_table`: it is delimited text, unless it is JSON or XML.

    Raises WrongUsage for a file that cannot be read as text.
    """
    try:
        text = unpacked(file)
        start = text.peek(PEEK_BYTES)[:PEEK_BYTES]
        return shape_of(start, is_table=is_table), text
    except BROKEN as error:
        raise WrongUsage(f"the file is packed by gzip and broken ({error}): pack it again") from None


def rows_of(shape: Shape, text: io.BufferedReader, chunk_characters: int = CHUNK_CHARACTERS) -> Iterator[Row]:
    """Yield the rows of a text of this shape that are not blank."""
    if shape.has_texts:
        return _to_the_end(xml_rows(text) if shape.delimiter is None else delimited_rows(text, shape.delimiter))
    return _to_the_end(json_rows(text, chunk_characters) if shape.name != "JSON lines" else _lines(text))


def _to_the_end(found: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows, and a last one that says why the file cannot be read further, if it cannot."""
    number = 0
    try:
        for row in found:
            number = row.number
            yield row
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        reason = f"the file is not UTF-8 behind row {number}: it has the byte 0x{byte:02x}: encode it as UTF-8"
        yield Row(number + 1, InvalidEvent(reason))
    except BROKEN as error:
        yield Row(number + 1, InvalidEvent(f"the file is packed by gzip and broken here ({error}): pack it again"))


def shape_of(start: bytes, *, is_table: bool = False) -> Shape:
    """Return the shape of a file that begins with these bytes of UTF-8. `is_table`: see `recognised_file`."""
    text = start.decode(errors="replace").lstrip()
    if text.startswith("[") or is_answer(text):
        return Shape("a JSON array")
    if text.startswith("<"):
        return Shape("XML")
    first = text.partition("\n")[0]
    if text.startswith("{"):
        return Shape("JSON lines" if _is_json(first) or not _begins_with_json(text) else "JSON over several lines")
    delimiter = likely_delimiter(text) if is_table and text else known_delimiter(text)
    return Shape("JSON lines") if delimiter is None else Shape(DELIMITERS[delimiter], delimiter)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _begins_with_json(text: str) -> bool:
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(file: io.BufferedReader) -> Iterator[Row]:
    """Yield the lines. A line that is too long is cut just behind the limit, where checking it finds that out; the rest
    of it is no line of its own.

    Files that were put together have a byte order mark in their middle.
    """
    number, bytes_max = 0, EVENT_BYTES_MAX + 2
    while line := file.readline(bytes_max):
        number += 1
        part = line
        while len(part) == bytes_max and not part.endswith(b"\n"):
            part = file.readline(bytes_max)
        if text := line.removeprefix(BOM_UTF8).strip():
            yield Row(number, text)
