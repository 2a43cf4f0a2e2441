"""The command `freshline`: a module a command. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
from typing import NoReturn

OUTPUT_FAILS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

CHATTY = ("aiokafka", "kafka")
"""Libraries that tell on stderr what is an error of ours as well."""


def main() -> None:
    """Runs the command line; an error is one line on stderr, never a traceback."""
    from schemas.errors import FreshlineError
    from stream.commands.exits import FAILED, exit_code

    try:
        _run()
    except FreshlineError as error:
        _end(str(error), exit_code(error))
    except BrokenPipeError:  # Of a reader that has read enough, like `head`.
        _end(None, FAILED)
    except OSError as error:
        if error.errno not in OUTPUT_FAILS:
            raise
        where = error.filename or "the output"
        _end(f"{where} cannot be written ({error.strerror}): free some space, or write elsewhere", FAILED)


def _run() -> None:
    from stream.commands.app import app
    from stream.commands.exits import INTERRUPTED

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # It ends a command as Ctrl-C does, and tells as much.
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print("freshline: interrupted", file=sys.stderr)
        raise
    finally:
        sys.stdout.flush()  # Here, where it can still be said that it failed.


def _end(message: str | None, code: int) -> NoReturn:
    """Python's own last flush of what could not be written goes nowhere."""
    if message is not None:
        print(f"freshline: {message}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    raise SystemExit(code)
