"""`python -m stream.up.die_with_parent PARENT COMMAND...` becomes the command, and ends when its parent ends.

A broker does not ask the system to be killed when its parent dies, so this module asks before it becomes the broker.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process by the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # The parent died before the line above.
        raise SystemExit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
