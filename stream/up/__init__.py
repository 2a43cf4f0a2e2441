"""`freshline up`: runs the whole stack of one machine, and keeps it running.

The workers are in `stream.items` and `stream.index`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


def run_up(settings: Settings, as_json: bool) -> int:
    """Run the stack until SIGINT, SIGTERM or SIGHUP, and return the exit code.

    With `as_json`, print one line {"ready": true, "kafka": "host:port", "api": "http://host:port"} on stdout once the
    stack can serve. Raises Misconfigured or Unavailable when it cannot start.
    """
    from stream.up.supervisor import run
    from workers import memory

    memory.trim_regularly()
    return run(settings, as_json)
