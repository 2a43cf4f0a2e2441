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
    b"\xd0\xcf\x11\xe0": "a spreadsheet of old: save the sheet as CSV",
    b"%PDF": "a PDF: export its table as CSV",
    b"<!doctype html": "a page of HTML, such as a login, and no feed: check its address",
    b"<html": "a page of HTML, such as a login, and no feed: check its address",
}
"""The kinds of unreadable files by their first bytes, letters in lower case, and what to do about each."""
START_BYTES = 16


def unpacked(file: IO[bytes]) -> io.BufferedReader:
    """Return the file as UTF-8 without a byte order mark. Raises WrongUsage for what cannot be read as text."""
    buffered = _buffered(file)
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        buffered = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=buffered)), PEEK_BYTES)
    start = buffered.peek(START_BYTES)[:START_BYTES]
    for beginning, what in UNREADABLE.items():
        if start.startswith(beginning) or start.lower().startswith(beginning):
            raise WrongUsage(f"the file is {what}")
    while buffered.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        buffered.read(len(codecs.BOM_UTF8))  # Two programs may have written one each.
    if (encoding := _utf_16(start[:4])) is not None:
        return io.BufferedReader(Recoded(buffered, encoding), PEEK_BYTES)
    return buffered


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
