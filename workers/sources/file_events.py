"""The rows of a file in one format as events in our own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from workers.sources.messages import Message
from workers.sources.sources import Value, by_its_name, json_of, values

if TYPE_CHECKING:
    from workers.sources.formats import Source

TEXT_FORMATS = ("csv", "google-merchant")
"""Formats whose files may be delimited text or XML."""


class FileFormat:
    """The kind of rows that a file has: the format, and the topic of their events."""

    def __init__(self, source: Source, shop_currency: str | None = None) -> None:
        """Raises Misconfigured if the source lacks something."""
        self._source = source
        self._adapt = source.adapter(shop_currency)
        self._is_ours = source.format == "freshline" and source.envelope is None
        self.takes_text = source.format in TEXT_FORMATS

    def values(self, row: bytes | dict[str, Any]) -> list[Value]:
        """Return the events of a row. A row in our own form is left as it is. Raises InvalidEvent."""
        if self._is_ours and isinstance(row, bytes):
            return [Value(self._source.topic, row, False)]
        body = json_of(row) if isinstance(row, bytes) else row
        message = Message(self._source.topic, None, body, {})
        try:
            return values(message, self._source, self._adapt)
        except InvalidEvent as error:
            raise by_its_name(error, message, self._source) from None
