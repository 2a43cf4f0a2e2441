"""`python -m stream.up.die_with_parent PARENT COMMAND...`: becomes the command, and ends with its parent.

A program that is not ours asks for no signal at its parent's death, so it is asked for before it starts.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replaces this process."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It died before the line above.
        raise SystemExit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
