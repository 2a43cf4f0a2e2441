"""`freshline up`: one machine's whole stack, kept running."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


def run_up(settings: Settings, as_json: bool) -> int:
    """Runs the stack until SIGINT, SIGTERM or SIGHUP; returns the exit code.

    `as_json`: one line {"ready": true, "kafka": "host:port", "api": "http://host:port"} on stdout once it can serve.
    Raises Misconfigured or Unavailable when it cannot start.
    """
    from stream.up.supervisor import run

    return run(settings, as_json)
