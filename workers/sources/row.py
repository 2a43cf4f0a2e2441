"""One row of a file, whatever its format is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from schemas.errors import InvalidEvent


class Row(NamedTuple):
    """One row of a file."""

    number: int
    """The number of its line, from 1; of the element, in a JSON array or in XML."""
    value: bytes | dict[str, Any] | InvalidEvent
    """JSON that is not parsed yet, the texts by the names of a header, or why the row cannot be read."""
