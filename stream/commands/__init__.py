"""The command `freshline`: a module a command. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import logging
import sys

CHATTY = ("aiokafka", "kafka")
"""Libraries that tell on stderr what is an error of ours as well."""


def main() -> None:
    """Runs the command line; an error is one line on stderr, never a traceback."""
    from schemas.errors import FreshlineError
    from stream.commands.app import app
    from stream.commands.exits import exit_code

    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        app()
    except FreshlineError as error:
        print(f"freshline: {error}", file=sys.stderr)
        raise SystemExit(exit_code(error)) from None
