"""The exit codes, which are the same for every command. Those of errors are in `schemas.errors`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = FreshlineError.exit_code
NOT_FRESH = 10
"""The command did what was asked, and its answer is that something is not fresh or not healthy."""


@contextmanager
def interruptible(so_far: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C within the block into an error that says how far the command has come. Raises Interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted: {so_far()}") from None
