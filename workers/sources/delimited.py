"""Delimited text: the sign between its cells, and its rows by the names of its header.

Quotes are those of RFC 4180, strictly. A quote that is not closed would make one cell of all the lines up to the next
one, and their rows would be missing without a word. Nor is a line of a broken cell taken for a row of its own.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from schemas.events import EVENT_BYTES_MAX
from workers.sources.row import Row
from workers.sources.unpacking import as_text

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator

DELIMITERS = {
    "\t": "tab-separated text",
    ",": "comma-separated text",
    ";": "text separated by semicolons",
    "|": "text separated by bars",
}
SEPARATOR = "sep="
"""The beginning of a first line in which a spreadsheet says what separates the cells."""
_NAME = re.compile(r'\s*"?[\w][\w .:()\[\]/?#%&+*-]{0,60}"?\s*')
_WELL_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_LINE_END = re.compile(r"\r\n?|\n")
_TOO_LONG = "field larger than field limit"
"""The beginning of the error for a cell that is too long. The reader then goes on in the middle of the cell."""


def known_delimiter(text: str) -> str | None:
    """Return the sign between the cells of a text that begins like a table; None for one that begins otherwise."""
    first = _first_line(text)
    if first[:-1] == SEPARATOR and first[-1] in DELIMITERS:
        return first[-1]
    for delimiter in DELIMITERS:
        cells = first.split(delimiter)
        if len(cells) > 1 and len(set(cells)) == len(cells) and all(map(_NAME.fullmatch, cells)):
            return delimiter
    return None


def likely_delimiter(text: str) -> str:
    """Return the sign between the cells of a text that is known to be a table: the most frequent sign of its header."""
    first = _first_line(text)
    return max(DELIMITERS, key=lambda delimiter: (first.count(delimiter), delimiter == ","))


def _first_line(text: str) -> str:
    return _LINE_END.split(text, 1)[0]


def delimited_rows(file: io.BufferedReader, delimiter: str) -> Iterator[Row]:
    """Yield the rows that are not blank. Of a column that the header names twice the first cell counts."""
    with as_text(file) as lines:
        yield from _rows(lines, delimiter)


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(EVENT_BYTES_MAX)  # Python's is 128 KB, less than a description with a picture in it.
    reader = csv.reader(_literal(lines) if delimiter == "\t" else lines, delimiter=delimiter, strict=True)
    names: list[str] | None = None
    is_behind_broken = False
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(reader.line_num, InvalidEvent(_unreadable(begins, reader.line_num, error)))
            if str(error).startswith(_TOO_LONG):
                return
            is_behind_broken = True
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if names is None:
            names = [name.strip() for name in cells] if cells[:1] != [SEPARATOR] else None
        elif is_behind_broken and len(cells) != len(names):
            yield Row(reader.line_num, InvalidEvent(_remainder(names, cells)))
        else:
            is_behind_broken = False
            yield Row(reader.line_num, _by_name(names, cells))


def _literal(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines between tabs, where programs that know no quotes write a cell as `"Best" mug`, quoted by the rules.

    It is one row, as it has as many tabs as the header, and all its quotes are closed.
    """
    tabs = None
    for line in lines:
        if tabs is None and line.strip() and not line.startswith(SEPARATOR):
            tabs = line.count("\t")
        yield "\t".join(map(_quoted, line.split("\t"))) if '"' in line and line.count("\t") == tabs else line


def _quoted(cell: str) -> str:
    text = cell.rstrip("\r\n")
    if not text.startswith('"') or _WELL_QUOTED.fullmatch(text) or text.count('"') % 2:
        return cell
    doubled = text.replace('"', '""')
    return f'"{doubled}"{cell[len(text) :]}'


def _remainder(names: list[str], cells: list[str]) -> str:
    """Return why a line behind a row that could not be read is no row: the lines of a broken cell seldom have as many
    delimiters as the header."""
    return (
        f"the line has {len(cells)} cells and the header {len(names)}, behind a row that cannot be read: it may be a "
        "part of that row; mend its quotes"
    )


def _unreadable(begins: int, ends: int, error: csv.Error) -> str:
    where = "the row" if begins == ends else f"lines {begins} to {ends} are one row, which"
    if str(error).startswith(_TOO_LONG):
        return (
            f"{where} has a cell of more than {EVENT_BYTES_MAX:,} characters, and nothing behind it is read: "
            "shorten it, or close its quote"
        )
    return f"{where} cannot be read ({error}): quote a cell whole, and write a quote within it twice"


def _by_name(names: list[str], cells: list[str]) -> dict[str, str] | InvalidEvent:
    if len(cells) > len(names):
        return InvalidEvent(
            f"the row has {len(cells)} cells and the header {len(names)}: quote cells that have a delimiter"
        )
    found: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=False):
        if name and cell.strip():
            found.setdefault(name, cell)
    return found
