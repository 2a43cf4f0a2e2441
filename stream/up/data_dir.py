"""The data directory: it is locked, so that only one `up` uses it at a time, and it has a version that is checked."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

import orjson

from schemas.errors import Misconfigured
from schemas.texts import is_text
from stream.runtime.atomic_files import write_json
from stream.runtime.stacks import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 1
"""The version of everything in a data directory. It rises when an older Freshline could not read the directory."""


class DataDir:
    """The files that one `up` keeps.

    meta.json has the version and the highest epoch of any log so far, and logs/ has the output of the processes. The
    directory also has the journal and the file of handed-over events.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._meta = self.path / "meta.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the directory, and make it if it does not exist.

        Raises Misconfigured if another `up` uses the directory, if another version of Freshline wrote it, or if its
        name is not UTF-8, which the embedded index cannot open.
        """
        if not is_text(str(self.path)):
            raise Misconfigured(f"{str(self.path)!r} is not UTF-8 text: choose another --data-dir")
        try:
            self.output_dir.mkdir(parents=True, exist_ok=True)
            lock = (self.path / LOCK_FILE).open("wb")
        except OSError as error:
            raise Misconfigured(f"cannot write to {self.path} ({error.strerror}): choose another --data-dir") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Misconfigured(
                    f"another `freshline up` runs on {self.path}: stop it, or choose another --data-dir"
                ) from error
            self._check_version()
            yield

    def _check_version(self) -> None:
        if not self._meta.exists():
            self._write_meta(0)
            return
        try:
            version = orjson.loads(self._meta.read_bytes())["version"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Misconfigured(
                f"{self._meta} is damaged: delete that file, and `up` writes another; the item state and the index "
                "beside it have their own versions"
            ) from error
        if version != VERSION:
            raise Misconfigured(
                f"{self.path} is of version {version} and this Freshline writes version {VERSION}: "
                "choose another --data-dir, and move the state with `freshline export` and `import`"
            )

    @property
    def epoch(self) -> int:
        """The highest epoch of all logs that have used this directory."""
        return int(orjson.loads(self._meta.read_bytes())["epoch"])

    def raise_epoch(self, epoch: int) -> None:
        """Note the epoch of a log that uses this directory, unless a higher one did."""
        self._write_meta(max(epoch, self.epoch))

    def _write_meta(self, epoch: int) -> None:
        write_json(self._meta, {"version": VERSION, "epoch": epoch})

    @property
    def output_dir(self) -> Path:
        """The directory to which the output of the processes is written."""
        return self.path / "logs"

    @property
    def handover(self) -> Path:
        """The file of events that no worker had acked when the embedded broker ended in order."""
        return self.path / "tail.jsonl"

    @property
    def journal(self) -> Path:
        """The file of the embedded broker's item state."""
        return self.path / "state.journal"
