"""The command `freshline`, with a module for each command. Nothing heavy is imported before a command runs.

What `up`, `demo`, `sync` and `replay` do is in `stream.up` and the other folders of those names.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from stream.commands.current_run import CommandBounds

OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""The errors of the system that mean that stdout cannot be written."""

CHATTY = ("aiokafka", "kafka")
"""Libraries that log on stderr what Freshline reports as an error of its own."""


def main(bounds: CommandBounds | None = None) -> None:
    """Run the command line. An error is one line on stderr, never a traceback.

    `bounds` are those of `stream.commands.current_run`, the default ones if None.
    """
    from schemas.errors import FreshlineError
    from stream.commands.current_run import CommandBounds, command_run
    from stream.commands.exits import FAILED

    try:
        with command_run(bounds or CommandBounds()):
            _run()
    except FreshlineError as error:
        _end(str(error), error.exit_code)
    except BrokenPipeError:  # The reader has read enough, like `head`.
        _end(None, FAILED)
    except OSError as error:
        if error.errno not in OUTPUT_ERRORS:
            raise
        where = error.filename or "the output"
        _end(f"{where} cannot be written ({error.strerror}): free some space, or write elsewhere", FAILED)


def _run() -> None:
    from schemas.errors import Interrupted
    from stream.commands.app import app

    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # SIGTERM ends a command as Ctrl-C does, with the same line.
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        app()
    except SystemExit as end:
        if end.code == Interrupted.exit_code:
            print("freshline: interrupted", file=sys.stderr)
        raise
    finally:
        sys.stdout.flush()  # Flushed here, because a failure can still be reported.


def _end(message: str | None, code: int) -> NoReturn:
    """Print the message and exit. What cannot be written goes nowhere, or Python would fail once more at its end."""
    if message is not None:
        print(f"freshline: {message}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    raise SystemExit(code)
