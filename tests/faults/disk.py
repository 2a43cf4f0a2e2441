"""A data directory on a small disk of its own, to be filled and emptied."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.faults.api import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.scenario import Run
    from tests.faults.stack import Stack

DISK_BYTES = 700 << 20
LITTLE_BYTES = 120 << 20
"""The free space that is less than the index needs to go on."""


def mounted(directory: Path) -> bool:
    """Mount a small disk, and return whether that was possible: it takes root, and fails in some containers."""
    directory.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(directory)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0


def unmount(directory: Path) -> None:
    """Unmount the disk once no process uses it."""
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextlib.contextmanager
def leaving(directory: Path, free_bytes: int) -> Iterator[None]:
    """Fill the disk with a file that leaves this much, until the end of the block."""
    ballast = directory / "ballast"
    size = 0

    def taken() -> bool:
        """Take the space that is free now, and return whether so little is left. A worker may write meanwhile."""
        nonlocal size
        if (more := shutil.disk_usage(directory).free - free_bytes) > 0:
            with contextlib.suppress(OSError), ballast.open("ab") as file:
                os.posix_fallocate(file.fileno(), size, more)
                size += more
        return shutil.disk_usage(directory).free <= free_bytes

    try:
        ballast.touch()
        wait_for(taken, f"no more than {free_bytes} bytes are free")
        yield
    finally:
        ballast.unlink()


def disk_full(run: Run[Stack]) -> None:
    """Fill the disk nearly, then to the last byte, then free it."""
    with leaving(run.stack.data_dir, LITTLE_BYTES):
        run.pause(4, 6)
    run.pause(2, 4)
    with leaving(run.stack.data_dir, 0):
        run.pause(6, 9)
