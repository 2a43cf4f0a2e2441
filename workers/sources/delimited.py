"""Delimited text: the sign between its cells, and its rows by the names of its header.

Quotes are those of RFC 4180, strictly. A quote that is not closed would make one cell of all the lines up to the next
one, and their rows would be missing without a word. Nor is a line of a broken cell taken for a row of its own, as far
as its quotes and its delimiters tell.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from itertools import islice
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
BOM = "\ufeff"
"""The mark at the beginning of a file, also in the middle of those that were put together."""
WITHOUT_NAME = ("", '""')
"""The first names of a header whose rows have a number before them: pandas and R write one by default."""
NULLS = ("NULL", "\\N")
"""The words of databases for no value: of MySQL's client, and of ClickHouse, or PostgreSQL between tabs."""
_NAME = re.compile(r'\s*"?[\w][\w .:()\[\]/?#%&+*-]{0,60}"?\s*')
_WELL_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_LINE_END = re.compile(r"\r\n?|\n")
_TOO_LONG = "field larger than field limit"
"""The beginning of the error for a cell that is too long. The reader then goes on in the middle of the cell."""
BROKEN_LINES_MAX = 100
"""The lines behind a row that cannot be read in which its cell may end. A quote further on is that of another one."""
NAME_CHARACTERS = 60
"""The most characters of a header that a refusal quotes."""
_ALONE = "the file is the line {!r} alone, which is no header of a table: check where it is from"
_PART = (
    "the line is behind a row that cannot be read, and a quote in it or further on ends a cell: it may be a part of "
    "that row; mend its quotes"
)


def known_delimiter(text: str) -> str | None:
    """Return the sign between the cells of a text that begins like a table; None for one that begins otherwise."""
    first = _first_line(text)
    if first[:-1] == SEPARATOR and first[-1] in DELIMITERS:
        return first[-1]
    for delimiter in DELIMITERS:
        cells = first.split(delimiter)
        named = cells[cells[0] in WITHOUT_NAME :]
        if len(cells) > 1 and len(set(cells)) == len(cells) and all(map(_NAME.fullmatch, named)):
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
    table = _Lines(_literal(lines) if delimiter == "\t" else lines, delimiter)
    reader = csv.reader(table, delimiter=delimiter, strict=True)
    names: list[str] | None = None
    is_behind_broken = False
    while True:
        begins = table.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(table.number, InvalidEvent(_unreadable(begins, table.number, error)))
            if str(error).startswith(_TOO_LONG):
                return
            is_behind_broken = True
            for line in table.rest_of_cell():
                if line.strip():
                    yield Row(table.number, InvalidEvent(_PART))
            continue
        if not any(cell.strip() for cell in cells) or cells[0] == SEPARATOR:
            continue
        if names is None:
            names = [name.strip() for name in cells]
            if len(cells) == 1 and table.is_over():  # As where a shop answers a sentence instead of its feed.
                yield Row(table.number, InvalidEvent(_ALONE.format(names[0][:NAME_CHARACTERS])))
        elif _is_header(names, cells):  # Of the next one of several tables that were put together.
            names = [name.strip() for name in cells]
            is_behind_broken = False
        elif is_behind_broken and len(cells) != len(names):
            yield Row(table.number, InvalidEvent(_remainder(names, cells)))
        else:
            is_behind_broken = False
            yield Row(table.number, _by_name(names, cells))


class _Lines:
    """The lines of a table, which may be looked at before they are read."""

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        self.number = 0
        """The number of the line that was read last, from 1."""
        self._lines = iter(lines)
        self._ahead: deque[str] = deque()
        sign = re.escape(delimiter)
        self._quote = re.compile(
            rf'(?P<ends>(?<![{sign}"])"(?:"")*(?=[{sign}\r\n]|$))'
            rf'|(?<![^{sign}])(?:(?P<empty>""(?=[{sign}\r\n]|$))|(?P<begins>"))'
        )

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else next(self._lines)
        self.number += 1
        return line.removeprefix(BOM)

    def is_over(self) -> bool:
        """Return whether none but blank lines are left."""
        for line in self._lines:
            self._ahead.append(line)
            if line.strip():
                return False
        return True

    def rest_of_cell(self) -> Iterator[str]:
        """Read the lines up to that in which a cell ends before one begins: none, if none of the next ones is such."""
        rest = 0
        for count in range(1, BROKEN_LINES_MAX + 1):
            if len(self._ahead) < count:
                self._ahead.extend(islice(self._lines, 1))
            if len(self._ahead) < count:
                break
            quotes = [quote.lastgroup for quote in self._quote.finditer(self._ahead[count - 1])]
            if quotes[:1] == ["ends"]:
                rest = count
            if quotes and (quotes[0] != "ends" or quotes[-1] != "begins"):
                break
        yield from islice(self, rest)


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


def _is_header(names: list[str], cells: list[str]) -> bool:
    """Return whether a row is the header of another table: at least two and half of its cells are names of this one."""
    known = sum(cell.strip() in names for cell in cells if cell.strip())
    return known >= len(cells) / 2 and known >= min(2, len(names))


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
        if name and (text := cell.strip()) and text not in NULLS:
            found.setdefault(name, cell)
    return found
