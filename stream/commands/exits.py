"""The exit codes, which are the same for every command."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError, Interrupted, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = 1
USAGE = 2
NOT_FRESH = 10
"""The command did what was asked, and its answer is that something is not fresh or not healthy."""
INTERRUPTED = 130
"""Ctrl-C ended the command; shells use the same code."""


def exit_code(error: FreshlineError) -> int:
    """Return the exit code of a command that ends with this error."""
    return {WrongUsage: USAGE, Interrupted: INTERRUPTED}.get(type(error), FAILED)


@contextmanager
def interruptible(so_far: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C within the block into an error that says how far the command has come. Raises Interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted: {so_far()}") from None
