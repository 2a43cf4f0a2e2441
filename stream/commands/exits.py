"""Exit codes, the same for every command."""

from __future__ import annotations

from schemas.errors import FreshlineError

FAILED = 1
USAGE = 2
NOT_FRESH = 10
"""Not fresh or not healthy: what was asked was done, and this is the answer."""


class WrongUsage(FreshlineError):
    """The command line asks for something that cannot be: the person changes it."""


def exit_code(error: FreshlineError) -> int:
    """Of a command that ends with this error."""
    return USAGE if isinstance(error, WrongUsage) else FAILED
