"""Exit codes, the same for every command."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError, Interrupted, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = 1
USAGE = 2
NOT_FRESH = 10
"""Not fresh or not healthy: what was asked was done, and this is the answer."""
INTERRUPTED = 130
"""By Ctrl-C, as shells count it."""


def exit_code(error: FreshlineError) -> int:
    """Of a command that ends with this error."""
    return {WrongUsage: USAGE, Interrupted: INTERRUPTED}.get(type(error), FAILED)


@contextmanager
def interruptible(what: Callable[[], str]) -> Iterator[None]:
    """Ctrl-C within it ends the command with this sentence, told at that time. Raises Interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted: {what()}") from None
