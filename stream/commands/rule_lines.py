"""Rules as lines of a file."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.rules import Rule


def read_rule_lines(lines: IO[bytes]) -> list[Rule]:
    """Return the rules of all lines. Raises InvalidRule with the number of the first line that is none."""
    from schemas.errors import InvalidRule
    from workers.merchandising.rule_records import read_rule

    found: list[Rule] = []
    for number, written in enumerate(lines, start=1):
        if not (line := written.removeprefix(BOM_UTF8).strip()):
            continue
        try:
            found.append(read_rule(line))
        except InvalidRule as error:
            raise InvalidRule(f"line {number}: {error}") from None
    return found
