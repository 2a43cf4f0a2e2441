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
"""Less than the index needs to go on."""


def mounted(directory: Path) -> bool:
    """Whether a small disk could be mounted there: not without root, nor in some containers."""
    directory.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(directory)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0


def unmount(directory: Path) -> None:
    """Once nothing runs on it."""
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextlib.contextmanager
def leaving(directory: Path, free_bytes: int) -> Iterator[None]:
    """A file that leaves so much, until the end of the block."""
    ballast = directory / "ballast"
    size = 0

    def taken() -> bool:
        """A worker may write meanwhile: what it took is not there to be taken."""
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
    """First nearly, then to the last byte, then free."""
    with leaving(run.stack.data_dir, LITTLE_BYTES):
        run.pause(4, 6)
    run.pause(2, 4)
    with leaving(run.stack.data_dir, 0):
        run.pause(6, 9)
