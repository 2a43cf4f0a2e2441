"""The files that commands read and write. A written file is complete, or as it was before."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from schemas.errors import Unavailable, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    WriteBytes = Callable[[bytes], None]


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """Open a file to read; "-" is stdin. Raises WrongUsage if it cannot be opened."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        lines = Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise WrongUsage(f"cannot open {file}: {error.strerror}") from None
    with lines:
        yield lines


@contextmanager
def readable_twice(lines: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield the lines themselves, or for a pipe a copy on disk. Raises Unavailable if the disk has no room for it."""
    if lines.seekable():
        yield lines
        return
    with tempfile.TemporaryFile() as copy:
        try:
            shutil.copyfileobj(lines, copy)
            copy.seek(0)
        except OSError as error:
            raise Unavailable(
                f"no room for temporary files ({error.strerror}): free some, or set TMPDIR to another disk"
            ) from error
        yield copy


@contextmanager
def written(file: str) -> Iterator[WriteBytes]:
    """Yield a function that writes into the file; "-" is stdout.

    The file that was there is replaced at the end of the block, and only if the block did not fail; a block that fails
    leaves nothing behind. Raises Unavailable if the file cannot be written.
    """
    if file == "-":
        with _stdout() as write:
            yield write
        return
    path = Path(file)
    with _write_errors(file):
        path = path.resolve()  # The file behind a link is replaced, not the link.
        device = path.exists() and not path.is_file()
    with _into(path, file) if device else _beside(path, file) as write:
        yield write


@contextmanager
def _stdout() -> Iterator[WriteBytes]:
    out = sys.stdout.buffer
    try:
        yield _writer(out, "stdout")
        with _write_errors("stdout"):
            out.flush()
    except Unavailable:
        # At its end Python writes the rest of the buffer, which would fail once more.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextmanager
def _into(path: Path, file: str) -> Iterator[WriteBytes]:
    """Write to a device or a pipe itself: it holds no content to save, and no other file can take its name."""
    with _write_errors(file):
        out = path.open("wb", buffering=0)
    with out:
        yield _writer(out, file)


@contextmanager
def _beside(path: Path, file: str) -> Iterator[WriteBytes]:
    """Write a second file, and let it take the place of the first in one step."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with _write_errors(file):
            out = new.open("wb")
        try:
            if path.exists():
                with _write_errors(file):
                    shutil.copymode(path, new)
            yield _writer(out, file)
            with _write_errors(file):
                out.flush()
                os.fsync(out.fileno())
        finally:
            with suppress(OSError):  # If the rest cannot be written, that was raised above, or the block has failed.
                out.close()
        with _write_errors(file):
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _writer(out: IO[bytes], file: str) -> WriteBytes:
    def write(data: bytes) -> None:
        with _write_errors(file):
            rest = memoryview(data)
            while rest:  # Without a buffer, a write may accept less than it was given.
                rest = rest[out.write(rest) :]

    return write


@contextmanager
def _write_errors(file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"cannot write {file}: {error.strerror or error}") from error
