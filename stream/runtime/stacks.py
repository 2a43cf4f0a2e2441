"""The stacks of this machine: without an address a command finds the stack of its directory, or else the only stack
that runs.

Each `up` notes its addresses in its data directory, and the data directory in a list on this machine. A command of one
project must never write into the stack of another.
"""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.errors import Misconfigured, Unavailable
from stream.runtime.atomic_files import write_json

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCK_FILE = "lock"
"""The file in a data directory that an `up` locks as long as it runs."""
STACK_FILE = "stack.json"
STACKS_NAMED_MAX = 5


class Stack(NamedTuple):
    """The addresses of a stack, and its data directory."""

    kafka: str
    """The bootstrap servers, "host:port"."""
    api: str
    """The URL, "http://host:port"."""
    data_dir: Path

    @property
    def runs(self) -> bool:
        """True if an `up` has its data directory locked."""
        try:
            with (self.data_dir / LOCK_FILE).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @property
    def in_words(self) -> str:
        """The stack as a person knows it."""
        return f"{self.api} with {self.kafka} (of {self.data_dir})"


def find_stack(data_dir: Path, start: Path) -> Stack | None:
    """Return the stack whose data directory is the nearest from `start` upwards, else the only one that runs.

    If none runs, return the one that was started last, as it may be starting again; None if there was none. Raises
    Misconfigured if several run.
    """
    for folder in (start, *start.parents):
        if (stack := _read(folder / data_dir / STACK_FILE)) is not None:
            return stack
    known = _known_stacks()
    running = [stack for stack in known if stack.runs]
    if len(running) > 1:
        named = ", ".join(stack.in_words for stack in running[:STACKS_NAMED_MAX])
        raise Misconfigured(
            f"{len(running)} stacks run on this machine: {named}: run the command in the directory of one, or name its "
            "addresses with --kafka or FRESHLINE_KAFKA, and --api or FRESHLINE_API"
        )
    return next(iter(running or known[-1:]), None)


def record_stack(stack: Stack) -> list[str]:
    """Make the commands on this machine find this stack from now on.

    Return a sentence for each file that cannot be written, such as in a home that is read-only: the stack serves all
    the same.
    """
    fields = {"kafka": stack.kafka, "api": stack.api, "data_dir": str(stack.data_dir)}
    listed = _list_dir() / f"{sha256(os.fsencode(stack.data_dir)).hexdigest()[:16]}.json"
    failed = list[str]()
    for file in (stack.data_dir / STACK_FILE, listed):
        try:
            write_json(file, fields)
        except Unavailable as error:
            failed.append(f"{error}, or name this stack to commands with --kafka and --api")
    return failed


def state_dir() -> Path:
    """Return the directory of the files that the commands keep on this machine."""
    states = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(states) / "freshline"


def _known_stacks() -> list[Stack]:
    """Return the stacks whose data directories are still there, the one that was started last at the end."""
    found = map(_read, _by_age(_list_dir().glob("*.json")))
    return [stack for stack in found if stack is not None and stack.data_dir.exists()]


def _by_age(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda file: file.stat().st_mtime_ns)


def _read(file: Path) -> Stack | None:
    try:
        recorded = orjson.loads(file.read_bytes())
        return Stack(str(recorded["kafka"]), str(recorded["api"]), Path(recorded["data_dir"]))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _list_dir() -> Path:
    return state_dir() / "stacks"
