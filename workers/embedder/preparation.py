"""Sees to it that a model has its prepared form, which is made once on each machine."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import structlog
import torch

from workers.embedder.model_files import revision
from workers.embedder.prepared import REFUSED, DamagedFile, prepared_file, read_prepared

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder.torch_model import TorchModel

_log = structlog.get_logger()


def prepared_model(name: str, folder: Path) -> TorchModel | None:
    """Return the prepared form of the model in `folder`, which is made now if there is none: that takes some seconds.

    Return None where sentence-transformers has to run the model: on a GPU, for a model without such a form, and where
    no file can be kept. A damaged file is made again.
    """
    if torch.accelerator.is_available():
        return None
    file = prepared_file(name, revision(folder))
    for _ in range(2):
        if not file.exists() and not _prepare(name, folder, file):
            return None
        try:
            return read_prepared(file)
        except DamagedFile as error:
            _log.warning("a prepared model is made again", reason=str(error))
            file.unlink(missing_ok=True)
    return None


def _prepare(name: str, folder: Path, file: Path) -> bool:
    """Prepare the model in a process of its own, and return whether there is a file now."""
    if file.with_suffix(REFUSED).exists():
        return False
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("no prepared model can be kept, so that each start takes longer", reason=str(error))
        return False
    command = [sys.executable, "-P", "-m", "workers.embedder.prepare", name, str(folder), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        process.wait()  # Its standard input stays open until then, and ends with this process.
    return file.exists()
