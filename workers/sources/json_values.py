"""The values in a text of JSON that is laid out otherwise than a value a line: arrays, lists that an API answered, and
values over several lines.

Whatever follows is read or refused. A feed that ends within its array, as after a broken download, would otherwise be a
shorter feed, and what it lacks would be deleted.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from schemas.events import EVENT_BYTES_MAX
from workers.sources.row import Row
from workers.sources.unpacking import as_text

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

CHUNK_CHARACTERS = 64 * 1024
NEAR_CHARACTERS = 40
BLANKS = " \t\r\n"
_ANSWER = re.compile(
    r'\s*\{\s*"(?:products|items)"\s*:\s*(?=\[\s*\{\s*'
    r'(?:"id"\s*:\s*[0-9]+\s*,\s*"(?:title|sku)"|"admin_graphql_api_id"|"sku")\s*:)'
)
"""The beginning of a list of products as the APIs of Shopify and Magento answer, before the list itself.

Magento leaves the id out where it is asked for some `fields`. An event of ours may begin so as well, with a list among
its attributes. It has a product_id beside the list, and is not longer than events may be.
"""
_EMPTY_ANSWER = re.compile(r'\s*\{\s*"(?:products|items)"\s*:\s*(?=\[\s*\])')
"""The beginning of a last answer: a program that asks for page after page ends with one whose list is empty."""
_DECODER = json.JSONDecoder()


def is_answer(text: str) -> bool:
    """Return whether a text begins like a list of products that an API answered, as far as it was read."""
    return _ANSWER.match(text) is not None and not _is_event(text, 0)


def _is_event(text: str, at: int) -> bool | None:
    """Return whether the object that stands there is an event of ours; None if it has no end, or is broken."""
    try:
        return "product_id" in _DECODER.raw_decode(text, at)[0]
    except (ValueError, RecursionError):
        return None


def json_rows(file: io.BufferedReader, chunk_characters: int = CHUNK_CHARACTERS) -> Iterator[Row]:
    """Yield the values of a text, those in its arrays one by one. The last row says why it cannot be read further."""
    with as_text(file) as lines:
        text, number = _Text(lines, chunk_characters), 0
        try:
            for number, value in enumerate(_values(text), 1):
                yield Row(number, value.encode())
        except _Broken as error:
            near = f", near {text.near!r}" if text.near else ""
            yield Row(number + 1, InvalidEvent(f"the JSON ends here{near}: {error}"))


class _Broken(Exception):
    """The text that comes next is no JSON, or not all of it."""


def _values(text: _Text) -> Iterator[str]:
    """Yield the values. Files that were put together have several arrays, or several answers."""
    are_answers = text.skips_to_answer(_ANSWER)
    if are_answers:
        yield from _of_answer(text)
    while sign := text.sign:
        if sign == "[":
            yield from _elements(text)
        elif are_answers and (text.skips_to_answer(_ANSWER) or text.skips_to_answer(_EMPTY_ANSWER)):
            yield from _of_answer(text)
        elif sign == ",":
            text.pass_sign(",")
        else:
            yield text.value()


def _elements(text: _Text) -> Iterator[str]:
    text.pass_sign("[")
    while (sign := text.sign) != "]":
        if sign == ",":
            text.pass_sign(",")
        elif sign:
            yield text.value()
        else:
            raise _Broken("its array is not closed, so the file was cut off: fetch it again")
    text.pass_sign("]")


def _of_answer(text: _Text) -> Iterator[str]:
    """Yield the products of an answer, and pass over its other members."""
    yield from _elements(text)
    while text.sign == ",":
        text.pass_sign(",")
        text.value()
        text.pass_sign(":")
        text.value()
    text.pass_sign("}")


class _Text:
    """A text that is read as far as its values are asked for."""

    def __init__(self, text: io.TextIOWrapper, chunk_characters: int) -> None:
        self._chunk_characters = chunk_characters
        self._text = text
        self._read, self._at = "", 0

    @property
    def sign(self) -> str:
        """The next character that is no blank; an empty text at the end."""
        while True:
            while self._at < len(self._read) and self._read[self._at] in BLANKS:
                self._at += 1
            if self._at < len(self._read) or not self._reads_more():
                return self._read[self._at : self._at + 1]

    @property
    def near(self) -> str:
        """The beginning of the text that comes next."""
        return self._read[self._at : self._at + NEAR_CHARACTERS]

    def pass_sign(self, sign: str) -> None:
        """Pass over a sign. Raises _Broken if another one comes."""
        if self.sign != sign:
            raise _Broken(f"{sign} is missing")
        self._at += 1

    def skips_to_answer(self, beginning: re.Pattern[str]) -> bool:
        """Pass over what an answer has before its list, and return whether it was there."""
        if self.sign != "{":
            return False
        while len(self._read) - self._at < self._chunk_characters and self._reads_more():
            pass
        found = beginning.match(self._read, self._at)
        if found is None or self._is_event():
            return False
        self._at += len(found[0])
        return True

    def _is_event(self) -> bool:
        """Return whether the next object is an event of ours. One that goes on for longer than those may be is none."""
        while (is_event := _is_event(self._read, self._at)) is None:
            if len(self._read) - self._at > EVENT_BYTES_MAX or not self._reads_more():
                return False
        return is_event

    def value(self) -> str:
        """Return the next value as it is written, and pass over it. Raises _Broken."""
        while True:
            _ = self.sign
            try:
                _, end = _DECODER.raw_decode(self._read, self._at)
            except (ValueError, RecursionError) as error:
                broken = _Broken(str(error))
            else:
                # A number that ends where the text was cut may go on.
                if end < len(self._read) or not self._read[end - 1].isdigit() or not self._reads_more():
                    found, self._at = self._read[self._at : end], end
                    return found
                continue
            if len(self._read) - self._at > EVENT_BYTES_MAX:
                raise _Broken(f"{broken}, or it is longer than the {EVENT_BYTES_MAX:,} bytes that a value may have")
            if not self._reads_more():
                raise broken

    def _reads_more(self) -> bool:
        """Read on, and return whether there was more. Raises what reading the file does."""
        more = self._text.read(self._chunk_characters)
        self._read, self._at = self._read[self._at :] + more, 0
        return bool(more)
