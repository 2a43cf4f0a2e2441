"""Where a command writes much data to: a file is there as a whole, or as it was."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from schemas.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Write = Callable[[bytes], None]


@contextmanager
def written(file: str) -> Iterator[Write]:
    """What writes into the file, "-" for stdout; it takes the place of what was there at the end of the block alone.

    A block that fails leaves nothing behind. Raises Unavailable if the file cannot be written.
    """
    if file == "-":
        with _stdout() as write:
            yield write
        return
    path = Path(file)
    with _refusals(file):
        path = path.resolve()  # A link stays one.
        device = path.exists() and not path.is_file()
    with _into(path, file) if device else _beside(path, file) as write:
        yield write


@contextmanager
def _stdout() -> Iterator[Write]:
    out = sys.stdout.buffer
    try:
        yield _writing(out, "stdout")
        with _refusals("stdout"):
            out.flush()
    except Unavailable:
        # What it still holds would be written, and fail, once more at the end of the process.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextmanager
def _into(path: Path, file: str) -> Iterator[Write]:
    """A device or a pipe: there is nothing to keep of it, and no name to put another file to."""
    with _refusals(file):
        out = path.open("wb", buffering=0)
    with out:
        yield _writing(out, file)


@contextmanager
def _beside(path: Path, file: str) -> Iterator[Write]:
    """A second file that takes the place of the first in one step."""
    anew = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with _refusals(file):
            out = anew.open("wb")
        try:
            if path.exists():
                with _refusals(file):
                    shutil.copymode(path, anew)
            yield _writing(out, file)
            with _refusals(file):
                out.flush()
                os.fsync(out.fileno())
        finally:
            with suppress(OSError):  # What is not written yet cannot be: it has been said, or nobody wants it.
                out.close()
        with _refusals(file):
            anew.replace(path)
    finally:
        anew.unlink(missing_ok=True)


def _writing(out: IO[bytes], file: str) -> Write:
    def write(data: bytes) -> None:
        with _refusals(file):
            rest = memoryview(data)
            while rest:  # Without a buffer less may be taken than was given.
                rest = rest[out.write(rest) :]

    return write


@contextmanager
def _refusals(file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"cannot write {file}: {error.strerror or error}") from error
