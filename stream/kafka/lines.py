"""Lines of a file that a person or a program wrote."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line without white space around it) of those that are not blank; a BOM is no part of a line."""
    for number, line in enumerate(lines, 1):
        text = (line.removeprefix(BOM_UTF8) if number == 1 else line).strip()
        if text:
            yield number, text
