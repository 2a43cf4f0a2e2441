"""The text of a file that is packed by gzip or in another encoding than UTF-8."""

from __future__ import annotations

import codecs
import gzip
import io
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from typing_extensions import override

from schemas.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Iterator

PEEK_BYTES = 64 * 1024
CHUNK_CHARACTERS = 64 * 1024
UNREADABLE = {
    b"PK\x03\x04": "a zip archive or a spreadsheet: unpack it, or save the sheet as CSV",
    b"Obj\x01": "an Avro container file: write its records as JSON lines",
    b"PAR1": "a Parquet file: write its rows as JSON lines",
    b"\xff\xfe\x00\x00": "UTF-32: encode it as UTF-8",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it",
    b"BZh": "packed by bzip2: unpack it",
    b"\xfd7zXZ": "packed by xz: unpack it",
    b"\x04\x22\x4d\x18": "packed by lz4: unpack it",
    b"\x1f\x8b": "packed by gzip twice: unpack it once",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!\x1a": "a RAR archive: unpack it",
    b"ARROW1": "an Arrow file: write its rows as JSON lines",
    b"SQLite format 3": "a database of SQLite: export its table as CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of old: save the sheet as CSV",
    b"%PDF": "a PDF: export its table as CSV",
}
"""The kinds of unreadable files by their first bytes, and what to do about each."""
PAGES = (b"<!doctype html", b"<html")
"""The beginnings of pages of HTML, in lower case. Blanks may be before them."""
TAR, TAR_AT = b"ustar", 257
"""The mark of a tar archive, and where it stands."""
START_BYTES = 512
NAMED_WITHIN_BYTES = 16
"""A nought this near to the beginning is in no text: there stands the first name of a header."""


def unpacked(file: IO[bytes]) -> io.BufferedReader:
    """Return the file as UTF-8 without a byte order mark. Raises WrongUsage for what cannot be read as text."""
    buffered = _buffered(file)
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        buffered = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=buffered)), PEEK_BYTES)
    start = buffered.peek(START_BYTES)[:START_BYTES]
    encoding = _utf_16(start[:4])
    if (what := _unreadable(start, is_utf_16=encoding is not None)) is not None:
        raise WrongUsage(f"the file is {what}")
    while buffered.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        buffered.read(len(codecs.BOM_UTF8))  # Two programs may have written one each.
    return buffered if encoding is None else io.BufferedReader(Recoded(buffered, encoding), PEEK_BYTES)


def _unreadable(start: bytes, *, is_utf_16: bool) -> str | None:
    """Return the kind of a file that cannot be read as text, and what to do about it; None for one that may be a text.

    A table of one line is a header without rows. So would be most files that are no text, and nothing would be said.
    """
    named = next((what for beginning, what in UNREADABLE.items() if start.startswith(beginning)), None)
    if named is not None:
        return named
    if start.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(PAGES):
        return "a page of HTML, such as a login, and no feed: check its address"
    if start[TAR_AT:].startswith(TAR):
        return "a tar archive: unpack it"
    if b"\0" in start[:NAMED_WITHIN_BYTES] and not is_utf_16:
        return "no text: export it as CSV, XML or JSON lines"
    return None


def _buffered(file: IO[bytes]) -> io.BufferedReader:
    """Return the file with a buffer. One more buffer around that of a pipe would wait until it is full."""
    if isinstance(file, io.BufferedReader):
        return file
    return io.BufferedReader(cast("io.RawIOBase", file), PEEK_BYTES)


def _utf_16(start: bytes) -> str | None:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(start) == 4 and start[1] == start[3] == 0 != start[0]:
        return "utf-16-le"
    return "utf-16-be" if len(start) == 4 and start[0] == start[2] == 0 != start[1] else None


@contextmanager
def as_text(file: io.BufferedReader) -> Iterator[io.TextIOWrapper]:
    """Yield the file as UTF-8 text with the ends of its lines as they are, and leave it open for its owner to close."""
    text = io.TextIOWrapper(file, "utf-8", newline="")
    try:
        yield text
    finally:
        if not file.closed:
            text.detach()  # Else the garbage collector would close the file with its text.


class Recoded(io.RawIOBase):
    """A file in another encoding, read as UTF-8."""

    def __init__(self, file: io.BufferedReader, encoding: str, *, errors: str = "replace") -> None:
        """`errors`: what becomes of bytes that are none of the encoding, as in `bytes.decode`."""
        self._file = file
        self._text = io.TextIOWrapper(file, encoding, errors=errors, newline="")
        self._rest = b""

    @override
    def close(self) -> None:
        """Leave the file itself open for its owner to close."""
        if not (self.closed or self._file.closed):
            self._text.detach()
        super().close()

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._text.read(CHUNK_CHARACTERS).encode()
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
